//! Processes by state, and threads, from the folders of all processes below `/proc`.

use std::{fs, path::PathBuf, time::Instant};

use gaxx_sdk::{ErrorKind, prelude::*};

use crate::{
    attributes::Attributes,
    numbers::number,
    roots::Roots,
    source::{Source, unreadable},
};

gaxx_sdk::component!(collector "processes" => Processes, "Processes by state, threads, and their limits.");

/// Looking at all processes costs some microseconds each. After that the component rests for this
/// many times as long and tells what it knows, so that it never takes more than a hundredth of a
/// CPU however many there are.
const REST: u32 = 100;

struct Processes {
    folder: PathBuf,
    limits: [(Source, Gauge); 2],
    states: Family<Gauge, 1>,
    pids: Gauge,
    threads: Gauge,
    rests_until: Option<Instant>,
}

impl Component for Processes {
    type Settings = Roots;

    fn new(roots: Roots, context: &Context) -> Result<Self> {
        let limit = |file: &str, name: &str, help: &str| {
            let source = Source::new(&roots.procfs, &format!("sys/kernel/{file}"));
            context.gauge(name, help).map(|gauge| (source, gauge))
        };
        Ok(Self {
            limits: [
                limit(
                    "pid_max",
                    "node_processes_max_processes",
                    "Highest number that a process may get.",
                )?,
                limit(
                    "threads-max",
                    "node_processes_max_threads",
                    "Most threads that the machine may have.",
                )?,
            ],
            states: context.gauges(
                "node_processes_state",
                "Processes in this state, by the letter that ps shows.",
                ["state"],
            )?,
            pids: context.gauge("node_processes_pids", "Processes.")?,
            threads: context.gauge("node_processes_threads", "Threads of all processes.")?,
            folder: roots.procfs,
            rests_until: None,
        })
    }
}

impl Collector for Processes {
    fn collect(&mut self, deadline: Deadline) -> Result<()> {
        for (source, gauge) in &mut self.limits {
            if let Some(limit) = source.read_if_there()?.and_then(|text| number(text.trim())) {
                gauge.set(limit);
            }
        }
        let begin = Instant::now();
        if self.rests_until.is_some_and(|until| begin < until) {
            return Ok(());
        }
        let count = self.count(deadline)?;
        self.states.reset();
        let mut letter = [0; 4];
        for (state, processes) in count.states {
            self.states
                .with([state.encode_utf8(&mut letter)])
                .set(processes);
        }
        self.pids.set(count.processes);
        self.threads.set(count.threads);
        let rest = begin
            .elapsed()
            .saturating_mul(REST)
            .min(Duration::from_mins(1));
        self.rests_until = Some(Instant::now() + rest);
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Count {
    processes: f64,
    threads: f64,
    /// Few enough that a search is faster than a hash.
    states: Vec<(char, f64)>,
}

impl Processes {
    fn count(&self, deadline: Deadline) -> Result<Count> {
        let failed = |error| unreadable(&self.folder, &error);
        let mut processes = Attributes::open(&self.folder).map_err(failed)?;
        let mut count = Count::default();
        let mut file = String::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let is_process = |name: &&str| name.bytes().all(|b| b.is_ascii_digit());
            let Some(name) = name.to_str().filter(is_process) else {
                continue;
            };
            file.clear();
            file.extend([name, "/stat"]);
            // It may have ended since the folder was listed.
            let Some((state, threads)) = processes.text(&file).and_then(|text| process(&text))
            else {
                continue;
            };
            count.add(state, threads);
            if deadline.has_passed() {
                let message = format!("{} processes are too many to count", count.processes);
                return Err(Error::new(ErrorKind::Deadline, message)
                    .remedy("give the component a longer deadline, or turn it off"));
            }
        }
        Ok(count)
    }
}

impl Count {
    fn add(&mut self, state: char, threads: f64) {
        self.processes += 1.0;
        self.threads += threads;
        match self.states.iter_mut().find(|(other, _)| *other == state) {
            Some((_, count)) => *count += 1.0,
            None => self.states.push((state, 1.0)),
        }
    }
}

/// State and number of threads of a process. Its name stands in brackets and may hold any bytes,
/// brackets too; what follows the last bracket is regular.
fn process(stat: &str) -> Option<(char, f64)> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut words = rest.split_ascii_whitespace();
    let state = words.next()?.chars().next()?;
    Some((state, number(words.nth(16)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    crate::golden::tests!(Processes, "processes");

    #[test]
    fn names_with_brackets() {
        let stat = "7 (a) R (b)) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 20 0";
        assert_eq!(process(stat), Some(('S', 20.0)));
        assert_eq!(process("7 (short) S 1 2"), None);
        assert_eq!(process(""), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "[0-9]{1,3} \\(\\PC{0,9}\\) [A-Z][0-9 -]{0,60}|\\PC*") {
            prop_assert!(process(&text).is_none_or(|(_, threads)| threads.is_finite()));
        }
    }
}
