//! The log, on standard error.

use std::io::{self, IsTerminal, Write};

use prometheus::Counter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer,
    layer::{Context, SubscriberExt},
    util::SubscriberInitExt,
};

use super::arguments::LogFormat;
use crate::instruments::Instruments;

/// Starts the log. Every error in it counts as an error of the application.
pub(super) fn start(filter: &str, format: LogFormat, instruments: &Instruments) {
    // The configuration was checked; what it cannot have let through logs as usual.
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(|| OneLine(io::stderr()))
        .with_target(false);
    let lines = match format {
        LogFormat::Text => {
            let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            lines.with_ansi(colour).boxed()
        }
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let errors = CountErrors(instruments.seed.errors.clone());
    let started = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(errors)
        .try_init();
    if let Err(error) = started {
        eprintln!("the log could not be started: {error}");
    }
}

/// Writes each event as one line: no text in it may pass for another event.
struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    /// The log writes an event at a time, whole.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        // Escapes in texts were made harmless before; those that are left are the log's colours.
        let plain = |c: char| {
            if c.is_control() && c != '\x1b' {
                ' '
            } else {
                c
            }
        };
        let mut line: String = text.trim_end_matches('\n').chars().map(plain).collect();
        line.push('\n');
        self.0.write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

struct CountErrors(Counter);

impl<S: Subscriber> Layer<S> for CountErrors {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() == Level::ERROR {
            self.0.inc();
        }
    }

    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        Some(tracing::level_filters::LevelFilter::ERROR)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_event_is_one_line() {
        let mut log = OneLine(Vec::new());
        log.write_all(b"INFO a\r\nERROR forged\n").unwrap();
        log.write_all(b"INFO b\n").unwrap();
        assert_eq!(log.0, b"INFO a  ERROR forged\nINFO b\n");
    }
}
