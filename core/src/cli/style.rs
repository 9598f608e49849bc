//! Colours, on a terminal only.

use std::io::{self, IsTerminal, Write};

/// Whether standard output takes colours: a terminal, and `NO_COLOR` is not set.
pub(super) fn colours() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty())
}

/// Writes to standard output. A reader that has gone has all it wants.
pub(super) fn say(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

/// The text in the colour of the state it names.
pub(super) fn state(text: &str, colours: bool) -> String {
    let code = match text {
        "healthy" | "running" | "ok" => "32",
        "degraded" | "unknown" | "late" => "33",
        "unhealthy" | "failed" | "stuck" => "31",
        _ => "2",
    };
    if colours {
        format!("\x1b[{code}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}

/// The text as a heading.
pub(super) fn heading(text: &str, colours: bool) -> String {
    if colours {
        format!("\x1b[1m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}
