//! What a verification says.

use std::path::PathBuf;

use serde::Serialize;

/// How many findings are told one by one; of more only the number.
pub(super) const MOST_FINDINGS: usize = 100;

/// What a verification says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Files that were read.
    pub files: u64,
    /// Lines that are records.
    pub records: u64,
    /// The first record that is there.
    pub first: Option<u64>,
    /// The last one.
    pub last: Option<u64>,
    /// The hash of the last line: together with its number an anchor for a later verification.
    pub hash: Option<String>,
    /// What is wrong, the first hundred.
    pub findings: Vec<Finding>,
    /// How many more findings there are.
    pub more_findings: u64,
    /// What is worth knowing and not wrong.
    pub notes: Vec<String>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file.
    pub file: PathBuf,
    /// The line in it, from 1; none where it is the file as a whole.
    pub line: Option<u64>,
    /// A word for it: `anchor`, `changed`, `cut`, `damage`, `head`, `missing`, `name`, `order` or
    /// `text`.
    pub kind: &'static str,
    /// What is wrong.
    pub text: String,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty()
    }
}
