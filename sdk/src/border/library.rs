//! The one symbol of a plugin library.
//!
//! It stands here, in the SDK, and every library that links the SDK exports it.
#![allow(
    // What the attribute expands to is an exported symbol.
    unsafe_code,
    missing_docs,
    unreachable_pub
)]

use abi_stable::prefix_type::PrefixTypeTrait;
use gaxx_abi::{PluginBox, PluginLibrary, PluginLibraryRef, abi_std::RVec};

use crate::declare;

#[abi_stable::export_root_module]
pub fn library() -> PluginLibraryRef {
    PluginLibrary { plugins }.leak_into_prefix()
}

extern "C" fn plugins() -> RVec<PluginBox> {
    declare::linked()
}
