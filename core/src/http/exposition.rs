//! Which form of the metrics a scraper gets.

use http::{HeaderMap, header::ACCEPT};

use super::quality::{Alternative, alternatives};
use crate::registry::{openmetrics, text};

/// A form of the metrics page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' text format, version 0.0.4.
    Text,
    /// `OpenMetrics`, version 1.0.
    OpenMetrics,
    /// Messages of `io.prometheus.client.MetricFamily`, each behind its length.
    Protobuf,
}

impl Format {
    /// The `Content-Type` of the answer.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => text::CONTENT_TYPE,
            Self::OpenMetrics => openmetrics::CONTENT_TYPE,
            Self::Protobuf => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
        }
    }

    /// The form these headers ask for, by the rules of `client_golang`: the most wanted of those
    /// we have, an earlier one among equals, and text where none is asked for. Where `OpenMetrics` is
    /// off it is passed over: Prometheus asks for it first, and takes text instead.
    pub fn wanted(headers: &HeaderMap, openmetrics: bool) -> Self {
        alternatives(headers, ACCEPT)
            .iter()
            .filter(|asked| asked.weight > 0)
            .filter_map(|asked| Some((asked.weight, Self::of(asked)?)))
            .filter(|(_, format)| openmetrics || *format != Self::OpenMetrics)
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
        if asked.is("application/openmetrics-text") {
            return (any_version || is("version", "1.0.0")).then_some(Self::OpenMetrics);
        }
        (asked.is("text/plain") && (any_version || is("version", "0.0.4"))).then_some(Self::Text)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const PROTOBUF: &str = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

    fn wanted(accept: &str) -> Format {
        let value = HeaderValue::try_from(accept).expect("a header");
        Format::wanted(&[(ACCEPT, value)].into_iter().collect(), false)
    }

    #[test]
    fn openmetrics_is_for_who_asks_for_it_where_it_is_on() {
        let wanted = |accept: &'static str| {
            let value = HeaderValue::from_static(accept);
            Format::wanted(&[(ACCEPT, value)].into_iter().collect(), true)
        };
        let prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        assert_eq!(wanted(prometheus), Format::OpenMetrics);
        assert_eq!(wanted("application/openmetrics-text"), Format::OpenMetrics);
        for text in [
            "application/openmetrics-text;version=0.0.1,text/plain;q=0.5",
            "application/openmetrics-text;version=1.0.0;q=0.4,text/plain;q=0.5",
            "*/*",
        ] {
            assert_eq!(wanted(text), Format::Text, "{text}");
        }
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
        assert_eq!(Format::wanted(&HeaderMap::new(), true), Format::Text);
    }
}
