//! Decides which libraries are loaded where names meet.

use std::{
    collections::{HashMap, HashSet},
    fs,
};

use super::{
    Inspected,
    error::{LoadError, Refusal},
};

/// What to load.
#[derive(Debug, Default)]
pub struct Resolved {
    /// The libraries to load, in the order in which they were found.
    pub load: Vec<Inspected>,
    /// Those that share their name with another library.
    pub refused: Vec<LoadError>,
    /// Names of built-in plugins in whose place a library is loaded; say so to the operator.
    pub replaced: Vec<String>,
}

/// Refuses both of two libraries that bear one name: there is no telling which is meant. A library
/// that bears a built-in's name takes its place. A file that was found by two ways, such as a
/// folder given twice, counts once.
pub fn resolve(mut candidates: Vec<Inspected>, builtins: &[&str]) -> Resolved {
    let mut seen = HashSet::new();
    candidates.retain(|library| {
        let real = fs::canonicalize(&library.file);
        seen.insert(real.unwrap_or_else(|_| library.file.clone()))
    });
    let mut paths: HashMap<String, Vec<_>> = HashMap::new();
    for candidate in &candidates {
        let same_name = paths.entry(candidate.name.clone()).or_default();
        same_name.push(candidate.file.clone());
    }
    let mut resolved = Resolved::default();
    for candidate in candidates {
        let other = paths[&candidate.name]
            .iter()
            .find(|path| **path != candidate.file);
        if let Some(other) = other {
            let refusal = Refusal::Duplicate {
                name: candidate.name,
                other: other.clone(),
            };
            resolved
                .refused
                .push(LoadError::new(&candidate.file, refusal));
            continue;
        }
        if builtins.contains(&candidate.name.as_str()) {
            resolved.replaced.push(candidate.name.clone());
        }
        resolved.load.push(candidate);
    }
    resolved
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn library(file: &str, name: &str) -> Inspected {
        Inspected {
            file: file.into(),
            name: name.into(),
            version: "1".into(),
            description: String::new(),
            sdk: String::new(),
            abi: (1, 0),
            flags: 0,
            digest: blake3::hash(file.as_bytes()),
            size: 1,
            signed_by: None,
        }
    }

    #[test]
    fn two_of_one_name_are_both_refused_and_name_each_other() {
        let found = vec![
            library("a.so", "disk"),
            library("b.so", "net"),
            library("c.so", "disk"),
        ];
        let resolved = resolve(found, &[]);
        let loaded: Vec<_> = resolved.load.iter().map(|l| l.name.as_str()).collect();
        assert_eq!(loaded, ["net"]);
        let refused: Vec<_> = resolved.refused.iter().map(ToString::to_string).collect();
        assert!(refused[0].starts_with("a.so: c.so is a plugin named \"disk\" too"));
        assert!(refused[1].starts_with("c.so: a.so is a plugin named \"disk\" too"));
    }

    #[test]
    fn a_file_found_twice_counts_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.so");
        fs::write(&file, "").unwrap();
        let again = folder.path().join(".").join("a.so");
        let found = [&file, &again, &file].map(|path| library(path.to_str().unwrap(), "disk"));
        let resolved = resolve(found.into(), &[]);
        assert_eq!(resolved.load.len(), 1);
        assert!(resolved.refused.is_empty());
    }

    #[test]
    fn a_library_replaces_a_builtin_and_that_is_reported() {
        let resolved = resolve(vec![library("a.so", "system")], &["system", "pprof"]);
        assert_eq!(resolved.load.len(), 1);
        assert_eq!(resolved.replaced, ["system"]);
        assert!(resolved.refused.is_empty());
    }
}
