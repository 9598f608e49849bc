//! Reading settings: typed, with defaults, and errors that name the key.

pub mod duration;

use serde::de::DeserializeOwned;

use crate::{Error, ErrorKind, Result, settings};

/// For a component that has nothing to configure.
#[settings]
pub struct NoSettings {}

/// What the expansion of the attribute needs to find by these names.
#[doc(hidden)]
pub mod names {
    pub use serde;
}

/// Reads settings from the JSON object that the host hands over.
pub(crate) fn read<T: DeserializeOwned>(json: &str) -> Result<T> {
    let mut reader = serde_json::Deserializer::from_str(json);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let reason = error.into_inner().to_string();
        // The position is one in the JSON, which nobody wrote.
        let reason = reason.split(" at line ").next().unwrap_or(&reason);
        let message = match path.as_str() {
            "." => reason.to_owned(),
            path => format!("{path}: {reason}"),
        };
        Error::new(ErrorKind::Settings, message)
            .remedy("`gaxx-mon check-config` shows where it stands and what is allowed")
    })
}

/// The JSON Schema of a settings type.
pub(crate) fn schema<T: schemars::JsonSchema>() -> String {
    schemars::schema_for!(T).to_value().to_string()
}
