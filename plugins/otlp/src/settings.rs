//! Settings, and what becomes of them with the environment's.

use std::{collections::BTreeMap, path::PathBuf};

use gaxx_sdk::{
    client::{self, Secret},
    prelude::*,
};

use crate::environment::{Environment, pairs};

/// Where receivers are by default, by HTTP and by gRPC.
const HTTP: &str = "http://localhost:4318";
const GRPC: &str = "http://localhost:4317";
/// The port of gRPC: who names it and no protocol means gRPC.
const GRPC_PORT: &str = ":4317";
/// What follows an endpoint by HTTP.
const PATH: &str = "/v1/metrics";

/// Settings under `exporters.otlp` in config.yaml. Each goes before the environment's variable.
#[settings]
pub(crate) struct Settings {
    /// Where the receiver is, such as `http://127.0.0.1:4318`; the path `/v1/metrics` is added where
    /// it is not there. Without it `OTEL_EXPORTER_OTLP_ENDPOINT`, else `http://localhost:4318`.
    pub(crate) endpoint: Option<Secret>,
    /// The protocol: `http`, which is protocol buffers over HTTP, or `grpc`. Without it `OTEL_EXPORTER_OTLP_PROTOCOL`, else
    /// `grpc` for an endpoint with port 4317 and no path, and `http` for any other.
    pub(crate) protocol: Option<Protocol>,
    /// How requests are compressed: `gzip` or `none`. Without it `OTEL_EXPORTER_OTLP_COMPRESSION`, else `gzip`.
    pub(crate) compression: Option<Compression>,
    /// The longest that one request may take. Without it `OTEL_EXPORTER_OTLP_TIMEOUT`, else as long as
    /// `deadline` leaves.
    pub(crate) timeout: Option<Duration>,
    /// How many points one request holds at most. A batch with more becomes several.
    #[default(5_000)]
    #[schemars(range(min = 1))]
    pub(crate) max_points: usize,
    /// More attributes of the resource, such as `deployment.environment.name`.
    #[default]
    pub(crate) resource: BTreeMap<String, String>,
    #[serde(flatten)]
    pub(crate) client: client::Settings,
}

/// How the receiver is spoken to.
#[settings]
pub(crate) enum Protocol {
    Http,
    Grpc,
}

/// How requests are compressed.
#[settings]
pub(crate) enum Compression {
    Gzip,
    None,
}

/// How the receiver is reached.
#[derive(Debug)]
pub(crate) struct Reach {
    /// By HTTP with its path.
    pub(crate) url: Secret,
    pub(crate) protocol: Protocol,
    pub(crate) compression: Compression,
    pub(crate) timeout: Duration,
    pub(crate) client: client::Settings,
}

impl Reach {
    /// What settings and environment say together.
    pub(crate) fn new(settings: Settings, environment: &Environment) -> Result<Self> {
        let protocol = match settings.protocol {
            Some(protocol) => Some(protocol),
            None => environment.option("PROTOCOL").map(protocol).transpose()?,
        };
        let url = |text: &str| {
            let insecure = environment.option("INSECURE") == Some("true");
            if text.contains("://") || protocol != Some(Protocol::Grpc) {
                text.to_owned()
            } else {
                // gRPC's targets need no scheme.
                format!("{}://{text}", if insecure { "http" } else { "https" })
            }
        };
        // Of these two only the one for metrics alone is taken as it is.
        let (url, is_whole) = match (&settings.endpoint, environment) {
            (Some(endpoint), _) => (url(endpoint.reveal()), false),
            (None, it) => match (
                it.get("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"),
                it.get("OTEL_EXPORTER_OTLP_ENDPOINT"),
            ) {
                (Some(own), _) => (url(own), true),
                (None, Some(all)) => (url(all), false),
                (None, None) if protocol == Some(Protocol::Grpc) => (GRPC.to_owned(), true),
                (None, None) => (HTTP.to_owned(), false),
            },
        };
        let Some(("http" | "https", rest)) = url.split_once("://") else {
            return Err(Error::settings(
                "endpoint does not begin with http:// or https://",
            ));
        };
        let protocol = protocol.unwrap_or_else(|| {
            if rest.trim_end_matches('/').ends_with(GRPC_PORT) {
                Protocol::Grpc
            } else {
                Protocol::Http
            }
        });
        let url = if protocol == Protocol::Http && !is_whole {
            with_path(&url)
        } else {
            url
        };
        Ok(Self {
            url: url.into(),
            protocol,
            compression: match settings.compression {
                Some(compression) => compression,
                None => environment
                    .option("COMPRESSION")
                    .map_or(Ok(Compression::Gzip), compression)?,
            },
            timeout: match settings.timeout {
                Some(timeout) => timeout,
                None => environment
                    .option("TIMEOUT")
                    .map_or(Ok(Duration::MAX), timeout)?,
            },
            client: client(settings.client, environment)?,
        })
    }
}

fn with_path(url: &str) -> String {
    let base = url.trim_end_matches('/');
    if base.ends_with(PATH) {
        return base.to_owned();
    }
    format!("{base}{PATH}")
}

/// The settings of the client, with what the environment has and they have not.
fn client(mut own: client::Settings, environment: &Environment) -> Result<client::Settings> {
    // Those for all first: the later ones go before.
    let headers = [
        "OTEL_EXPORTER_OTLP_HEADERS",
        "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
    ];
    let mut all: BTreeMap<String, Secret> = BTreeMap::new();
    for name in headers {
        let Some(text) = environment.get(name) else {
            continue;
        };
        // What is wrong with it may be a secret.
        let read = pairs(text).map_err(|_| {
            Error::settings(format!("{name} is not KEY=VALUE,KEY=VALUE")).remedy("mend or unset it")
        })?;
        all.extend(read.into_iter().map(|(key, value)| (key, value.into())));
    }
    let proves = own.bearer_token_file.is_some() || own.basic.is_some();
    all.retain(|name, _| {
        let is_own = own.headers.keys().any(|own| own.eq_ignore_ascii_case(name));
        let is_proof = name.eq_ignore_ascii_case("authorization");
        !(is_own || proves && is_proof)
    });
    own.headers.extend(all);
    let file = |own: &mut Option<PathBuf>, name: &str| {
        if own.is_none() {
            *own = environment.option(name).map(PathBuf::from);
        }
    };
    file(&mut own.tls.ca, "CERTIFICATE");
    file(&mut own.tls.certificate, "CLIENT_CERTIFICATE");
    file(&mut own.tls.key, "CLIENT_KEY");
    Ok(own)
}

fn protocol(text: &str) -> Result<Protocol> {
    match text {
        "http/protobuf" => Ok(Protocol::Http),
        "grpc" => Ok(Protocol::Grpc),
        other => Err(refused("PROTOCOL", other, "grpc or http/protobuf")),
    }
}

fn compression(text: &str) -> Result<Compression> {
    match text {
        "gzip" => Ok(Compression::Gzip),
        "none" => Ok(Compression::None),
        other => Err(refused("COMPRESSION", other, "gzip or none")),
    }
}

fn timeout(text: &str) -> Result<Duration> {
    match text.parse() {
        Ok(millis @ 1..) => Ok(Duration::from_millis(millis)),
        _ => Err(refused("TIMEOUT", text, "a number of milliseconds")),
    }
}

fn refused(option: &str, value: &str, wanted: &str) -> Error {
    let message = format!("OTEL_EXPORTER_OTLP_{option} is {value:?} and must be {wanted}");
    Error::settings(message).remedy("set it so, or unset it")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use gaxx_sdk::{json, serde_json};

    use super::*;

    fn reach<const N: usize>(
        settings: serde_json::Value,
        environment: [(&str, &str); N],
    ) -> Result<Reach> {
        let settings = serde_json::from_value(settings).unwrap();
        Reach::new(settings, &Environment::of(environment))
    }

    #[test]
    fn the_path_is_added_where_it_is_not_there() {
        for (endpoint, url) in [
            ("http://h:4318", "http://h:4318/v1/metrics"),
            ("http://h:4318/", "http://h:4318/v1/metrics"),
            ("https://h/otlp", "https://h/otlp/v1/metrics"),
            ("https://h/otlp/v1/metrics", "https://h/otlp/v1/metrics"),
        ] {
            let reach = reach(json!({ "endpoint": endpoint }), []).unwrap();
            assert_eq!((reach.url.reveal(), reach.protocol), (url, Protocol::Http));
        }
        let own = [("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://h/own")];
        assert_eq!(reach(json!({}), own).unwrap().url.reveal(), "http://h/own");
        let none = reach(json!({}), []).unwrap();
        assert_eq!(none.url.reveal(), "http://localhost:4318/v1/metrics");
    }

    #[test]
    fn grpc_is_asked_for_or_known_by_its_port() {
        for (settings, url) in [
            (json!({ "endpoint": "http://h:4317" }), "http://h:4317"),
            (
                json!({ "endpoint": "h:1", "protocol": "grpc" }),
                "https://h:1",
            ),
            (json!({ "protocol": "grpc" }), "http://localhost:4317"),
        ] {
            let reach = reach(settings, []).unwrap();
            assert_eq!((reach.url.reveal(), reach.protocol), (url, Protocol::Grpc));
        }
        let plain = [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "h:1"),
            ("OTEL_EXPORTER_OTLP_INSECURE", "true"),
        ];
        assert_eq!(reach(json!({}), plain).unwrap().url.reveal(), "http://h:1");
    }

    #[test]
    fn settings_go_before_the_environment() {
        let environment = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://other"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=1,authorization=Basic%20x"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "none"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca"),
        ];
        let theirs = reach(json!({}), environment).unwrap();
        assert_eq!(theirs.compression, Compression::None);
        assert_eq!(theirs.timeout, Duration::from_millis(2500));
        assert_eq!(theirs.client.headers["authorization"].reveal(), "Basic x");
        assert_eq!(theirs.client.tls.ca, Some("/ca".into()));
        let settings = json!({
            "endpoint": "http://own", "compression": "gzip", "timeout": "1s",
            "headers": { "A": "2" }, "bearer_token_file": "/token", "tls": { "ca": "/own" },
        });
        let own = reach(settings, environment).unwrap();
        assert!(own.url.reveal().starts_with("http://own/"));
        assert_eq!(
            (own.compression, own.timeout),
            (Compression::Gzip, Duration::from_secs(1))
        );
        assert_eq!(own.client.headers.keys().collect::<Vec<_>>(), ["A"]);
        assert_eq!(own.client.tls.ca, Some("/own".into()));
    }

    #[test]
    fn what_cannot_be_used_is_named_and_secrets_are_not() {
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "hunter2"),
        ] {
            let error = reach(json!({}), [(name, value)]).unwrap_err();
            assert!(error.message().contains(name), "{error}");
            assert!(!error.message().contains("hunter2"));
        }
        assert!(reach(json!({ "endpoint": "ftp://x" }), []).is_err());
    }
}
