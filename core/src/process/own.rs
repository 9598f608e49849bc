//! What the kernel says of this process.

use std::fs;

use rustix::process::{Resource, getrlimit};

use super::stat::Stat;

/// What the kernel says of this process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    /// CPU time, user and system together, in seconds.
    pub cpu_seconds: f64,
    /// Memory that is there, in bytes.
    pub resident_bytes: u64,
    /// Address space, in bytes.
    pub virtual_bytes: u64,
    /// Threads.
    pub threads: u64,
    /// When it started, in seconds since the machine did.
    pub started_seconds: f64,
    /// Open file descriptors.
    pub open_fds: u64,
    /// How many it may have; nothing where there is no limit.
    pub max_fds: Option<u64>,
}

/// The figures of this moment; nothing where /proc cannot be read.
pub fn usage() -> Option<Usage> {
    let open_fds = fs::read_dir("/proc/self/fd").ok()?.count() as u64;
    read("/proc/self/stat").map(|usage| Usage {
        // The listing itself has one open.
        open_fds: open_fds.saturating_sub(1),
        max_fds: getrlimit(Resource::Nofile).current,
        ..usage
    })
}

/// The figures of another process, without those of descriptors, which are zero.
pub fn usage_of(process: u32) -> Option<Usage> {
    read(&format!("/proc/{process}/stat"))
}

/// How long this process has been there, in seconds, to the hundredth; nothing where /proc cannot
/// be read.
pub fn age() -> Option<f64> {
    let up = fs::read_to_string("/proc/uptime").ok()?;
    let up: f64 = up.split_whitespace().next()?.parse().ok()?;
    let started = read("/proc/self/stat")?.started_seconds;
    // The two are rounded apart, and their difference shows how doubles are made.
    Some(((up - started).max(0.0) * 100.0).round() / 100.0)
}

fn read(stat: &str) -> Option<Usage> {
    let stat = fs::read(stat).ok()?;
    let page = rustix::param::page_size() as u64;
    parse(&String::from_utf8_lossy(&stat), page)
}

fn parse(stat: &str, page: u64) -> Option<Usage> {
    let stat = Stat::parse(stat)?;
    Some(Usage {
        cpu_seconds: stat.seconds(14)? + stat.seconds(15)?,
        resident_bytes: stat.number(24)?.saturating_mul(page),
        virtual_bytes: stat.number(23)?,
        threads: stat.number(20)?,
        started_seconds: stat.seconds(22)?,
        open_fds: 0,
        max_fds: None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_fields_are_those_of_the_manual() {
        let ticks = rustix::param::clock_ticks_per_second();
        let [cpu, started] = [ticks, ticks * 42];
        let stat =
            format!("7 (a) b) S 1 7 7 0 -1 0 0 0 0 0 {cpu} {cpu} 0 0 20 0 3 0 {started} 8192 2 0");
        let usage = parse(&stat, 4096).unwrap();
        assert_eq!((usage.cpu_seconds, usage.threads), (2.0, 3));
        assert_eq!((usage.virtual_bytes, usage.resident_bytes), (8192, 8192));
        assert_eq!((usage.started_seconds, usage.open_fds), (42.0, 0));
        assert_eq!(parse("7 (cut", 4096), None);
    }

    #[test]
    fn this_process_has_memory_and_threads() {
        let usage = usage().unwrap();
        assert!(usage.resident_bytes > 0 && usage.threads >= 1 && usage.open_fds >= 3);
        assert!(usage.max_fds.is_none_or(|most| most >= usage.open_fds));
    }

    #[test]
    fn this_process_is_younger_than_the_machine() {
        let (before, after) = (age().unwrap(), age().unwrap());
        assert!(before <= after, "{before} {after}");
        let up = fs::read_to_string("/proc/uptime").unwrap();
        assert!(after <= up.split_whitespace().next().unwrap().parse().unwrap());
    }
}
