//! How many files lie in a folder, and how large they are together.

use std::{fs, path::PathBuf};

use gaxx_sdk::prelude::*;

const FILES: &str = "@snake@_files";
const SIZE: &str = "@snake@_size_bytes";

/// Settings under `plugins.@name@` in config.yaml.
#[settings]
struct Settings {
    /// The folder to look into, without those inside it.
    #[default("/tmp".into())]
    folder: PathBuf,
    /// Count only files whose names end so; without it all of them.
    ending: Option<String>,
}

struct FolderFiles {
    settings: Settings,
    files: Gauge,
    size: Gauge,
}

impl Component for FolderFiles {
    type Settings = Settings;

    // Registers the metrics. It must not block: measuring begins with the first call.
    fn new(settings: Settings, context: &Context) -> Result<Self> {
        Ok(Self {
            settings,
            files: context.gauge(FILES, "Files in the folder.")?,
            size: context.gauge(SIZE, "Their size together.")?,
        })
    }
}

impl Collector for FolderFiles {
    // Called at intervals and by scrapes. An error leaves the last values in place for a while.
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        let Settings { folder, ending } = &self.settings;
        let ending = ending.as_deref().unwrap_or_default();
        let (mut files, mut size) = (0_u32, 0_u64);
        for entry in fs::read_dir(folder).explain(|| folder.display().to_string())? {
            let entry = entry?;
            // A file may be removed meanwhile.
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            if metadata.is_file() && entry.file_name().to_string_lossy().ends_with(ending) {
                files += 1;
                size += metadata.len();
            }
        }
        self.files.set(files.into());
        self.size.set(size as f64);
        Ok(())
    }
}

gaxx_sdk::plugin! {
    name = "@name@";
    description = "@summary@";
    collector "@name@" => FolderFiles;
}

#[cfg(test)]
mod tests;
