//! Health checks of other things, without writing a plugin.
//!
//! Nothing here runs before the configuration asks for it: each check is made only where the section, or
//! an instance of it, has the key that bears the check's name.

mod disk;
mod dns;
mod file;
mod http;
mod pattern;
mod process;
mod slowness;
mod tcp;
#[cfg(test)]
mod tests;
mod threshold;

gaxx_sdk::plugin! {
    name = "probe";
    description = "Health checks of HTTP, TCP, DNS, processes, files, disks and any metric.";
}

/// Settings that are not there: the host makes a check only where they are.
fn not_set(key: &str) -> gaxx_sdk::Error {
    gaxx_sdk::Error::settings(format!("{key} is not set"))
}
