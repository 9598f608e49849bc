//! A report for people.

use std::iter::once;

use console::Term;

use super::{
    name,
    report::Report,
    unit::{percent, scaled},
};
use crate::{
    cli::{style, table},
    plugin::text::one_line,
};

/// The longest label that is shown, in characters.
const LONGEST: usize = 1000;

/// Whose samples without a label are.
const NOBODY: &str = "(gaxx-mon itself)";

/// How wide standard output is, in characters; none where it is no terminal.
pub(super) fn width() -> Option<usize> {
    let term = Term::stdout();
    let size = term.is_term().then(|| term.size_checked()).flatten();
    size.map(|(_, columns)| usize::from(columns))
}

/// The report, in lines of at most this width, where there is one.
pub(super) fn of(report: &Report<'_>, width: Option<usize>) -> String {
    let head = one_line(&head(report), LONGEST);
    if report.top.total == 0 {
        return format!("{head}: no samples; {}\n", report.order.remedy);
    }
    let costs = costs(report);
    let costs = if costs.is_empty() {
        String::new()
    } else {
        format!("\n{costs}")
    };
    format!("{head}\n\n{}{costs}", functions(report, width))
}

/// What it is, for how long, and how much.
fn head(report: &Report<'_>) -> String {
    let (kind, unit) = report.kind;
    let total = scaled(report.top.total, unit);
    let what = &report.order.what;
    if report.seconds <= 0.0 {
        return format!("{what}: {total} ({kind})");
    }
    let seconds = report.seconds;
    let share = if unit == "nanoseconds" {
        let share = report.top.total as f64 / 1e7 / seconds;
        format!(", {share:.1}% of one CPU")
    } else {
        String::new()
    };
    format!("{what}: {total} ({kind}) in {seconds:.2} s{share}")
}

fn functions(report: &Report<'_>, width: Option<usize>) -> String {
    let (total, unit) = (report.top.total, report.kind.1);
    let mut cells = vec![["flat", "flat%", "sum%", "cum", "cum%"].map(str::to_owned)];
    let mut sum: i64 = 0;
    cells.extend(report.top.rows.iter().map(|row| {
        sum = sum.saturating_add(row.flat);
        [
            scaled(row.flat, unit),
            percent(row.flat, total),
            percent(sum, total),
            scaled(row.cum, unit),
            percent(row.cum, total),
        ]
    }));
    let figures = aligned(&cells);
    // All of these are of the same width, and two blanks follow.
    let used = figures.first().map_or(0, String::len) + 2;
    let room = width.map(|width| width.saturating_sub(used));
    let names = report.top.rows.iter().map(|row| name::of(row, room));
    let names = once("function".to_owned()).chain(names);
    let text = joined(&figures, names);
    match report.top.functions - report.top.rows.len() {
        0 => text,
        left_out => format!("{text}{left_out} more functions; --top shows them\n"),
    }
}

/// Which plugin costs what; nothing where no sample says whose it is.
fn costs(report: &Report<'_>) -> String {
    if report.costs.is_empty() {
        return String::new();
    }
    let (total, (kind, unit)) = (report.top.total, report.kind);
    let mut cells = vec![[kind.to_owned(), format!("{kind}%")]];
    let titles = report.order.columns.iter();
    let mut labels = vec![
        titles
            .map(|column| column.title().to_owned())
            .collect::<Vec<_>>(),
    ];
    for cost in &report.costs {
        cells.push([scaled(cost.value, unit), percent(cost.value, total)]);
        labels.push(if cost.cells.iter().all(String::is_empty) {
            vec![NOBODY.to_owned()]
        } else {
            let cells = cost.cells.iter();
            cells.map(|cell| one_line(cell, LONGEST)).collect()
        });
    }
    let labels = table::format(&labels);
    joined(&aligned(&cells), labels.lines().map(str::to_owned))
}

/// Lines of figures and names, the first as a heading.
fn joined(figures: &[String], names: impl Iterator<Item = String>) -> String {
    let mut lines = figures.iter().zip(names);
    let heading = lines.next().map(|(figures, name)| {
        let titles = format!("{figures}  {name}");
        style::heading(&titles, style::colours()) + "\n"
    });
    let lines = lines.map(|(figures, name)| format!("{figures}  {name}\n"));
    heading.into_iter().chain(lines).collect()
}

/// Cells that end below each other.
fn aligned<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.len().max(*width);
        }
    }
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths);
        let cells = cells.map(|(cell, width)| format!("{cell:>width$}"));
        cells.collect::<Vec<_>>().join("  ")
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::cli::client::profile::{
        decode::decode, order::Order, report::Choice, testing::Made, top::By,
    };

    fn shown(made: &Made, order: &Order, most: usize, width: Option<usize>) -> String {
        let profile = decode(&made.finish()).unwrap();
        let choice = Choice {
            most,
            values: None,
            by: By::Flat,
        };
        of(&Report::of(&profile, order, &choice).unwrap(), width)
    }

    fn cpu() -> Made {
        let mut made = Made::new(&[("samples", "count"), ("cpu", "nanoseconds")], "cpu");
        made.raw.duration_nanos = 2_000_000_000;
        made
    }

    #[test]
    fn a_table_by_function_and_one_by_plugin() {
        let mut made = cpu();
        let labels = [("plugin", "weather"), ("component", "sky")];
        made.add(&["app::hot", "main"], &[3, 300_000_000], &labels);
        made.add(&["main"], &[1, 100_000_000], &[]);
        assert_eq!(
            shown(&made, &Order::cpu(2, None, None), 5, None),
            "CPU: 400ms (cpu) in 2.00 s, 20.0% of one CPU\n\n\
             \x20flat  flat%    sum%    cum    cum%  function\n\
             300ms  75.0%   75.0%  300ms   75.0%  app::hot (app::hot.rs:1)\n\
             100ms  25.0%  100.0%  400ms  100.0%  main (main.rs:3)\n\n\
             \x20 cpu   cpu%  plugin             component\n\
             300ms  75.0%  weather            sky\n\
             100ms  25.0%  (gaxx-mon itself)\n"
        );
        let one = shown(&made, &Order::cpu(2, None, None), 1, None);
        assert!(
            one.contains("\n1 more functions; --top shows them\n"),
            "{one}"
        );
    }

    #[test]
    fn an_idle_program_is_said_to_be_one() {
        let text = shown(&cpu(), &Order::cpu(2, None, Some("x".to_owned())), 5, None);
        assert!(
            text.starts_with(
                "CPU of the plugin x: 0 (cpu) in 2.00 s, 0.0% of one CPU: no samples; "
            ) && text.contains("--seconds"),
            "{text}"
        );
    }

    #[test]
    fn nothing_that_comes_steers_the_terminal() {
        let mut made = cpu();
        made.add(&["a\x1b[2J\nb"], &[1, 1], &[("plugin", "p\r\x07")]);
        let text = shown(&made, &Order::cpu(2, None, None), 5, Some(80));
        assert!(
            !text.contains(['\x1b', '\r', '\x07']) && text.contains("a [2J b"),
            "{text}"
        );
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_terminal(
            names in prop::collection::vec("[a-z:<>ä]{1,200}", 1..5),
            width in 60_usize..200,
        ) {
            let mut made = cpu();
            for name in &names {
                made.add(&[name], &[1, 1_234_567_890], &[]);
            }
            let text = shown(&made, &Order::cpu(2, None, None), 5, Some(width));
            for line in text.lines() {
                prop_assert!(line.chars().count() <= width, "{}", line);
            }
        }
    }
}
