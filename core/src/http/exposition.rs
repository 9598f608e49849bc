//! Which form of the metrics a scraper gets.

use std::convert::Infallible;

use http::{HeaderMap, header::ACCEPT};
use warp::Filter;

use super::quality::{Alternative, alternatives};

/// A form of the metrics page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' text format, version 0.0.4.
    Text,
    /// Messages of `io.prometheus.client.MetricFamily`, each behind its length.
    Protobuf,
}

impl Format {
    /// The `Content-Type` of the answer.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::Protobuf => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
        }
    }

    /// The form these headers ask for, by the rules of `client_golang`: the most wanted of those
    /// we have, an earlier one among equals, and text where none is asked for. `OpenMetrics` is
    /// passed over, which Prometheus asks for first and takes text instead of.
    pub fn wanted(headers: &HeaderMap) -> Self {
        alternatives(headers, ACCEPT)
            .iter()
            .filter(|asked| asked.weight > 0)
            .filter_map(|asked| Some((asked.weight, Self::of(asked)?)))
            // The last of equal maxima wins, so the order is turned round.
            .rev()
            .max_by_key(|(weight, _)| *weight)
            .map_or(Self::Text, |(_, format)| format)
    }

    /// The form that an alternative names.
    fn of(asked: &Alternative<'_>) -> Option<Self> {
        let is = |name, value: &str| asked.parameter(name).is_some_and(|is| is == value);
        if asked.is("application/vnd.google.protobuf") {
            return (is("proto", "io.prometheus.client.MetricFamily")
                && is("encoding", "delimited"))
            .then_some(Self::Protobuf);
        }
        let any_version = asked.parameter("version").is_none();
        (asked.is("text/plain") && (any_version || is("version", "0.0.4"))).then_some(Self::Text)
    }
}

/// Extracts the form the request asks for.
pub fn wanted() -> impl Filter<Extract = (Format,), Error = Infallible> + Copy {
    warp::header::headers_cloned().map(|headers: HeaderMap| Format::wanted(&headers))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const PROTOBUF: &str = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

    fn wanted(accept: &str) -> Format {
        let value = HeaderValue::try_from(accept).expect("a header");
        Format::wanted(&[(ACCEPT, value)].into_iter().collect())
    }

    #[test]
    fn scrapers_get_the_form_they_prefer() {
        // What Prometheus 2.42 sends, without and with native histograms.
        let openmetrics = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75";
        assert_eq!(
            wanted(&format!(
                "{openmetrics},text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
            )),
            Format::Text
        );
        assert_eq!(
            wanted(&format!(
                "{PROTOBUF},{openmetrics};q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
            )),
            Format::Protobuf
        );
        for (accept, format) in [
            (String::new(), Format::Text),
            ("*/*".into(), Format::Text),
            ("text/html,application/json".into(), Format::Text),
            (PROTOBUF.into(), Format::Protobuf),
            (format!("{PROTOBUF};q=0"), Format::Text),
            (format!("{PROTOBUF};q=0.3,text/plain;q=0.7"), Format::Text),
            (
                format!("text/plain;q=0.3,{PROTOBUF};q=0.7"),
                Format::Protobuf,
            ),
            (format!("text/plain,{PROTOBUF}"), Format::Text),
            (format!("{PROTOBUF},text/plain"), Format::Protobuf),
            (
                format!("text/plain;version=1.0.0,{PROTOBUF};q=0.1"),
                Format::Protobuf,
            ),
            (PROTOBUF.replace("delimited", "text"), Format::Text),
            (PROTOBUF.replace("MetricFamily", "Other"), Format::Text),
        ] {
            assert_eq!(wanted(&accept), format, "{accept}");
        }
        assert_eq!(Format::wanted(&HeaderMap::new()), Format::Text);
    }
}
