//! The plugins that the shipped gaxx-mon binary links in: the one list of them.

// Named here so that the linker keeps them; `inventory` finds what is in them.
use gaxx_agent_exec as _;
use gaxx_exec as _;
use gaxx_file as _;
use gaxx_file_transfer as _;
use gaxx_otlp as _;
use gaxx_pprof as _;
use gaxx_probe as _;
use gaxx_remote_write as _;
use gaxx_system as _;
use gaxx_webhook as _;

use gaxx_sdk::abi::{PluginBox, abi_std::RVec};

/// All of them, as the same objects that a library gives.
pub fn plugins() -> RVec<PluginBox> {
    gaxx_sdk::linked()
}

/// The one of this name.
pub fn plugin(name: &str) -> Option<PluginBox> {
    gaxx_sdk::declare::linked_as(name)
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_is_found() {
        let names: Vec<String> = super::plugins()
            .iter()
            .map(|plugin| plugin.manifest().name.into())
            .collect();
        assert_eq!(
            names,
            [
                "agent-exec",
                "exec",
                "file",
                "file-transfer",
                "otlp",
                "pprof",
                "probe",
                "remote-write",
                "system",
                "webhook",
            ]
        );
    }
}
