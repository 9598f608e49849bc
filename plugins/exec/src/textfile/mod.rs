//! Folders of files with metrics, as `node_exporter`'s textfile collector has them.

mod file;
mod merge;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use gaxx_sdk::prelude::*;

use self::{file::Unusable, merge::Merged};
use crate::{held, mirror::Mirror};

gaxx_sdk::component!(collector "textfile" => Textfile, "Metrics that others have written to files.");

#[settings]
pub(crate) struct Settings {
    /// Folders of files with metrics. Without it no such files are read.
    textfile: Option<TextfileSettings>,
}

/// Folders of files with metrics.
#[settings]
pub(crate) struct TextfileSettings {
    /// The folders whose files `*.prom` are read, without those inside them.
    folders: Vec<PathBuf>,
    /// How large a file may be, 1 GiB at most.
    #[default(Size::mib(1))]
    max_size: Size,
    /// How many series are shown, of all files together. Those over it are left out and counted.
    #[default(5_000)]
    max_series: usize,
}

struct Textfile {
    folders: Vec<PathBuf>,
    max_size: Size,
    mirror: Mirror,
    mtime: Family<Gauge, 1>,
    error: Gauge,
    refused: Gauge,
    left_out: Gauge,
    /// What was wrong the last time, so that it is logged once.
    complaints: BTreeMap<PathBuf, String>,
}

impl Component for Textfile {
    type Settings = Settings;
    const ASKED_BY: Option<&'static str> = Some("textfile");

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        let settings = settings
            .textfile
            .ok_or_else(|| Error::settings("textfile is not set"))?;
        if let Some(folder) = settings.folders.iter().find(|folder| !folder.is_absolute()) {
            let message = format!("textfile.folders has {}", folder.display());
            return Err(Error::settings(message).remedy("write a path that begins with /"));
        }
        let instance = context.host().instance();
        // One for each instance; without instances the label is empty, which is the same as none.
        let of_instance = |name, help| -> Result<Gauge> {
            Ok(context.gauges(name, help, ["source"])?.with([&instance]))
        };
        Ok(Self {
            folders: settings.folders,
            max_size: held::in_memory("textfile.max_size", settings.max_size)?,
            mirror: Mirror::new(context, settings.max_series),
            mtime: context.gauges(
                "node_textfile_mtime_seconds",
                "When a file that was read was last written, in seconds since 1970.",
                ["file"],
            )?,
            error: of_instance(
                "node_textfile_scrape_error",
                "Whether a folder or a file could not be read: 1 or 0.",
            )?,
            refused: of_instance(
                "exec_textfile_files_refused",
                "Files and folders that could not be read.",
            )?,
            left_out: of_instance(
                "exec_textfile_series_left_out",
                "Series that could not be shown, because others bear their name or there are too many.",
            )?,
            complaints: BTreeMap::new(),
        })
    }
}

impl Collector for Textfile {
    fn collect(&mut self, deadline: Deadline) -> Result<()> {
        let mut complaints = BTreeMap::new();
        let mut merged = Merged::default();
        self.mtime.reset();
        for path in self.files(&mut complaints) {
            if deadline.has_passed() {
                return Err(Error::new(
                    gaxx_sdk::ErrorKind::Deadline,
                    "there was no time to read all files",
                )
                .remedy("write fewer or smaller files, or raise the deadline of the component"));
            }
            match file::read(&path, self.max_size) {
                Ok(file) => {
                    self.mtime.with([&path.to_string_lossy()]).set(file.mtime);
                    merged.add(file.families, &path);
                }
                // It was renamed or removed since the folder was listed.
                Err(Unusable::Gone) => {}
                Err(error) => drop(complaints.insert(path, error.to_string())),
            }
        }
        self.complain(complaints);
        let refused = self.complaints.len();
        self.refused.set(refused as f64);
        self.error.set(if refused > 0 { 1.0 } else { 0.0 });
        let unshown = self.mirror.show(&merged.families, "a file of metrics");
        self.left_out.set((merged.left_out + unshown) as f64);
        Ok(())
    }
}

impl Textfile {
    /// The files `*.prom`, ascending by name within each folder.
    fn files(&self, complaints: &mut BTreeMap<PathBuf, String>) -> Vec<PathBuf> {
        let mut all = Vec::new();
        for folder in &self.folders {
            match list(folder) {
                Ok(files) => all.extend(files),
                Err(error) => drop(complaints.insert(folder.clone(), error.to_string())),
            }
        }
        all
    }

    fn complain(&mut self, complaints: BTreeMap<PathBuf, String>) {
        for (path, complaint) in &complaints {
            if self.complaints.get(path) != Some(complaint) {
                warn!("{} is passed over: {complaint}", path.display());
            }
        }
        self.complaints = complaints;
    }
}

fn list(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "prom")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
