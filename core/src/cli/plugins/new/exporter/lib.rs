//! Appends what was measured to a file, a line for each sample.

use std::{
    fs::File,
    io::{self, Write},
    path::PathBuf,
};

use gaxx_sdk::{Value, prelude::*};

const LINES: &str = "@snake@_lines_total";

/// Settings under `exporters.@name@` in config.yaml.
#[settings]
struct Settings {
    /// The file. A relative path begins in the plugin's state folder.
    #[default("samples.txt".into())]
    path: PathBuf,
}

struct Lines {
    path: PathBuf,
    file: File,
    lines: Counter,
}

impl Component for Lines {
    type Settings = Settings;

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        let path = context.host().state_folder()?.join(settings.path);
        let file = File::options().create(true).append(true).open(&path);
        let file = file.explain(|| path.display().to_string())?;
        let lines = context.counter(LINES, "Lines that were written.")?;
        Ok(Self { path, file, lines })
    }
}

impl Exporter for Lines {
    // Called at intervals with everything that was measured. After an error the batch comes again;
    // after one made by `Error::permanent` it does not.
    fn export(&mut self, batch: &Batch<'_>, _deadline: Deadline) -> Result<()> {
        let (mut text, mut count) = (String::new(), 0);
        let time = batch.unix_nanos() / 1_000_000;
        for family in batch.families() {
            for series in family.series() {
                let labels: Vec<String> = series
                    .labels()
                    .map(|(name, value)| format!("{name}={value:?}"))
                    .collect();
                let value = match series.value {
                    Value::Counter(value) | Value::Gauge(value) => value,
                    Value::Histogram { sum, .. } => sum,
                };
                let (name, labels) = (family.name(), labels.join(","));
                text += &format!("{time} {name}{{{labels}}} {value}\n");
                count += 1;
            }
        }
        self.append(text.as_bytes())
            .explain(|| self.path.display().to_string())?;
        self.lines.add(f64::from(count));
        Ok(())
    }

    // Called before a stop.
    fn flush(&mut self, _deadline: Deadline) -> Result<()> {
        Ok(self.file.sync_data()?)
    }
}

impl Lines {
    /// Appends all or nothing, since a batch that failed comes again.
    fn append(&self, text: &[u8]) -> io::Result<()> {
        let end = self.file.metadata()?.len();
        let written = (&self.file).write_all(text);
        written.inspect_err(|_| drop(self.file.set_len(end)))
    }
}

gaxx_sdk::plugin! {
    name = "@name@";
    description = "@summary@";
    exporter "@name@" => Lines;
}

#[cfg(test)]
mod tests;
