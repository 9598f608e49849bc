//! Appends each sample to a file, as a line of JSON.

use std::{collections::BTreeMap, fs::File, io::Write, path::PathBuf};

use gaxx_sdk::{Value, json, prelude::*, serde_json};

/// Settings under `exporters.jsonl` in config.yaml.
#[settings]
struct Settings {
    /// The file. A relative path begins in the plugin's state folder.
    #[default("samples.jsonl".into())]
    path: PathBuf,
}

struct JsonLines {
    path: PathBuf,
    file: File,
}

impl Component for JsonLines {
    type Settings = Settings;

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        let path = context.host().state_folder()?.join(settings.path);
        let file = File::options().create(true).append(true).open(&path);
        let file = file.explain(|| path.display().to_string())?;
        Ok(Self { path, file })
    }
}

impl Exporter for JsonLines {
    fn export(&mut self, batch: &Batch<'_>, _deadline: Deadline) -> Result<()> {
        let time = batch.unix_nanos() as f64 / 1e9;
        let mut lines = Vec::new();
        for family in batch.families() {
            for series in family.series() {
                let labels: BTreeMap<_, _> = series.labels().collect();
                let value = match series.value {
                    Value::Counter(value) | Value::Gauge(value) => json!(value),
                    Value::Histogram { count, sum, .. } => json!({ "count": count, "sum": sum }),
                };
                let line = json!({ "time": time, "name": family.name(), "labels": labels, "value": value });
                serde_json::to_writer(&mut lines, &line)?;
                lines.push(b'\n');
            }
        }
        self.append(&lines)
            .explain(|| self.path.display().to_string())
    }

    fn flush(&mut self, _deadline: Deadline) -> Result<()> {
        Ok(self.file.sync_data()?)
    }
}

impl JsonLines {
    /// Appends all or nothing, since a batch that failed comes again.
    fn append(&self, lines: &[u8]) -> std::io::Result<()> {
        let end = self.file.metadata()?.len();
        let written = (&self.file).write_all(lines);
        written.inspect_err(|_| drop(self.file.set_len(end)))
    }
}

gaxx_sdk::plugin! {
    name = "jsonl";
    description = "Appends each sample to a file, as a line of JSON.";
    exporter "jsonl" => JsonLines;
}

#[cfg(test)]
mod tests;
