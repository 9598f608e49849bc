//! A health check that the outside tests can turn red.

use std::path::PathBuf;

use gaxx_sdk::prelude::*;

/// Unhealthy while a file exists; the file's text is its message.
struct Switch {
    file: PathBuf,
}

impl Component for Switch {
    type Settings = NoSettings;
    const INTERVAL: Option<Duration> = Some(Duration::from_secs(1));

    fn new(_settings: NoSettings, _context: &Context) -> Result<Self> {
        // Not a setting: a test should need no configuration file to use it.
        let file = std::env::var_os("SWITCH_FILE").unwrap_or_default();
        Ok(Self { file: file.into() })
    }
}

impl HealthCheck for Switch {
    fn check(&mut self, _deadline: Deadline) -> Result<Verdict> {
        Ok(match std::fs::read_to_string(&self.file) {
            Ok(message) => Verdict::unhealthy(message),
            Err(_) => Verdict::healthy("The file is not there."),
        })
    }
}

gaxx_sdk::plugin! {
    name = "switch";
    description = "A health check that the outside tests can turn red.";
    check "switch" => Switch;
}
