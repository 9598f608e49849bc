//! What the kernel says of itself.

use std::ffi::CStr;

use gaxx_sdk::prelude::*;
use rustix::system::uname;

gaxx_sdk::component!(collector "uname" => Uname, "Name and version of the kernel and the machine.");

struct Uname {
    info: Family<Gauge, 6>,
}

impl Component for Uname {
    type Settings = NoSettings;

    fn new(_settings: NoSettings, context: &Context) -> Result<Self> {
        let info = context.gauges(
            "node_uname_info",
            "What the kernel says of itself, in the labels; always 1.",
            [
                "sysname",
                "release",
                "version",
                "machine",
                "nodename",
                "domainname",
            ],
        )?;
        Ok(Self { info })
    }
}

impl Collector for Uname {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        let uname = uname();
        let texts = [
            uname.sysname(),
            uname.release(),
            uname.version(),
            uname.machine(),
            uname.nodename(),
            uname.domainname(),
        ]
        .map(CStr::to_string_lossy);
        // The names of the host and its domain may change.
        self.info.reset();
        self.info.with(texts.each_ref().map(AsRef::as_ref)).set(1.0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    crate::golden::live_test!(Uname, "uname");

    #[test]
    fn tells_the_kernel() {
        let mut uname = gaxx_sdk::testing::collector::<Uname>(gaxx_sdk::json!({})).unwrap();
        let samples = uname.collect().unwrap();
        let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
        let labels = [("sysname", "Linux"), ("release", release.trim())];
        assert_eq!(samples.value("node_uname_info", &labels), Some(1.0));
    }
}
