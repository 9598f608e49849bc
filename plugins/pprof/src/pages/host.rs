//! What the host tells of the process.

use gaxx_sdk::{
    Process,
    serde::de::DeserializeOwned,
    serde_json::{self, Value},
};

use super::{Visit, visit::soon};
use crate::refusal::Refusal;

impl Visit<'_> {
    /// What the host tells of the process.
    pub(super) fn process(&self, what: Process) -> Result<Value, Refusal> {
        self.told(what)
    }

    /// The same, read as something.
    pub(super) fn told<T: DeserializeOwned>(&self, what: Process) -> Result<T, Refusal> {
        let told = self.desk.host.process(what, soon());
        let told = told.map_err(Refusal::Host)?;
        let read = serde_json::from_slice(&told);
        read.map_err(|error| Refusal::Unreadable(error.to_string()))
    }
}

/// Go's name of an operating system and of an architecture, from the name of a target:
/// `x86_64-unknown-linux-gnu`.
pub(super) fn go_names(build: &Value) -> Option<(&'static str, &'static str)> {
    let target = build.get("target")?.as_str()?;
    let architecture = match target.split('-').next()? {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "riscv64gc" => "riscv64",
        "powerpc64le" => "ppc64le",
        "s390x" => "s390x",
        _ => return None,
    };
    target
        .contains("-linux-")
        .then_some(("linux", architecture))
}

#[cfg(test)]
mod tests {
    use gaxx_sdk::json;

    use super::go_names;

    #[test]
    fn targets_have_gos_names() {
        let names = |target: &str| go_names(&json!({ "target": target }));
        assert_eq!(names("x86_64-unknown-linux-gnu"), Some(("linux", "amd64")));
        assert_eq!(names("aarch64-unknown-linux-gnu"), Some(("linux", "arm64")));
        assert_eq!(names("x86_64-apple-darwin"), None);
        assert_eq!(names(""), None);
        assert_eq!(go_names(&json!({})), None);
    }
}
