//! Files in which a line of names stands above each line of numbers.

use crate::{numbers::number, untyped::Untyped};

/// The pairs of lines: `Tcp: InSegs OutSegs` and `Tcp: 5 6`.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut lines = text.lines();
    std::iter::from_fn(move || Some((lines.next()?, lines.next()?)))
}

/// The metrics of each column, found anew only when a line of names changes.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Row>,
}

#[derive(Debug, Default)]
struct Row {
    names: String,
    columns: Vec<Option<Untyped>>,
}

impl Table {
    /// Sets the metrics of the row with this number; `find` gives the metric of a protocol and a
    /// field.
    pub(super) fn set(
        &mut self,
        number_of_row: usize,
        names: &str,
        values: &str,
        mut find: impl FnMut(&str, &str) -> Option<Untyped>,
    ) {
        if self.rows.len() <= number_of_row {
            self.rows.resize_with(number_of_row + 1, Row::default);
        }
        let Some(row) = self.rows.get_mut(number_of_row) else {
            return;
        };
        let (Some((protocol, fields)), Some((same, values))) =
            (names.split_once(':'), values.split_once(':'))
        else {
            return;
        };
        if protocol != same {
            return;
        }
        if row.names != names {
            names.clone_into(&mut row.names);
            row.columns = fields
                .split_ascii_whitespace()
                .map(|f| find(protocol, f))
                .collect();
        }
        for (metric, value) in row.columns.iter().zip(values.split_ascii_whitespace()) {
            if let Some(metric) = metric
                && let Some(value) = number(value)
            {
                metric.set(value);
            }
        }
    }
}

/// Protocol and field of a name in `snmp6`: `Udp6InErrors` is `Udp6` and `InErrors`.
pub(super) fn split_snmp6(name: &str) -> Option<(&str, &str)> {
    let at = name.find('6')? + 1;
    name.split_at_checked(at)
        .filter(|(_, field)| !field.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_snmp6() {
        assert_eq!(split_snmp6("Ip6InReceives"), Some(("Ip6", "InReceives")));
        assert_eq!(
            split_snmp6("Icmp6OutType133"),
            Some(("Icmp6", "OutType133"))
        );
        assert_eq!(split_snmp6("Ip6"), None);
        assert_eq!(split_snmp6("Tcp"), None);
    }

    #[test]
    fn an_odd_line_at_the_end_is_left() {
        let text = "Ip: A B\nIp: 1 2\nTcp: C\n";
        assert_eq!(pairs(text).collect::<Vec<_>>(), [("Ip: A B", "Ip: 1 2")]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "([A-Z]{1,3}:( [A-Z0-9]{1,4}){0,4}\n|\\PC*\n){0,8}") {
            let mut table = Table::default();
            for (number, (names, values)) in pairs(&text).enumerate() {
                table.set(number, names, values, |_, _| None);
                let _ = split_snmp6(names);
            }
        }
    }
}
