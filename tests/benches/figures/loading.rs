//! Loading one plugin: checked, copied, opened, its layout compared, its manifest read.

use std::{
    fs, mem,
    path::Path,
    time::{Duration, Instant},
};

use abi_stable::library::RawLibrary;
use gaxx_core::loader::Loader;
use gaxx_tests::PluginFolder;

use crate::{Table, copies, held, spread::Spread};

const RUNS: usize = 20;
/// The first ones read the program's own part of the interface and touch its memory.
const WARM_UP: usize = 3;

pub(crate) fn measure(table: &mut Table) {
    let folder = PluginFolder::new();
    let (loader, state) = held::loader();
    let many = WARM_UP + RUNS;
    let ours = copies::write(&folder, 0..many);
    // The dynamic linker opens a path once, so these are others.
    let theirs = copies::write(&folder, many..2 * many);
    let (mut here, mut beside) = (Vec::new(), Vec::new());
    for (one, other) in ours.iter().zip(&theirs) {
        here.push(load(&loader, one));
        beside.push(bare(other, &state.path().join("copy")));
    }
    let of = |runs: &[[Duration; 2]], part: fn(&[Duration; 2]) -> Duration| {
        Spread::milliseconds(runs[WARM_UP..].iter().map(part))
    };
    let size = ours[0].metadata().unwrap().len() as f64 / 1e6;
    table.row(
        &format!("loading one plugin of {size:.1} MB, verified, warm"),
        &format!(
            "{} ms: to inspect it {:#}, to load it {:#}",
            of(&here, |[inspect, load]| *inspect + *load),
            of(&here, |[inspect, _]| *inspect),
            of(&here, |[_, load]| *load),
        ),
        &format!(
            "dlopen alone {} ms, writing a file of its size {} ms",
            of(&beside, |[open, _]| *open),
            of(&beside, |[_, write]| *write),
        ),
        "2 ms",
    );
}

/// How long it takes to inspect a library, and to load it.
fn load(loader: &Loader, library: &Path) -> [Duration; 2] {
    let (inspected, inspect) = timed(|| loader.inspect(library).unwrap());
    let (loaded, load) = timed(|| loader.load(&inspected).unwrap());
    assert_eq!(loaded.manifest.components.len(), 1);
    [inspect, load]
}

/// How long it takes to open a library without any check, and to write a copy of it.
fn bare(library: &Path, copy: &Path) -> [Duration; 2] {
    let (opened, open) = timed(|| RawLibrary::load_at(library).unwrap());
    // A library of Rust code is never unloaded.
    mem::forget(opened);
    let bytes = fs::read(library).unwrap();
    let ((), write) = timed(|| fs::write(copy, &bytes).unwrap());
    fs::remove_file(copy).unwrap();
    [open, write]
}

fn timed<T>(call: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = call();
    (result, start.elapsed())
}
