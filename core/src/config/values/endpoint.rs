//! The address of a remote service.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};

use super::secret::MASK;

/// A URL, or the empty text for none. What may be a credential in it (`user:password@` and the
/// query) is left out wherever it is shown.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Endpoint(String);

impl Endpoint {
    /// The whole URL. Do not log it, and put it into no error.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether none is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Endpoint {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = match self.0.split_once("://") {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => (None, self.0.as_str()),
        };
        let (location, query) = match rest.find(['?', '#']) {
            Some(at) => (&rest[..at], true),
            None => (rest, false),
        };
        let (host, path) = location.split_at(location.find('/').unwrap_or(location.len()));
        if let Some(scheme) = scheme {
            write!(f, "{scheme}://")?;
        }
        match host.rsplit_once('@') {
            Some((_, host)) => write!(f, "{MASK}@{host}{path}")?,
            None => write!(f, "{host}{path}")?,
        }
        if query { write!(f, "?{MASK}") } else { Ok(()) }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Endpoint {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Endpoint".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "writeOnly": true})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, shown: &str) {
        assert_eq!(Endpoint(url.into()).to_string(), shown);
    }

    #[test]
    fn credentials_are_left_out() {
        check("", "");
        check("http://127.0.0.1:4318/v1", "http://127.0.0.1:4318/v1");
        check("https://me:pw@host/v1", "https://<secret>@host/v1");
        check("https://me:p@w@host", "https://<secret>@host");
        check("https://host/v1?token=abc", "https://host/v1?<secret>");
        check("https://host?key=a@b", "https://host?<secret>");
        check("https://host/a@b", "https://host/a@b");
        check("me:pw@host:1", "<secret>@host:1");
    }
}
