//! The table, printed line by line as the figures come.

use std::fs;

/// The table of figures, in Markdown.
pub(crate) struct Table {
    notes: Vec<String>,
}

impl Table {
    /// Says what machine this is and prints the head.
    pub(crate) fn begin() -> Self {
        println!("{}, load average {} at the start.", machine(), load());
        println!("Medians of several runs, with the lowest and the highest in brackets.\n");
        println!("| Figure | Here | Beside it | Reach |");
        println!("|---|---|---|---|");
        Self { notes: Vec::new() }
    }

    /// One figure: what it is here, what in the peer or at least, and what is to be reached.
    #[allow(
        clippy::unused_self,
        reason = "a row belongs below the head that `begin` prints"
    )]
    pub(crate) fn row(&mut self, figure: &str, here: &str, beside: &str, reach: &str) {
        println!("| {figure} | {here} | {beside} | {reach} |");
    }

    /// A line below the table.
    pub(crate) fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    /// Prints the notes.
    pub(crate) fn end(self) {
        println!();
        for note in self.notes {
            println!("* {note}");
        }
        println!(
            "* Load average {} at the end: other work on the machine counts.",
            load()
        );
    }
}

fn machine() -> String {
    let processors = read("/proc/cpuinfo");
    let models = processors
        .lines()
        .filter(|line| line.starts_with("model name"));
    let models: Vec<&str> = models
        .filter_map(|line| Some(line.split_once(": ")?.1))
        .collect();
    let kernel = read("/proc/sys/kernel/osrelease");
    let kernel: Vec<&str> = kernel.split('.').take(2).collect();
    let model = models.first().unwrap_or(&"a processor without a name");
    format!(
        "{} x {model}, Linux {}",
        models.len(),
        kernel.join(".").trim()
    )
}

fn load() -> String {
    let averages = read("/proc/loadavg");
    averages
        .split_whitespace()
        .take(3)
        .collect::<Vec<_>>()
        .join(", ")
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
