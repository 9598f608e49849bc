//! The threads of this process.

use std::fs;

use serde::Serialize;

use super::stat::Stat;

/// A thread, as the kernel sees it. CPU time comes in steps of a tick, a hundredth of a second.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Thread {
    /// Its number.
    pub id: u32,
    /// Its name, at most 15 bytes.
    pub name: String,
    /// One letter, as in `ps`: `R` runs, `S` sleeps, `D` waits for a device.
    pub state: String,
    /// CPU time, user and system together, in seconds.
    pub cpu_seconds: f64,
    /// Of that, in the program itself.
    pub user_seconds: f64,
    /// Of that, in the kernel.
    pub system_seconds: f64,
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
            // A thread that has just ended is no more. A name may be any bytes.
            let stat = fs::read(entry.path().join("stat")).ok()?;
            parse(id, &String::from_utf8_lossy(&stat))
        })
        .collect()
}

fn parse(id: u32, stat: &str) -> Option<Thread> {
    let stat = Stat::parse(stat)?;
    let (user_seconds, system_seconds) = (stat.seconds(14)?, stat.seconds(15)?);
    Some(Thread {
        id,
        name: stat.name.to_owned(),
        state: stat.field(3)?.to_owned(),
        cpu_seconds: user_seconds + system_seconds,
        user_seconds,
        system_seconds,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::thread;

    use super::*;

    #[test]
    fn a_thread_is_known_by_its_name_and_by_what_it_used() {
        let worked = || {
            let threads = list();
            let mut own = threads
                .into_iter()
                .filter(|one| one.name == "works (hard) b");
            own.next().map(|thread| (thread.state, thread.cpu_seconds))
        };
        let work = move || {
            loop {
                match worked() {
                    Some((state, seconds)) if seconds > 0.0 => return state,
                    _ => {}
                }
            }
        };
        let thread = thread::Builder::new().name("works (hard) b".to_owned());
        assert_eq!(thread.spawn(work).unwrap().join().unwrap(), "R");
    }

    #[test]
    fn times_are_of_user_and_system() {
        let ticks = rustix::param::clock_ticks_per_second();
        let line = format!(
            "7 (a) S 1 7 7 0 -1 0 0 0 0 0 {} {ticks} 0 0 20 0",
            ticks * 3
        );
        let thread = parse(7, &line).unwrap();
        let hundredths = |seconds: f64| format!("{seconds:.2}");
        let times = [
            thread.user_seconds,
            thread.system_seconds,
            thread.cpu_seconds,
        ];
        assert_eq!(times.map(hundredths), ["3.00", "1.00", "4.00"]);
        assert_eq!(parse(7, "7 (a) S 1 7"), None);
    }
}
