//! The threads of this process.

use std::fs;

use serde::Serialize;

/// A thread, as the kernel sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Thread {
    /// Its number.
    pub id: u32,
    /// Its name, at most 15 bytes.
    pub name: String,
    /// One letter, as in `ps`: `R` runs, `S` sleeps, `D` waits for a device.
    pub state: String,
}

/// All threads; empty where /proc cannot be read.
pub fn list() -> Vec<Thread> {
    let Ok(entries) = fs::read_dir("/proc/self/task") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let id = entry.file_name().to_str()?.parse().ok()?;
            // A thread that has just ended is no more.
            parse(id, &fs::read_to_string(entry.path().join("stat")).ok()?)
        })
        .collect()
}

/// Reads a line of `/proc/PID/task/TID/stat` (see proc(5)): `id (name) state ...`.
fn parse(id: u32, stat: &str) -> Option<Thread> {
    let (_, rest) = stat.split_once('(')?;
    // The name may itself have brackets.
    let (name, rest) = rest.rsplit_once(')')?;
    let state = rest.split_whitespace().next()?;
    Some(Thread {
        id,
        name: name.to_owned(),
        state: state.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn this_thread_is_among_them() {
        let threads = list();
        assert!(
            threads.iter().any(|thread| thread.state == "R"),
            "{threads:?}"
        );
    }

    #[test]
    fn names_may_have_brackets() {
        let thread = parse(7, "7 (a) b) S 1 7 7").unwrap();
        assert_eq!((thread.name.as_str(), thread.state.as_str()), ("a) b", "S"));
        assert_eq!(parse(7, "7 (cut"), None);
    }
}
