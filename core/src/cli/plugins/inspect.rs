//! `plugins inspect`: what libraries are, as their files tell.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use serde::Serialize;

use super::{
    configured, examine, say_json,
    settings::{ComponentRow, components},
    verify::shown,
};
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
    /// Only where it was loaded to say so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    components: Vec<ComponentRow>,
}

/// Answers whether all of them are plugins. One that would be refused can be a plugin.
pub(super) fn run(
    common: &Common,
    files: &[PathBuf],
    settings: bool,
    format: RowFormat,
) -> Result<bool, ExitCode> {
    let (source, config) = configured(common)?;
    let mut rows = Vec::new();
    let mut all = true;
    for file in files {
        let library = examine(file, &config);
        let refused = library.verdict().err();
        match (library.described(), refused) {
            (Some(described), refused) => {
                let is_refused = refused.is_some();
                let mut row = Row::of(file, described, refused.map(|error| error.to_string()));
                // What a start would not load is not loaded here.
                if settings && !is_refused {
                    row.components = components(described, &source, &config)?;
                }
                rows.push(row);
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
            components: Vec::new(),
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
    let mut lines: Vec<Vec<String>> = lines
        .into_iter()
        .map(|(name, text)| vec![String::new(), name.to_owned(), text])
        .collect();
    lines.extend(row.components.iter().flat_map(ComponentRow::lines));
    style::say(&format!("{heading}\n{}", table::format(&lines)));
}
