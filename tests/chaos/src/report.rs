//! What is told at the end.

use std::fmt::{self, Display, Formatter};

use serde_json::{Map, Value, json};

use crate::{
    faults::FAULTS,
    harm,
    options::Options,
    run::{Found, Phase},
};

const PERCENTILES: [(&str, usize); 3] = [("  p50", 50), ("  p99", 99), ("  longest", 100)];

/// A run and what was found, for people; see [`Report::json`] for machines.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    options: &'a Options,
    found: &'a Found,
    /// What should not have been; empty if all is well.
    pub(crate) harm: Vec<String>,
}

impl<'a> Report<'a> {
    /// Of this run.
    pub(crate) fn new(options: &'a Options, found: &'a Found) -> Self {
        Self {
            options,
            found,
            harm: harm::of(found),
        }
    }

    /// All of it, for machines.
    pub(crate) fn json(&self) -> Value {
        let found = self.found;
        let faults = found.ordered.iter().map(|(word, ordered)| {
            let fault = json!({"ordered": ordered, "done": found.done.times(word)});
            ((*word).to_owned(), fault)
        });
        let [calm, wild] = found.phases.each_ref().map(phase_json);
        json!({
            "seed": self.options.seed,
            "isolation": self.options.isolation.word(),
            "plugins": self.options.plugins,
            "faults": faults.collect::<Map<_, _>>(),
            "faults_done": found.done.total(),
            "actions": found.actions,
            "without_faults": calm,
            "with_faults": wild,
            "before": found.before.json(),
            "after": found.after.json(),
            "processes_left_behind": found.strays,
            "harm": self.harm,
        })
    }

    fn events(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (options, found) = (self.options, self.found);
        let (seed, plugins, isolation) = (options.seed, options.plugins, options.isolation.word());
        let (faults, took) = (found.done.total(), found.phases[1].took.as_secs());
        writeln!(
            f,
            "Chaos with seed {seed}: {faults} faults of {plugins} plugins, {isolation}, in {took} s\n"
        )?;
        let ordered = |word| found.ordered.contains_key(word);
        for fault in FAULTS.iter().filter(|fault| ordered(fault.word)) {
            let times = found.done.times(fault.word);
            writeln!(f, "{times:>7}  {:<13} {}", fault.word, fault.means)?;
        }
        writeln!(f)?;
        for (action, times) in &found.actions {
            writeln!(f, "{times:>7}  {action}")?;
        }
        Ok(())
    }

    fn phases(&self, f: &mut Formatter<'_>) -> fmt::Result {
        row(f, "", "without faults", "with faults")?;
        let mut each = |what: &str, value: &dyn Fn(&Phase) -> String| {
            let [calm, wild] = self.found.phases.each_ref().map(value);
            row(f, what, &calm, &wild)
        };
        let scrapes = |phase: &Phase| phase.got.scrapes.latency.count().to_string();
        each("scrapes", &scrapes)?;
        let failed = |phase: &Phase| phase.got.scrapes.failures.len().to_string();
        each("  failed", &failed)?;
        let steps = |phase: &Phase| phase.got.scrapes.steps_back.to_string();
        each("  counters of calm plugins stepped back", &steps)?;
        for (name, percent) in PERCENTILES {
            each(name, &|phase| {
                milliseconds(phase.got.scrapes.latency.percentile(percent))
            })?;
        }
        let probes = |phase: &Phase| phase.got.probes.latency.count().to_string();
        each("requests for health", &probes)?;
        let failed = |phase: &Phase| phase.got.probes.failures.len().to_string();
        each("  failed", &failed)?;
        for (name, percent) in PERCENTILES {
            each(name, &|phase| {
                milliseconds(phase.got.probes.latency.percentile(percent))
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
        row(f, "the program, at rest", "before", "after")?;
        let memory = [before, after].map(|figures| format!("{:.1} MB", figures.memory));
        row(f, "resident memory", &memory[0], &memory[1])?;
        for (what, before, after) in [
            ("descriptors", before.descriptors, after.descriptors),
            ("threads", before.threads, after.threads),
            ("children", before.children, after.children),
            ("zombies", before.zombies, after.zombies),
        ] {
            row(f, what, &before.to_string(), &after.to_string())?;
        }
        row(
            f,
            "processes left behind after its end",
            "",
            &strays.to_string(),
        )
    }

    /// What the program and the callers of endpoints counted.
    fn counts(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let got = &self.found.phases[1].got;
        for (name, grown) in &got.scrapes.tallies {
            let grown = grown.iter().filter(|(_, by)| **by > 0.0);
            let grown: Vec<_> = grown.map(|(label, by)| format!("{label} {by}")).collect();
            if !grown.is_empty() {
                writeln!(f, "{name}: {}", grown.join(", "))?;
            }
        }
        let answers = got.answers.iter();
        let answers: Vec<_> = answers
            .map(|(status, times)| format!("{status}: {times}"))
            .collect();
        writeln!(f, "answers of endpoints: {}", answers.join(", "))
    }
}

impl Display for Report<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.events(f)?;
        writeln!(f)?;
        self.phases(f)?;
        writeln!(f)?;
        self.figures(f)?;
        writeln!(f)?;
        self.counts(f)?;
        writeln!(f)?;
        if self.harm.is_empty() {
            return writeln!(f, "No harm was done.");
        }
        writeln!(f, "HARM WAS DONE:")?;
        self.harm
            .iter()
            .try_for_each(|what| writeln!(f, "  {what}"))
    }
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

fn row(f: &mut Formatter<'_>, what: &str, first: &str, second: &str) -> fmt::Result {
    writeln!(f, "{what:<40} {first:>15} {second:>15}")
}

fn milliseconds(time: f64) -> String {
    format!("{time:.2} ms")
}
