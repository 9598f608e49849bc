//! Loads a checked copy and enters it. This is the loader's only unsafe code.
//!
//! Nothing loaded is ever unloaded: thread-local destructors, caches of layouts and whatever the
//! plugin handed out point into it.
#![allow(unsafe_code)]

use std::path::Path;

use abi_stable::{
    StableAbi,
    abi_stability::abi_checking::{
        AbiInstabilityErrors, CheckingGlobals, check_layout_compatibility_with_globals,
    },
    library::{AbiHeaderRef, LibHeader, LibraryError, ROOT_MODULE_LOADER_NAME_WITH_NUL},
    type_layout::TypeLayout,
};
use gaxx_abi::{PluginBox, PluginLibraryRef};
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

use super::{
    difference::{self, Expected},
    error::Refusal,
};

/// Loads a library and makes its plugin. Runs the library's code.
///
/// `copy` is a private copy of bytes that were checked.
pub(super) fn enter(copy: &Path) -> Result<PluginBox, Refusal> {
    // SAFETY: loading runs the library's constructors. What can be known of them was checked: the
    // file is whole, carries the ABI note, and only root or this user can have written it, whose
    // code this process runs anyway.
    let library = unsafe { Library::open(Some(copy), RTLD_NOW | RTLD_LOCAL) }
        .map_err(|error| Refusal::Dlopen(linker_message(&error, copy)))?;
    let header = header(&library)?;
    // From here on it stays mapped as long as the process lives, which makes `'static` true of all
    // that the library hands out.
    std::mem::forget(library);

    let header: &'static LibHeader = header.upgrade().map_err(|error| entry(&error))?;
    let found = header
        .layout()
        .ok_or_else(|| Refusal::Layout("the library does not say what its interface is".into()))?;
    compatible(PluginLibraryRef::LAYOUT, found)?;
    // SAFETY: the layout was checked just now.
    let root = unsafe { header.init_root_module_with_unchecked_layout::<PluginLibraryRef>() }
        .map_err(|error| entry(&error))?;

    let mut plugins = root.plugins()();
    match (plugins.len(), plugins.pop()) {
        (1, Some(plugin)) => Ok(plugin),
        (many, _) => Err(Refusal::Entry(format!(
            "it holds {many} plugins in place of one"
        ))),
    }
}

/// The exported header, whose first part says whether the rest can be read.
fn header(library: &Library) -> Result<AbiHeaderRef, Refusal> {
    let name = ROOT_MODULE_LOADER_NAME_WITH_NUL.as_bytes();
    // SAFETY: only the address is used here, whatever lies there.
    let address = unsafe { library.get::<*const ()>(name) }.map_err(|_| Refusal::NoRoot)?;
    if address.is_null() {
        return Err(Refusal::NoRoot);
    }
    // SAFETY: the symbol is not null. Its name belongs to abi_stable, which puts a `LibHeader`
    // there in every version; `upgrade` compares the magic string and version before it reads on.
    let header = unsafe { library.get::<AbiHeaderRef>(name) }.map_err(|_| Refusal::NoRoot)?;
    Ok(*header)
}

/// Whether host and plugin can talk: one of them may know methods and fields that the other does
/// not, as long as those are at the end.
fn compatible(host: &'static TypeLayout, plugin: &'static TypeLayout) -> Result<(), Refusal> {
    let Err(newer) = fits(host, plugin) else {
        return Ok(());
    };
    // The check takes its first argument for the smaller interface, and says yes to a plugin as
    // new as the host or newer. An older one must be fit for what the host has. Every call then
    // asks the table it was given whether the method is there, and takes the default if not.
    let Err(older) = fits(plugin, host) else {
        return Ok(());
    };
    // The comparison with fewer differences is the one that fits its age.
    let is_older = older.errors.len() < newer.errors.len();
    Err(Refusal::Layout(if is_older {
        difference::first(&older, Expected::Plugins)
    } else {
        difference::first(&newer, Expected::Hosts)
    }))
}

/// Whether `larger` can be used where `smaller` is asked for.
///
/// Each comparison begins anew. `abi_stable` would keep what it has seen for all later ones, and
/// then refuse a plugin as new as the host because an older one was loaded before it.
fn fits(
    smaller: &'static TypeLayout,
    larger: &'static TypeLayout,
) -> Result<(), AbiInstabilityErrors> {
    check_layout_compatibility_with_globals(smaller, larger, &CheckingGlobals::new())
}

fn entry(error: &LibraryError) -> Refusal {
    Refusal::Entry(match error {
        LibraryError::InvalidAbiHeader(found) => format!(
            "it is built with abi_stable {}.{}",
            found.abi_major, found.abi_minor
        ),
        LibraryError::InvalidCAbi { .. } => "its C calling convention differs".into(),
        LibraryError::IncompatibleVersionNumber { actual_version, .. } => {
            format!("it is built with gaxx-abi {actual_version}")
        }
        LibraryError::RootModule { .. } => "its entry function failed".into(),
        other => one_line(&other.to_string()),
    })
}

/// The linker's words without the copy's path, which nobody knows.
fn linker_message(error: &libloading::Error, copy: &Path) -> String {
    let text = error.to_string();
    let path = copy.to_string_lossy();
    one_line(text.replace(&*path, "").trim_start_matches([':', ' ']))
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut line = words.join(" ");
    if let Some((end, _)) = line.char_indices().nth(300) {
        line.truncate(end);
        line.push('…');
    }
    line
}
