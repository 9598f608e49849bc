//! What the kernel says of this process.

use std::fs;

use rustix::process::{Resource, getrlimit};

/// What the kernel says of this process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    /// CPU time, user and system together, in seconds.
    pub cpu_seconds: f64,
    /// Memory that is there, in bytes.
    pub resident_bytes: f64,
    /// Address space, in bytes.
    pub virtual_bytes: f64,
    /// Threads.
    pub threads: f64,
    /// When it started, in seconds since the machine did.
    pub started_seconds: f64,
    /// Open file descriptors.
    pub open_fds: f64,
    /// How many it may have.
    pub max_fds: f64,
}

/// The figures of this moment; nothing where /proc cannot be read.
pub fn usage() -> Option<Usage> {
    let open_fds = fs::read_dir("/proc/self/fd").ok()?.count();
    // The listing itself has one open.
    let open_fds = open_fds.saturating_sub(1) as f64;
    let max_fds = getrlimit(Resource::Nofile)
        .current
        .map_or(f64::INFINITY, |most| most as f64);
    read("/proc/self/stat").map(|usage| Usage {
        open_fds,
        max_fds,
        ..usage
    })
}

/// The figures of another process, without those of descriptors, which are zero.
pub fn usage_of(process: u32) -> Option<Usage> {
    read(&format!("/proc/{process}/stat"))
}

fn read(stat: &str) -> Option<Usage> {
    let stat = fs::read_to_string(stat).ok()?;
    let ticks = rustix::param::clock_ticks_per_second() as f64;
    let page = rustix::param::page_size() as f64;
    parse(&stat, ticks, page)
}

/// Reads a line of `/proc/PID/stat`; see proc(5) for the numbers of its fields.
fn parse(stat: &str, ticks: f64, page: f64) -> Option<Usage> {
    // The name, field 2, may hold anything, brackets too.
    let (_, rest) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
    Some(Usage {
        cpu_seconds: (field(14)? + field(15)?) / ticks,
        resident_bytes: field(24)? * page,
        virtual_bytes: field(23)?,
        threads: field(20)?,
        started_seconds: field(22)? / ticks,
        open_fds: 0.0,
        max_fds: 0.0,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn fields_are_counted_after_the_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 0 0 0 0 0 150 50 0 0 20 0 3 0 4200 8192 2 0";
        let usage = parse(stat, 100.0, 4096.0).unwrap();
        assert_eq!((usage.cpu_seconds, usage.threads), (2.0, 3.0));
        assert_eq!(
            (usage.virtual_bytes, usage.resident_bytes),
            (8192.0, 8192.0)
        );
        assert_eq!((usage.started_seconds, usage.open_fds), (42.0, 0.0));
        assert_eq!(parse("7 (cut", 100.0, 4096.0), None);
    }

    #[test]
    fn this_process_has_memory_and_threads() {
        let usage = usage().unwrap();
        assert!(usage.resident_bytes > 0.0 && usage.threads >= 1.0 && usage.open_fds >= 3.0);
    }
}
