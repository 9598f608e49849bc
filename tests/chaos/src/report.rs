//! What is told at the end.

use std::fmt::{self, Display, Formatter};

use serde_json::{Value, json};

use crate::{
    faults::FAULTS,
    options::Options,
    run::{Found, Phase},
};

/// More descriptors than before by so many are growth.
const DESCRIPTORS: usize = 8;
/// More threads than before by so many are growth.
const THREADS: usize = 64;
/// As much memory as before so many times, and so many megabytes more, is growth.
const MEMORY: (f64, f64) = (2.0, 64.0);
/// A scrape that takes so many milliseconds more than without faults is late: `scrape.timeout` as it
/// is by default, which is how long a scrape waits for collectors.
const LATE: f64 = 2_000.0;
/// How many failures are told in full.
const TOLD: usize = 5;

/// A run and what was found, for people; see [`Report::json`] for machines.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) options: &'a Options,
    pub(crate) found: &'a Found,
}

impl Report<'_> {
    /// What should not have been; empty if all is well.
    pub(crate) fn harm(&self) -> Vec<String> {
        let Found { before, after, .. } = self.found;
        let mut harm = Vec::new();
        let mut unless = |well: bool, what: String| {
            if !well {
                harm.push(what);
            }
        };
        unless(!self.found.died, "the program died".to_owned());
        let clean = self.found.end.is_some_and(|status| status.success());
        unless(
            clean,
            format!(
                "the program did not end well when it was told to: {:?}",
                self.found.end
            ),
        );
        for (phase, name) in self.found.phases.iter().zip(["without", "with"]) {
            for (what, failures) in failures(phase) {
                let first = failures
                    .iter()
                    .take(TOLD)
                    .cloned()
                    .collect::<Vec<_>>()
                    .join("; ");
                let count = failures.len();
                unless(
                    count == 0,
                    format!("{count} {what} {name} faults failed: {first}"),
                );
            }
        }
        let Found { done, .. } = self.found;
        unless(
            done.left.is_empty(),
            format!("orders were left: {:?}", done.left),
        );
        unless(
            done.wrong.is_empty(),
            format!("not as ordered: {}", done.wrong.join("; ")),
        );
        let unsettled = &self.found.unsettled;
        unless(
            unsettled.is_empty(),
            format!("not running at the end: {}", unsettled.join("; ")),
        );
        unless(after.zombies == 0, format!("{} zombies", after.zombies));
        let strays = self.found.strays;
        unless(strays == 0, format!("{strays} processes were left behind"));
        let children = (before.children, after.children);
        unless(
            children.0 == children.1,
            format!("{} children, before {}", children.1, children.0),
        );
        let (files, threads) = (after.descriptors, after.threads);
        unless(
            files <= before.descriptors + DESCRIPTORS,
            format!("{files} descriptors, before {}", before.descriptors),
        );
        unless(
            threads <= before.threads + THREADS,
            format!("{threads} threads, before {}", before.threads),
        );
        let enough = before.memory * MEMORY.0 + MEMORY.1;
        unless(
            after.memory <= enough,
            format!(
                "{:.1} MB of memory, before {:.1}",
                after.memory, before.memory
            ),
        );
        let late = self
            .found
            .phases
            .each_ref()
            .map(|phase| phase.got.scrapes.latency.percentile(99));
        unless(
            late[1] <= late[0] + LATE,
            format!(
                "scrapes took {:.0} ms (p99), without faults {:.0}",
                late[1], late[0]
            ),
        );
        harm
    }

    /// All of it, for machines.
    pub(crate) fn json(&self) -> Value {
        let faults: serde_json::Map<_, _> = self
            .found
            .ordered
            .iter()
            .map(|(word, ordered)| {
                let done = self
                    .found
                    .done
                    .faults
                    .get(word)
                    .copied()
                    .unwrap_or_default();
                (
                    (*word).to_owned(),
                    json!({"ordered": ordered, "done": done}),
                )
            })
            .collect();
        let [calm, wild] = self.found.phases.each_ref().map(phase_json);
        json!({
            "seed": self.options.seed,
            "isolation": self.options.isolation.word(),
            "plugins": self.options.plugins,
            "faults": faults,
            "faults_done": self.found.done.total(),
            "actions": self.found.actions,
            "without_faults": calm,
            "with_faults": wild,
            "before": self.found.before.json(),
            "after": self.found.after.json(),
            "strays": self.found.strays,
            "harm": self.harm(),
        })
    }
}

fn failures(phase: &Phase) -> [(&'static str, &[String]); 2] {
    [
        ("scrapes", &phase.got.scrapes.failures),
        ("requests for health", &phase.got.probes.failures),
    ]
}

fn phase_json(phase: &Phase) -> Value {
    let scrapes = &phase.got.scrapes;
    json!({
        "seconds": phase.took.as_secs_f64(),
        "scrapes": scrapes.latency.json(),
        "scrape_failures": scrapes.failures.len(),
        "counters_that_stepped_back": scrapes.steps_back,
        "health": phase.got.probes.latency.json(),
        "health_failures": phase.got.probes.failures.len(),
        "endpoint_answers": phase.got.answers,
        "counted": scrapes.tallies,
    })
}

impl Display for Report<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (options, found) = (self.options, self.found);
        writeln!(
            f,
            "Chaos with seed {}: {} faults of {} plugins, {}, in {:.0} s\n",
            options.seed,
            found.done.total(),
            options.plugins,
            options.isolation.word(),
            found.phases[1].took.as_secs_f64()
        )?;
        writeln!(f, "{:>7}  fault", "times")?;
        for fault in FAULTS
            .iter()
            .filter(|fault| found.ordered.contains_key(fault.word))
        {
            let done = found
                .done
                .faults
                .get(fault.word)
                .copied()
                .unwrap_or_default();
            writeln!(f, "{done:>7}  {:<13} {}", fault.word, fault.means)?;
        }
        writeln!(f)?;
        for (action, times) in &found.actions {
            writeln!(f, "{times:>7}  {action}")?;
        }
        self.phases(f)?;
        self.figures(f)?;
        for (name, grown) in &found.phases[1].got.scrapes.tallies {
            let grown = grown.iter().filter(|(_, by)| **by > 0.0);
            let grown: Vec<_> = grown.map(|(label, by)| format!("{label} {by}")).collect();
            if !grown.is_empty() {
                writeln!(f, "{name}: {}", grown.join(", "))?;
            }
        }
        let answers = &found.phases[1].got.answers;
        let answers: Vec<_> = answers
            .iter()
            .map(|(answer, times)| format!("{answer}: {times}"))
            .collect();
        writeln!(f, "endpoints answered {}\n", answers.join(", "))?;
        let harm = self.harm();
        if harm.is_empty() {
            return writeln!(f, "No harm was done.");
        }
        writeln!(f, "HARM WAS DONE:")?;
        harm.iter().try_for_each(|what| writeln!(f, "  {what}"))
    }
}

impl Report<'_> {
    fn phases(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:<40} {:>15} {:>15}",
            "", "without faults", "with faults"
        )?;
        let mut row = |what: &str, value: &dyn Fn(&Phase) -> String| {
            let [calm, wild] = self.found.phases.each_ref().map(value);
            writeln!(f, "{what:<40} {calm:>15} {wild:>15}")
        };
        row("scrapes", &|phase| {
            phase.got.scrapes.latency.count().to_string()
        })?;
        row("  failed", &|phase| {
            phase.got.scrapes.failures.len().to_string()
        })?;
        row("  counters of calm plugins stepped back", &|phase| {
            phase.got.scrapes.steps_back.to_string()
        })?;
        for (name, percent) in PERCENTILES {
            row(name, &|phase| {
                format!("{:.2} ms", phase.got.scrapes.latency.percentile(percent))
            })?;
        }
        row("requests for health", &|phase| {
            phase.got.probes.latency.count().to_string()
        })?;
        row("  failed", &|phase| {
            phase.got.probes.failures.len().to_string()
        })?;
        for (name, percent) in PERCENTILES {
            row(name, &|phase| {
                format!("{:.2} ms", phase.got.probes.latency.percentile(percent))
            })?;
        }
        Ok(())
    }

    fn figures(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Found {
            before,
            after,
            strays,
            ..
        } = self.found;
        writeln!(
            f,
            "\n{:<40} {:>15} {:>15}",
            "the program, at rest", "before", "after"
        )?;
        writeln!(
            f,
            "{:<40} {:>12.1} MB {:>12.1} MB",
            "resident memory", before.memory, after.memory
        )?;
        for (what, before, after) in [
            ("descriptors", before.descriptors, after.descriptors),
            ("threads", before.threads, after.threads),
            ("children", before.children, after.children),
            ("zombies", before.zombies, after.zombies),
        ] {
            writeln!(f, "{what:<40} {before:>15} {after:>15}")?;
        }
        writeln!(
            f,
            "{:<40} {:>15} {strays:>15}\n",
            "processes left behind after its end", ""
        )
    }
}

const PERCENTILES: [(&str, usize); 3] = [("  p50", 50), ("  p99", 99), ("  longest", 100)];
