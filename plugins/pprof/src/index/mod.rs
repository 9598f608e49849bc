//! The index of all profiles.

mod amounts;
mod escape;
mod template;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, fmt::Write};

use gaxx_sdk::serde_json::Value;

use self::{
    amounts::{bytes, count, span},
    escape::escape,
};
use crate::flamegraph::Part;

const PAGE: &str = include_str!("page.html");
/// What a shell command names where the request does not say under which name it found us.
const DEFAULT_HOST: &str = "127.0.0.1:6060";
/// The longest name of a host, with its port (RFC 1035, section 2.3.4).
const LONGEST_HOST: usize = 255 + 6;
/// For what is not known.
const NOTHING: &str = "–";

/// What the page loads beside what it shares with the flame graph.
pub(crate) const PARTS: [Part; 2] = [
    Part {
        name: "index.css",
        content_type: "text/css; charset=utf-8",
        text: include_str!("index.css"),
    },
    Part {
        name: "index.js",
        content_type: "text/javascript; charset=utf-8",
        text: include_str!("index.js"),
    },
];

/// What the page is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    /// The `Host` header of the request, if it has one. Nothing need be true of it.
    pub(crate) host: Option<&'a str>,
    /// What the host says of the process, [`STATISTICS`](gaxx_sdk::Process::Statistics). What it
    /// lacks is shown as not known.
    pub(crate) statistics: &'a Value,
}

/// The page as HTML.
pub(crate) fn page(facts: &Facts<'_>) -> String {
    template::fill(PAGE, |name| facts.value(name))
}

impl Facts<'_> {
    /// The HTML that stands for a name of the template; `None` for an unknown one.
    fn value(&self, name: &str) -> Option<String> {
        let shown = match name {
            "host" => escape(self.host()),
            "tasks" => self.count("/runtime/alive_tasks", "task", "tasks"),
            "threads" => self.count("/threads", "thread", "threads"),
            "alive_tasks" => self.bare("/runtime/alive_tasks"),
            "live_threads" => self.bare("/threads"),
            "process" => self.bare("/process_id"),
            "uptime" => self.seconds("/uptime_seconds"),
            "cpu" => self.seconds("/cpu_seconds"),
            "heap" => self.bytes("/heap/allocated"),
            "resident" => self.bytes("/resident_bytes"),
            "allocated" => self.allocated(),
            "plugins" => self.plugin_choice(),
            _ => return None,
        };
        Some(shown)
    }

    /// The host, where it looks like one: it goes into commands that people copy into a shell.
    fn host(&self) -> &str {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        let is_host = |host: &&str| {
            !host.is_empty()
                && !host.starts_with('-')
                && host.len() <= LONGEST_HOST
                && host.bytes().all(plain)
        };
        self.host.filter(is_host).unwrap_or(DEFAULT_HOST)
    }

    fn allocated(&self) -> String {
        match self.number("/heap/allocated_total") {
            Some(total) => format!("{} since the start", bytes(total)),
            None => NOTHING.to_owned(),
        }
    }

    /// The field of a form for choosing a process; nothing where there is but one.
    fn plugin_choice(&self) -> String {
        let plugins = self
            .statistics
            .pointer("/plugins")
            .and_then(Value::as_array);
        let names: BTreeSet<&str> = plugins
            .into_iter()
            .flatten()
            .filter(|plugin| plugin.get("process_id").is_some_and(Value::is_u64))
            .filter_map(|plugin| plugin.get("plugin")?.as_str())
            .collect();
        if names.is_empty() {
            return String::new();
        }
        let mut options = "<option value=\"\">gaxx-mon itself</option>".to_owned();
        for name in names.into_iter().map(escape) {
            // Writing to a string cannot fail.
            let _ = write!(options, "<option value=\"{name}\">plugin {name}</option>");
        }
        format!("<label>Process <select name=\"plugin\">{options}</select></label>")
    }

    fn bare(&self, pointer: &str) -> String {
        let number = self.number(pointer);
        number.map_or(NOTHING.to_owned(), |number| number.to_string())
    }

    fn count(&self, pointer: &str, one: &str, many: &str) -> String {
        let number = self.number(pointer);
        number.map_or(NOTHING.to_owned(), |number| count(number, one, many))
    }

    fn bytes(&self, pointer: &str) -> String {
        self.number(pointer).map_or(NOTHING.to_owned(), bytes)
    }

    fn seconds(&self, pointer: &str) -> String {
        let seconds = self.statistics.pointer(pointer).and_then(Value::as_f64);
        seconds.map_or(NOTHING.to_owned(), span)
    }

    fn number(&self, pointer: &str) -> Option<u64> {
        self.statistics.pointer(pointer)?.as_u64()
    }
}
