//! Who does what, and when; and what of it was done.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use gaxx_tests::Random;

use crate::{faults::Part, options::Options};

/// All orders.
#[derive(Debug, PartialEq)]
pub(crate) struct Orders {
    parts: BTreeMap<(String, Part), Vec<Order>>,
}

/// One order: how long after the beginning it is due, and the fault's word.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Order {
    due: Duration,
    word: &'static str,
}

/// What was done.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// How often each fault was, as the plugins noted before each of them.
    faults: BTreeMap<&'static str, usize>,
    /// The plugins with orders left, and how many.
    pub(crate) left: BTreeMap<String, usize>,
    /// Notes that are not as ordered.
    pub(crate) wrong: Vec<String>,
}

impl Orders {
    /// Draws them, spread evenly over a time.
    pub(crate) fn draw(options: &Options, plugins: &[String], over: Duration) -> Self {
        let mut random = Random::new(options.seed);
        let known = Part::all(options.isolation);
        let mut parts: BTreeMap<_, Vec<Order>> = BTreeMap::new();
        for _ in 0..options.faults {
            let part = *random.pick(&known);
            let word = random.pick(&part.faults(options.isolation)).word;
            let plugin = random.pick(plugins).clone();
            let due = over.mul_f64(random.below(1_000_000) as f64 / 1e6);
            parts
                .entry((plugin, part))
                .or_default()
                .push(Order { due, word });
        }
        for orders in parts.values_mut() {
            orders.sort();
        }
        Self { parts }
    }

    /// Hands them out: from now on the time runs.
    pub(crate) fn publish(&self, folder: &Path) -> std::io::Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let start = now.unwrap_or_default();
        for ((plugin, part), orders) in &self.parts {
            let lines = orders.iter().map(|order| {
                let due = start + order.due;
                format!("{} {}\n", due.as_millis(), order.word)
            });
            // Read whole or not at all.
            let name = format!("{plugin}.{}", part.word());
            let half = folder.join(format!("{name}.part"));
            fs::write(&half, lines.collect::<String>())?;
            fs::rename(half, folder.join(format!("{name}.orders")))?;
        }
        Ok(())
    }

    /// How often each fault was ordered.
    pub(crate) fn faults(&self) -> BTreeMap<&'static str, usize> {
        let words = self.parts.values().flatten().map(|order| order.word);
        count(words)
    }

    /// What was done of them until now.
    pub(crate) fn done(&self, folder: &Path) -> Done {
        let mut done = Done::default();
        for ((plugin, part), orders) in &self.parts {
            let name = format!("{plugin}.{}", part.word());
            let notes = fs::read_to_string(folder.join(format!("{name}.begun")));
            let notes = notes.unwrap_or_default();
            let begun: Vec<&str> = notes.lines().collect();
            let ordered: Vec<&str> = orders.iter().map(|order| order.word).collect();
            if !ordered.starts_with(&begun) {
                done.wrong
                    .push(format!("{name} did {begun:?}, ordered were {ordered:?}"));
            }
            let begun = begun.len().min(ordered.len());
            for (word, times) in count(orders[..begun].iter().map(|order| order.word)) {
                *done.faults.entry(word).or_default() += times;
            }
            if begun < ordered.len() {
                *done.left.entry(plugin.clone()).or_default() += ordered.len() - begun;
            }
        }
        done
    }
}

impl Done {
    /// How often there was this one.
    pub(crate) fn times(&self, word: &str) -> usize {
        self.faults.get(word).copied().unwrap_or_default()
    }

    /// How many faults there were.
    pub(crate) fn total(&self) -> usize {
        self.faults.values().sum()
    }
}

fn count(words: impl Iterator<Item = &'static str>) -> BTreeMap<&'static str, usize> {
    let mut times = BTreeMap::new();
    for word in words {
        *times.entry(word).or_default() += 1;
    }
    times
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::Parser;

    use super::*;

    fn draw(arguments: &[&str]) -> Orders {
        let options = Options::parse_from([&["gaxx-chaos"], arguments].concat());
        let plugins = ["a", "b"].map(str::to_owned);
        Orders::draw(&options, &plugins, Duration::from_secs(10))
    }

    #[test]
    fn a_seed_decides_everything() {
        let orders = draw(&["--seed=7", "--faults=1000"]);
        assert_eq!(orders, draw(&["--seed=7", "--faults=1000"]));
        assert_ne!(orders, draw(&["--seed=8", "--faults=1000"]));
        assert_eq!(orders.faults().values().sum::<usize>(), 1000);
        assert_eq!(orders.faults().len(), crate::faults::FAULTS.len());
        for orders in orders.parts.values() {
            assert!(orders.is_sorted());
            assert!(
                orders
                    .iter()
                    .all(|order| order.due < Duration::from_secs(10))
            );
        }
    }

    #[test]
    fn in_the_program_nothing_ends_it() {
        let orders = draw(&["--isolation=in-process", "--faults=1000"]);
        let words: Vec<_> = orders.faults().into_keys().collect();
        let harmless = ["error", "flood-log", "flood-series", "late", "lie", "panic"];
        assert_eq!(words, harmless);
        assert!(orders.parts.keys().all(|(_, part)| *part != Part::Making));
    }

    #[test]
    fn notes_tell_what_was_done() {
        let folder = tempfile::tempdir().unwrap();
        let orders = draw(&["--faults=50"]);
        orders.publish(folder.path()).unwrap();
        assert_eq!(orders.done(folder.path()).total(), 0);
        let ((plugin, part), list) = orders.parts.iter().next().unwrap();
        let notes = folder
            .path()
            .join(format!("{plugin}.{}.begun", part.word()));
        fs::write(&notes, format!("{}\n", list[0].word)).unwrap();
        let done = orders.done(folder.path());
        assert_eq!((done.total(), done.faults[list[0].word]), (1, 1));
        assert_eq!(done.left.values().sum::<usize>(), 49);
        assert!(done.wrong.is_empty());
        fs::write(&notes, "nonsense\n").unwrap();
        assert_eq!(orders.done(folder.path()).wrong.len(), 1);
    }
}
