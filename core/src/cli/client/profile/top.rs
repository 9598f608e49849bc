//! What stands out, by function.

use std::collections::HashMap;

use super::decode::{Frame, Profile};

/// What stands out, by function.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Top {
    /// The sum of all samples; in a difference, without their signs, as `go tool pprof` has it.
    pub(super) total: i64,
    /// How many functions there are.
    pub(super) functions: usize,
    /// The first of them: those with the most.
    pub(super) rows: Vec<Row>,
}

/// What puts functions in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// What is of their own.
    Flat,
    /// What is theirs with all that they called.
    Cum,
}

/// What one function uses or holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Its name, or in brackets the file that it was loaded from.
    pub(super) function: String,
    /// Its source file; empty where that is not known.
    pub(super) file: String,
    /// The line in it that most of this is of; 0 where that is not known.
    pub(super) line: i64,
    /// Of its own.
    pub(super) flat: i64,
    /// With all that it called; each sample counts once, however often the function is in its stack.
    pub(super) cum: i64,
}

/// What is known of a function so far.
#[derive(Debug, Default)]
struct Tally {
    flat: i64,
    cum: i64,
    /// The same for each line.
    lines: HashMap<i64, (i64, i64)>,
    /// The last sample that it was in, counted from 1.
    seen: usize,
}

impl Top {
    /// The `most` functions with the most of these values.
    pub(super) fn of(profile: &Profile, value: usize, most: usize, by: By) -> Self {
        let mut total: i64 = 0;
        let mut tallies: HashMap<(String, &str), Tally> = HashMap::new();
        for (sample, number) in profile.samples().iter().zip(1..) {
            let value = sample.value.get(value).copied().unwrap_or(0);
            total = total.saturating_add(value.saturating_abs());
            for (frame, is_leaf) in profile.frames(sample).zip(leaf_first()) {
                let tally = tallies.entry(function(&frame)).or_default();
                if tally.seen != number {
                    tally.seen = number;
                    tally.add(frame.line, value, is_leaf);
                }
            }
        }
        let functions = tallies.len();
        let mut rows: Vec<Row> = tallies.into_iter().map(row).collect();
        let order = |row: &Row| {
            let (flat, cum) = (row.flat.saturating_abs(), row.cum.saturating_abs());
            match by {
                By::Flat => (flat, cum),
                By::Cum => (cum, flat),
            }
        };
        rows.sort_by(|a, b| {
            let by_value = order(b).cmp(&order(a));
            by_value.then_with(|| (&a.function, &a.file).cmp(&(&b.function, &b.file)))
        });
        rows.truncate(most);
        Self {
            total,
            functions,
            rows,
        }
    }
}

impl Tally {
    fn add(&mut self, line: i64, value: i64, is_leaf: bool) {
        let own = if is_leaf { value } else { 0 };
        let of_line = self.lines.entry(line).or_default();
        for (flat, cum) in [
            (&mut self.flat, &mut self.cum),
            (&mut of_line.0, &mut of_line.1),
        ] {
            *flat = flat.saturating_add(own);
            *cum = cum.saturating_add(value);
        }
    }

    /// The line with the most.
    fn line(&self) -> i64 {
        let weight = |(flat, cum): &(i64, i64)| (flat.saturating_abs(), cum.saturating_abs());
        let most = self
            .lines
            .iter()
            .max_by_key(|(line, of_line)| (weight(of_line), **line));
        most.map_or(0, |(line, _)| *line)
    }
}

/// The first frame of a stack, then the others.
fn leaf_first() -> impl Iterator<Item = bool> {
    std::iter::once(true).chain(std::iter::repeat(false))
}

/// What frames are put together by.
fn function<'a>(frame: &Frame<'a>) -> (String, &'a str) {
    if let Some(name) = frame.function {
        return (name.to_owned(), frame.file);
    }
    let file = frame.file.rsplit('/').next();
    let file = file.filter(|name| !name.is_empty());
    (format!("[{}]", file.unwrap_or("unknown")), "")
}

fn row(((function, file), tally): ((String, &str), Tally)) -> Row {
    Row {
        function,
        file: file.to_owned(),
        line: tally.line(),
        flat: tally.flat,
        cum: tally.cum,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::cli::client::profile::{decode::decode, testing::Made};

    type Stack = (Vec<&'static str>, i64);

    fn top(stacks: &[Stack], most: usize) -> Top {
        sorted(stacks, most, By::Flat)
    }

    fn sorted(stacks: &[Stack], most: usize, by: By) -> Top {
        let mut made = Made::new(&[("cpu", "nanoseconds")], "cpu");
        for (stack, value) in stacks {
            made.add(stack, &[*value], &[]);
        }
        Top::of(&decode(&made.finish()).unwrap(), 0, most, by)
    }

    fn seen(top: &Top) -> Vec<(&str, i64, i64, i64)> {
        let rows = top.rows.iter();
        rows.map(|row| (row.function.as_str(), row.line, row.flat, row.cum))
            .collect()
    }

    #[test]
    fn the_hot_function_is_first_with_its_hottest_line() {
        // Each sample has a line of its own: 1 and 2, then 3 and 4, then 5.
        let stacks = [
            (vec!["hot", "main"], 3),
            (vec!["hot", "main"], 4),
            (vec!["main"], 1),
        ];
        let top = top(&stacks, 9);
        assert_eq!((top.total, top.functions), (8, 2));
        assert_eq!(seen(&top), [("hot", 3, 7, 7), ("main", 5, 1, 8)]);
        assert_eq!(top.rows[0].file, "hot.rs");
    }

    #[test]
    fn callers_are_first_where_that_is_asked_for() {
        let stacks = [(vec!["f", "main"], 3), (vec!["main"], 1)];
        let by_cum = sorted(&stacks, 9, By::Cum);
        assert_eq!(seen(&by_cum), [("main", 3, 1, 4), ("f", 1, 3, 3)]);
    }

    #[test]
    fn recursion_counts_once_and_the_rest_is_left_out() {
        let top = top(&[(vec!["f", "g", "f"], 5)], 1);
        assert_eq!((top.functions, seen(&top)), (2, vec![("f", 1, 5, 5)]));
    }

    #[test]
    fn a_difference_has_both_signs() {
        let top = top(&[(vec!["gone"], -6), (vec!["new"], 2)], 9);
        assert_eq!(top.total, 8);
        assert_eq!(seen(&top), [("gone", 1, -6, -6), ("new", 2, 2, 2)]);
    }

    fn stacks() -> impl Strategy<Value = Vec<Stack>> {
        let names = prop::sample::select(vec!["a", "b", "c", "d", "e"]);
        let stack = prop::collection::vec(names, 1..8);
        prop::collection::vec((stack, 0..1_i64 << 40), 0..30)
    }

    proptest! {
        #[test]
        fn sums_are_those_of_the_samples(stacks in stacks()) {
            let top = top(&stacks, usize::MAX);
            let all: i64 = stacks.iter().map(|(_, value)| value).sum();
            prop_assert_eq!(top.total, all);
            prop_assert_eq!(top.rows.iter().map(|row| row.flat).sum::<i64>(), all);
            for row in &top.rows {
                let name = row.function.as_str();
                let with = stacks.iter().filter(|(stack, _)| stack.contains(&name));
                prop_assert_eq!(row.cum, with.map(|(_, value)| value).sum::<i64>());
                let own = stacks.iter().filter(|(stack, _)| stack[0] == name);
                prop_assert_eq!(row.flat, own.map(|(_, value)| value).sum::<i64>());
            }
            let flats: Vec<_> = top.rows.iter().map(|row| row.flat).collect();
            prop_assert!(flats.is_sorted_by(|a, b| a >= b));
        }

        #[test]
        fn the_largest_values_do_no_harm(values in prop::collection::vec(any::<i64>(), 1..9)) {
            let stacks: Vec<Stack> = values.iter().map(|value| (vec!["f"], *value)).collect();
            prop_assert!(top(&stacks, 9).total >= 0);
        }
    }
}
