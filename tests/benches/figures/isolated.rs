//! The same as in the program, in a process of its own.

use std::{
    fs::File,
    hint::black_box,
    io::{Read, Write},
    os::unix::net::UnixStream,
    thread,
    time::Instant,
};

use gaxx_abi::abi_std::RVec;
use gaxx_core::{
    instruments::Instruments,
    registry::{Limits, Registry},
    role::Role,
};
use gaxx_tests::{PluginFolder, Process};

use crate::{
    Table, copies, held,
    spread::{self, Spread},
};

const SERIES: u32 = 100;
const RUNS: usize = 15;
const CALLS: u32 = 5_000;
const CHILDREN: usize = 50;
/// Five seconds, in nanoseconds.
const DEADLINE: u64 = 5_000_000_000;

pub(crate) fn measure(table: &mut Table) {
    round_trip(table);
    children(table);
}

fn round_trip(table: &mut Table) {
    let (loader, _folder) = held::loader();
    let registry = Registry::new(Limits::default(), Instruments::new(Role::Main).registry);
    let isolated = held::isolated(&loader, &copies::original());
    let mut collector = held::of(&isolated.plugin, &registry, SERIES);
    let here = spread::nanoseconds(RUNS, CALLS, || {
        let mut points = RVec::new();
        collector
            .collect(DEADLINE, &mut points)
            .into_result()
            .unwrap();
        assert_eq!(black_box(&points).len(), SERIES as usize);
    });
    let beside = echo();
    let microseconds = |spread: &Spread| spread.map(|nanoseconds| nanoseconds / 1e3);
    table.row(
        "100 points across the ABI, in a child process",
        &format!("{} us", microseconds(&here)),
        &format!(
            "1.3 kB to and fro between two threads on a socket pair: {} us",
            microseconds(&beside)
        ),
        "25 us",
    );
}

/// As many bytes as the points take, asked for and sent on a socket pair, and nothing else.
fn echo() -> Spread {
    let (mut near, mut far) = UnixStream::pair().unwrap();
    let other = thread::spawn(move || {
        let mut ask = [0; 8];
        let told = [0; 1_300];
        while far.read_exact(&mut ask).is_ok() {
            far.write_all(&told).unwrap();
        }
    });
    let mut told = [0; 1_300];
    let spread = spread::nanoseconds(RUNS, CALLS, || {
        near.write_all(&[0; 8]).unwrap();
        near.read_exact(&mut told).unwrap();
    });
    drop(near);
    other.join().unwrap();
    spread
}

fn children(table: &mut Table) {
    let folder = PluginFolder::new();
    let (loader, _state) = held::loader();
    let registry = Registry::new(Limits::default(), Instruments::new(Role::Main).registry);
    let libraries = copies::write(&folder, 0..CHILDREN);
    let (mut times, mut children) = (Vec::new(), Vec::new());
    for library in &libraries {
        let begin = Instant::now();
        let isolated = held::isolated(&loader, library);
        let mut collector = held::of(&isolated.plugin, &registry, 1);
        let mut points = RVec::new();
        let collected = collector.collect(DEADLINE, &mut points);
        collected.into_result().unwrap();
        times.push(begin.elapsed());
        children.push((isolated, collector));
    }
    let pss = children.iter().map(|(isolated, _)| {
        let pid = isolated.status.pid().expect("the child runs");
        Process(pid).memory().pss
    });
    let (pss, times) = (Spread::of(pss), Spread::milliseconds(times));
    table.row(
        "a child process: checked, started, loaded, made, first collection",
        &format!("{times} ms"),
        &format!("posix_spawn of /bin/true, to its end: {} ms", bare()),
        "",
    );
    table.row(
        &format!("memory of a child (PSS), {CHILDREN} of them"),
        &format!("{pss} MB"),
        "",
        "reported",
    );
}

fn bare() -> Spread {
    Spread::milliseconds((0..CHILDREN).map(|_| {
        let begin = Instant::now();
        let null = File::open("/dev/null").unwrap();
        let mut child = std::process::Command::new("/bin/true")
            .stdin(null)
            .spawn()
            .unwrap();
        child.wait().unwrap();
        begin.elapsed()
    }))
}
