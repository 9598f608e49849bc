//! `plugins install`: verified libraries into a plugin folder.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use serde::Serialize;

use super::{configured, examine, say_json, verify::shown};
use crate::{
    cli::{
        arguments::{Common, RowFormat},
        load::refuse,
        style,
    },
    config::Config,
    loader::{InstallError, install},
};

/// A library that is in its place.
#[derive(Serialize)]
struct Row {
    name: String,
    version: String,
    file: PathBuf,
    /// The version it took the place of.
    replaced: Option<String>,
}

/// Answers whether all were installed. One that is refused keeps none of the others from it.
pub(super) fn run(
    common: &Common,
    files: &[PathBuf],
    to: Option<&Path>,
    format: RowFormat,
) -> Result<bool, ExitCode> {
    let (source, config) = configured(common)?;
    let folders = source.folders(&config);
    let Some(folder) = to.or(folders.first().map(PathBuf::as_path)) else {
        return Err(refuse(
            &"there is no plugin folder; name one with --to or --plugins, or set plugins.folders",
        ));
    };
    let mut rows = Vec::new();
    for file in files {
        match put(file, folder, &folders, &config) {
            Ok(row) => {
                if format == RowFormat::Text {
                    print(&row);
                }
                rows.push(row);
            }
            Err(error) => {
                refuse(&error);
            }
        }
    }
    if format == RowFormat::Json {
        say_json(&rows);
    }
    Ok(rows.len() == files.len())
}

fn put(
    file: &Path,
    folder: &Path,
    folders: &[PathBuf],
    config: &Config,
) -> Result<Row, InstallError> {
    let library = examine(file, config);
    let new = library.verdict()?;
    let max_size = config.limits.max_library_size.bytes();
    let installed = install(&library, folder, folders, max_size)?;
    Ok(Row {
        name: new.name.clone(),
        version: new.version.clone(),
        file: installed.file,
        replaced: installed.replaced,
    })
}

fn print(row: &Row) {
    let file = shown(&row.file);
    let replaced = match &row.replaced {
        None => String::new(),
        Some(same) if *same == row.version => ", in place of the same version".to_owned(),
        Some(old) => format!(", in place of {old}"),
    };
    style::say(&format!(
        "{} {} is installed as {file}{replaced}\n",
        row.name, row.version
    ));
}
