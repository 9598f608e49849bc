//! All metrics into a file: lines of JSON, appended, or Prometheus text, replaced.
//!
//! What a batch has become is on the disk when the call returns. A batch that comes again, because
//! nobody knows whether it was written, takes its own place.

mod journal;
mod json;
mod kept;
mod snapshot;
#[cfg(test)]
mod tests;
mod text;

use std::path::{Path, PathBuf};

use gaxx_sdk::prelude::*;

use self::{journal::Journal, kept::Kept, snapshot::Snapshot};

/// Settings under `exporters.file` in config.yaml.
#[settings]
struct Settings {
    /// The file. A relative path begins in the plugin's state folder.
    path: PathBuf,
    /// What is in it: `json_lines`, a line for each series, appended; or `prometheus`, the text format
    /// of a scrape, replaced by each batch.
    #[default(Format::JsonLines)]
    format: Format,
    /// When it is put aside under a name with the time, and how many such files are kept.
    #[default]
    rotate: Rotate,
}

/// What is in a file.
#[settings]
enum Format {
    JsonLines,
    Prometheus,
}

/// When a file is put aside, and how many are kept.
#[settings]
pub(crate) struct Rotate {
    /// A file of lines is put aside before it would get larger.
    #[default(Size::mib(64))]
    max_size: Size,
    /// A file is put aside when its oldest batch is so old. In the case of `prometheus`, as often a
    /// copy of it is.
    #[default(Duration::from_hours(24))]
    max_age: Duration,
    /// How many files that were put aside are kept. Older ones are removed.
    #[default(5)]
    keep: usize,
}

enum File {
    Lines(Journal),
    Text(Snapshot),
}

impl Component for File {
    type Settings = Settings;

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        let Settings {
            path,
            format,
            rotate,
        } = settings;
        let path = context.host().state_folder()?.join(path);
        let kept = Kept::beside(&path)?;
        Ok(match format {
            Format::JsonLines => Self::Lines(Journal::new(path, kept, rotate)),
            Format::Prometheus => Self::Text(Snapshot::new(path, kept, rotate)),
        })
    }
}

impl Exporter for File {
    fn export(&mut self, batch: &Batch<'_>, _deadline: Deadline) -> Result<()> {
        match self {
            Self::Lines(journal) => {
                let beginning = json::beginning(batch.unix_nanos());
                journal.append(batch.unix_nanos(), &beginning, &json::lines(batch))
            }
            Self::Text(snapshot) => snapshot.replace(batch.unix_nanos(), &text::encode(batch)),
        }
    }
}

/// Makes durable which files are in a folder.
fn sync_folder(folder: &Path) -> Result<()> {
    let synced = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    synced.explain(|| folder.display().to_string())
}

gaxx_sdk::plugin! {
    name = "file";
    description = "All metrics into a file, as lines of JSON or as Prometheus text.";
    exporter "file" => File;
}
