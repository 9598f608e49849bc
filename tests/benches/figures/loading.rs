//! Loading one plugin: checked, copied, opened, its layout compared, its manifest read.

use std::{mem, path::Path, time::Instant};

use abi_stable::library::RawLibrary;
use gaxx_tests::PluginFolder;

use crate::{Table, copies, held, spread::Spread};

const RUNS: usize = 20;
/// The first ones read the program's own parts of the interface, and the allocator's first pages.
const WARM_UP: usize = 3;

pub(crate) fn measure(table: &mut Table) {
    let folder = PluginFolder::new();
    let (loader, _state) = held::loader();
    let many = WARM_UP + RUNS;
    let (mut inspect, mut load, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    let ours = copies::write(&folder, 0..many);
    // The dynamic linker opens a path once, so these are others.
    let theirs = copies::write(&folder, many..2 * many);
    for (one, other) in ours.iter().zip(&theirs) {
        let start = Instant::now();
        let inspected = loader.inspect(one).unwrap();
        inspect.push(start.elapsed());
        let start = Instant::now();
        let manifest = loader.load(&inspected).unwrap().manifest;
        load.push(start.elapsed());
        assert_eq!(manifest.components.len(), 1);
        bare.push(open(other));
    }
    let both = inspect
        .iter()
        .zip(&load)
        .map(|(inspect, load)| *inspect + *load);
    let both = Spread::milliseconds(both.skip(WARM_UP));
    let size = ours[0].metadata().unwrap().len() as f64 / 1e6;
    table.row(
        &format!("loading one plugin of {size:.1} MB, verified, warm"),
        &format!(
            "{both} ms: inspect {:#}, load {:#}",
            Spread::milliseconds(inspect.into_iter().skip(WARM_UP)),
            Spread::milliseconds(load.into_iter().skip(WARM_UP)),
        ),
        &format!(
            "dlopen alone: {} ms",
            Spread::milliseconds(bare.into_iter().skip(WARM_UP))
        ),
        "2 ms",
    );
}

/// Opens a library without any check.
fn open(path: &Path) -> std::time::Duration {
    let start = Instant::now();
    let library = RawLibrary::load_at(path).unwrap();
    let took = start.elapsed();
    // A library of Rust code is never unloaded.
    mem::forget(library);
    took
}
