//! How the machine is.

use std::{fs, path::Path};

use gaxx_sdk::serde_json::{Value, json};

/// How the machine is. What cannot be read is left out.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Facts {
    uptime: Option<f64>,
    /// Over one, five and fifteen minutes.
    load: Option<[f64; 3]>,
    memory: Option<Amount>,
    disk: Option<Amount>,
}

/// Bytes.
#[derive(Debug, PartialEq)]
struct Amount {
    free: u64,
    total: u64,
}

impl Facts {
    /// Reads them; the disk is that of the folder.
    pub(super) fn read(folder: &Path) -> Self {
        let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let disk = rustix::fs::statvfs(folder).ok().map(|disk| Amount {
            free: disk.f_bavail.saturating_mul(disk.f_frsize),
            total: disk.f_blocks.saturating_mul(disk.f_frsize),
        });
        Self {
            uptime: first_number(&text("/proc/uptime")),
            load: load(&text("/proc/loadavg")),
            memory: memory(&text("/proc/meminfo")),
            disk,
        }
    }

    pub(super) fn json(&self) -> Value {
        let free = |amount: &Option<Amount>| amount.as_ref().map(|amount| amount.free);
        let total = |amount: &Option<Amount>| amount.as_ref().map(|amount| amount.total);
        json!({
            "uptime_seconds": self.uptime,
            "load": self.load,
            "memory_free_bytes": free(&self.memory),
            "memory_total_bytes": total(&self.memory),
            "disk_free_bytes": free(&self.disk),
            "disk_total_bytes": total(&self.disk),
        })
    }
}

fn first_number(text: &str) -> Option<f64> {
    text.split_whitespace().next()?.parse().ok()
}

fn load(text: &str) -> Option<[f64; 3]> {
    let mut numbers = text.split_whitespace().map_while(|word| word.parse().ok());
    Some([numbers.next()?, numbers.next()?, numbers.next()?])
}

/// Free is what programs can have, caches that can be given up included.
fn memory(text: &str) -> Option<Amount> {
    let bytes = |name: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':')
            .trim()
            .strip_suffix(" kB")?
            .parse::<u64>()
            .ok()?
            .checked_mul(1024)
    };
    Some(Amount {
        free: bytes("MemAvailable")?,
        total: bytes("MemTotal")?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_files_of_the_kernel_are_understood() {
        assert_eq!(first_number("350735.47 234388.90\n"), Some(350_735.47));
        assert_eq!(
            load("0.20 0.18 0.12 1/80 11206\n"),
            Some([0.20, 0.18, 0.12])
        );
        let text = "MemTotal:       16 kB\nMemFree:         2 kB\nMemAvailable:    8 kB\n";
        assert_eq!(
            memory(text),
            Some(Amount {
                free: 8192,
                total: 16_384
            })
        );
    }

    #[test]
    fn this_machine_has_all_of_them() {
        let facts = Facts::read(Path::new("/"));
        assert!(facts.uptime.is_some() && facts.load.is_some(), "{facts:?}");
        assert!(facts.memory.is_some() && facts.disk.is_some(), "{facts:?}");
    }

    proptest! {
        #[test]
        fn no_text_is_too_much(text: String) {
            let _ = (first_number(&text), load(&text), memory(&text));
        }
    }
}
