//! Many plugins of one library.

use std::{
    fs,
    path::{Path, PathBuf},
};

use gaxx_tests::{PluginFolder, cdylib, rewritten};

/// The plugin's name in the library.
const NAME: &str = "load-000";

/// The name of the copy of this number.
pub(crate) fn name(number: usize) -> String {
    format!("load-{number:03}")
}

/// The library of the plugin `load-000`.
pub(crate) fn original() -> PathBuf {
    cdylib("gaxx-load")
}

/// Writes copies of these numbers into a folder of plugins, each a plugin of its own name: the name
/// in the file is replaced by another of the same length.
pub(crate) fn write(folder: &PluginFolder, numbers: std::ops::Range<usize>) -> Vec<PathBuf> {
    let library = read(&original());
    let copy = |number| {
        let name = name(number);
        let bytes = rewritten(&library, NAME, &name);
        folder.write(&format!("lib{name}.so"), &bytes, 0o755)
    };
    numbers.map(copy).collect()
}

fn read(library: &Path) -> Vec<u8> {
    fs::read(library).unwrap_or_else(|error| panic!("{}: {error}", library.display()))
}
