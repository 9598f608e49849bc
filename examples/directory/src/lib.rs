//! How many files lie in directories, their size, and when the newest was written.

use std::{fs, os::unix::fs::MetadataExt};

use gaxx_sdk::prelude::*;

/// Settings under `plugins.directory` in config.yaml.
#[settings]
struct Settings {
    /// The directories to look into, without those inside them.
    #[default(vec!["/var/log".to_owned()])]
    paths: Vec<String>,
}

struct Directory {
    settings: Settings,
    files: Family<Gauge, 1>,
    bytes: Family<Gauge, 1>,
    newest: Family<Gauge, 1>,
}

impl Component for Directory {
    type Settings = Settings;
    const INTERVAL: Option<Duration> = Some(Duration::from_mins(1));

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        let gauges = |name, help| context.gauges(name, help, ["path"]);
        Ok(Self {
            settings,
            files: gauges("directory_files", "Files in the directory.")?,
            bytes: gauges("directory_size_bytes", "Their size together.")?,
            newest: gauges(
                "directory_newest_timestamp_seconds",
                "When the newest was written.",
            )?,
        })
    }
}

impl Collector for Directory {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        // An empty directory has no newest file: what was set before must go.
        self.newest.reset();
        for path in &self.settings.paths {
            let newest = self.newest.with([path]);
            let (mut files, mut bytes) = (0_u32, 0);
            for entry in fs::read_dir(path).explain(|| path.clone())? {
                // A file may be removed meanwhile.
                let Ok(file) = entry?.metadata() else {
                    continue;
                };
                if file.is_file() {
                    files += 1;
                    bytes += file.size();
                    newest.set(newest.get().unwrap_or(0.0).max(file.mtime() as f64));
                }
            }
            self.files.with([path]).set(files.into());
            self.bytes.with([path]).set(bytes as f64);
        }
        Ok(())
    }
}

gaxx_sdk::plugin! {
    name = "directory";
    description = "Number, size and newest time of the files in directories.";
    collector "directory" => Directory;
}

#[cfg(test)]
mod tests;
