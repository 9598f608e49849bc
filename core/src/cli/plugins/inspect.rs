//! `plugins inspect`: what libraries are, as their files tell.

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
        style, table,
    },
    loader::Inspected,
};

/// What a library's file tells without being loaded.
#[derive(Serialize)]
pub(super) struct Row {
    file: PathBuf,
    name: String,
    version: String,
    description: String,
    abi: String,
    /// The version of the SDK it was built with; empty where none was used.
    sdk: String,
    /// How it was built, in words.
    build: Vec<&'static str>,
    /// In bytes.
    size: u64,
    /// BLAKE3, as `plugins.trust.digests` takes it.
    digest: String,
    /// What would keep it from being loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

/// Answers whether all of them are plugins. One that would be refused can be a plugin.
pub(super) fn run(common: &Common, files: &[PathBuf], format: RowFormat) -> Result<bool, ExitCode> {
    let (_, config) = configured(common)?;
    let mut rows = Vec::new();
    let mut all = true;
    for file in files {
        let library = examine(file, &config);
        let refused = library.verdict().err();
        match (library.described(), refused) {
            (Some(described), refused) => {
                rows.push(Row::of(
                    file,
                    described,
                    refused.map(|error| error.to_string()),
                ));
            }
            (None, Some(refused)) => {
                all = false;
                refuse(&refused);
            }
            (None, None) => {}
        }
    }
    say(&rows, format);
    Ok(all)
}

/// Prints what libraries are.
pub(super) fn say(rows: &[Row], format: RowFormat) {
    match format {
        RowFormat::Json => say_json(rows),
        RowFormat::Text => {
            for row in rows {
                print(row);
            }
        }
    }
}

impl Row {
    pub(super) fn of(file: &Path, library: &Inspected, refused: Option<String>) -> Self {
        Self {
            file: file.to_owned(),
            name: library.name.clone(),
            version: library.version.clone(),
            description: library.description.clone(),
            abi: format!("{}.{}", library.abi.0, library.abi.1),
            sdk: library.sdk.clone(),
            build: library.build(),
            size: library.size,
            digest: library.digest.to_string(),
            refused,
        }
    }
}

fn print(row: &Row) {
    let heading = format!("{} {}", row.name, row.version);
    let heading = style::heading(&heading, style::colours());
    let sdk = if row.sdk.is_empty() { "none" } else { &row.sdk };
    let mut lines = vec![
        ("file", shown(&row.file)),
        ("description", row.description.clone()),
        ("ABI", row.abi.clone()),
        ("SDK", sdk.to_owned()),
        ("build", row.build.join(", ")),
        ("size", format!("{} bytes", row.size)),
        ("digest", row.digest.clone()),
    ];
    if let Some(refused) = &row.refused {
        lines.push(("refused", refused.clone()));
    }
    let lines: Vec<Vec<String>> = lines
        .into_iter()
        .map(|(name, text)| vec![String::new(), name.to_owned(), text])
        .collect();
    style::say(&format!("{heading}\n{}", table::format(&lines)));
}
