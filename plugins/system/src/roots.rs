//! The settings that all components share.

use std::path::PathBuf;

use gaxx_sdk::settings;

/// Where the machine's files are found. A component with settings of its own repeats these, with
/// the same words, since all components of a plugin share one section of the configuration.
#[settings]
pub(crate) struct Roots {
    /// Where the kernel's process file system is mounted.
    #[default("/proc".into())]
    pub(crate) procfs: PathBuf,
    /// Where the kernel's device file system is mounted.
    #[default("/sys".into())]
    pub(crate) sysfs: PathBuf,
    /// Where the machine's root directory is found: in a container, where it is mounted.
    #[default("/".into())]
    pub(crate) rootfs: PathBuf,
}
