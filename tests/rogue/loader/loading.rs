//! A whole library is loaded, and stays.

use std::{fs, sync::Arc, thread};

use gaxx_core::loader::{Scan, resolve, scan};

use crate::{Bench, rogue};

#[test]
fn it_is_found_inspected_and_loaded() {
    let bench = Bench::new();
    let path = bench.put("rogue.so", &rogue());
    assert_eq!(
        scan(bench.folder.path()),
        Ok(Scan::Found(vec![path.clone()]))
    );
    let inspected = bench.loader.inspect(&path).unwrap();
    assert_eq!(inspected.name, "rogue");
    assert_eq!(inspected.version, env!("CARGO_PKG_VERSION"));
    assert_eq!(inspected.description, "Misbehaves on purpose.");
    assert!(!inspected.sdk.is_empty());
    let resolved = resolve(vec![inspected.clone()], &[]);
    assert_eq!(resolved.load, [inspected]);

    let loaded = bench.loader.load(&resolved.load[0]).unwrap();
    assert_eq!(loaded.manifest.name, "rogue");
    let names: Vec<_> = loaded.manifest.components.iter().map(|c| &c.name).collect();
    for name in [
        "calm",
        "check-hangs",
        "export-panics",
        "pages",
        "bad-points",
    ] {
        assert!(
            names.iter().any(|n| n.as_str() == name),
            "{name}: {names:?}"
        );
    }
}

#[test]
fn the_same_bytes_are_loaded_once() {
    let bench = Bench::new();
    let path = bench.put("rogue.so", &rogue());
    let first = bench.load(&path).unwrap();
    let again = bench.load(&path).unwrap();
    assert!(Arc::ptr_eq(&first.plugin, &again.plugin));
}

#[test]
fn two_versions_live_beside_each_other() {
    let bench = Bench::new();
    let mut bytes = rogue();
    let first = bench.load(&bench.put("rogue.so", &bytes)).unwrap();
    // Behind all that is read, so that it is another file of the same meaning.
    bytes.push(0);
    let second = bench.load(&bench.put("rogue.so", &bytes)).unwrap();
    assert_ne!(first.inspected.digest, second.inspected.digest);
    assert!(!Arc::ptr_eq(&first.plugin, &second.plugin));
    assert_eq!(first.plugin.manifest(), second.plugin.manifest());
}

#[test]
fn what_becomes_of_the_file_and_its_copy_does_not_matter() {
    let bench = Bench::new();
    let path = bench.put("rogue.so", &rogue());
    let loaded = bench.load(&path).unwrap();
    let length = fs::metadata(&path).unwrap().len();
    fs::write(&path, vec![0; usize::try_from(length).unwrap()]).unwrap();
    fs::File::create(&path).unwrap();
    bench.loader.remove_copies();
    assert!(
        fs::read_dir(bench.folder.path().join("state/loaded"))
            .unwrap()
            .next()
            .is_none()
    );
    assert_eq!(loaded.plugin.manifest(), *loaded.manifest);
}

#[test]
fn many_threads_may_load_at_once() {
    let bench = Bench::new();
    let path = bench.put("rogue.so", &rogue());
    let inspected = bench.loader.inspect(&path).unwrap();
    let all: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| bench.loader.load(&inspected).unwrap()))
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert!(
        all.iter()
            .all(|one| Arc::ptr_eq(&one.plugin, &all[0].plugin))
    );
}
