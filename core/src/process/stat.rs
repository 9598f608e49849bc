//! What the kernel tells of a process or a thread in one line.

/// A line of `/proc/PID/stat` or of `/proc/PID/task/TID/stat`: `id (name) state ...`. See proc(5) for
/// the numbers of the fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stat<'a> {
    /// The name, which may hold anything, brackets and spaces too.
    pub(super) name: &'a str,
    /// From the third on.
    fields: Vec<&'a str>,
}

impl<'a> Stat<'a> {
    /// Reads a line; nothing where it is none.
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        let (_, rest) = line.split_once('(')?;
        let (name, rest) = rest.rsplit_once(')')?;
        let fields = rest.split_whitespace().collect();
        Some(Self { name, fields })
    }

    /// The field of this number, which is 3 at least.
    pub(super) fn field(&self, number: usize) -> Option<&'a str> {
        self.fields.get(number.checked_sub(3)?).copied()
    }

    /// The same, as a number.
    pub(super) fn number(&self, number: usize) -> Option<u64> {
        self.field(number)?.parse().ok()
    }

    /// The same, of ticks as seconds: hundredths, on the machines there are.
    pub(super) fn seconds(&self, number: usize) -> Option<f64> {
        let ticks = self.number(number)?;
        Some(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn fields_are_counted_after_the_name(name in ".{0,15}", numbers in prop::collection::vec(any::<u64>(), 0..20)) {
            let written: Vec<String> = numbers.iter().map(u64::to_string).collect();
            let line = format!("7 ({name}) S {}", written.join(" "));
            let stat = Stat::parse(&line).unwrap();
            prop_assert_eq!((stat.name, stat.field(3)), (name.as_str(), Some("S")));
            for (at, number) in numbers.iter().enumerate() {
                prop_assert_eq!(stat.number(at + 4), Some(*number));
            }
            prop_assert_eq!(stat.number(numbers.len() + 4), None);
            prop_assert_eq!(stat.field(2), None);
        }

        #[test]
        fn any_text_is_read_or_refused(line in "[0-9 ()a]{0,60}") {
            let stat = Stat::parse(&line);
            prop_assert_eq!(stat.is_some(), line.find('(') < line.rfind(')') && line.contains('('));
        }
    }
}
