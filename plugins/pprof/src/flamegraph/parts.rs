//! The page and its parts, which are linked in.

use crate::index;

/// The path below which the parts are.
pub(crate) const FOLDER: &str = "/debug/pprof/flamegraph/";
/// The `Content-Security-Policy` of every page: its own parts and nothing else, and nobody may
/// frame it.
pub(crate) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";
/// The page. It reads what to show from its own address: `type`, `seconds`, `hz`, `plugin`, `gc`.
pub(crate) const PAGE: &str = include_str!("page.html");

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A file that a page loads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) text: &'static str,
}

macro_rules! parts {
    ($($name:literal: $content_type:expr),* $(,)?) => {
        &[$(Part { name: $name, content_type: $content_type, text: include_str!($name) }),*]
    };
}

const PARTS: &[Part] = parts! {
    "chart.js": SCRIPT,
    "chart.css": CSS,
    "details.js": SCRIPT,
    "dom.js": SCRIPT,
    "fetching.js": SCRIPT,
    "format.js": SCRIPT,
    "keys.js": SCRIPT,
    "main.js": SCRIPT,
    "palette.js": SCRIPT,
    "style.css": CSS,
    "table.js": SCRIPT,
    "tree.js": SCRIPT,
};

/// The part of this name, which follows [`FOLDER`] in its path.
pub(crate) fn part(name: &str) -> Option<Part> {
    let mut parts = PARTS.iter().chain(&index::PARTS);
    parts.find(|part| part.name == name).copied()
}
