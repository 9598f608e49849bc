//! The pages below `/debug`: their names, parameters, and who makes them.

mod absent;
mod build;
mod cmdline;
mod cpu;
mod flame;
mod gc;
mod goroutine;
mod heap;
mod host;
mod index;
mod stats;
mod symbol;
mod threads;
mod visit;

use std::iter;

pub(crate) use flame::part_at;
pub(crate) use visit::{Desk, Visit};

use crate::{
    answer::{Answer, HTML, JSON, PROFILE, TEXT},
    refusal::Refusal,
};

/// The folder of profiles.
pub(crate) const FOLDER: &str = "/debug/pprof/";
/// What stands for all paths that are no page, in metrics.
pub(crate) const NO_PAGE: &str = "none";

/// A page.
pub(crate) struct Page {
    /// Its path below [`FOLDER`], or below `/debug/` for those that are no profile.
    pub(crate) name: &'static str,
    /// What may stand behind the question mark.
    pub(crate) parameters: &'static [&'static str],
    /// What it usually is.
    pub(crate) content_type: &'static str,
    /// Whether making it may take longer than a moment, so that it needs a thread.
    pub(crate) is_long: bool,
    pub(crate) serve: fn(&Visit<'_>) -> Result<Answer, Refusal>,
}

/// The index.
pub(crate) const INDEX: Page = quick("index", &[], HTML, index::page);
/// What the process is like.
pub(crate) const STATS: Page = quick("stats", &[], JSON, stats::page);
/// Gives memory back.
pub(crate) const GC: Page = long("gc", &[], JSON, gc::page);
/// What the program was built from.
pub(crate) const BUILD: Page = quick("build", &[], JSON, build::page);
/// Names of addresses.
pub(crate) const SYMBOL: Page = long("symbol", &[], TEXT, symbol::page);

/// What is below [`FOLDER`].
static PROFILES: [Page; 11] = [
    long(
        "allocs",
        &["debug", "gc", "plugin", "seconds"],
        PROFILE,
        heap::allocs,
    ),
    absent("block"),
    quick("cmdline", &[], TEXT, cmdline::page),
    long(
        "flamegraph",
        &["format", "gc", "hz", "plugin", "seconds", "type"],
        HTML,
        flame::page,
    ),
    quick("goroutine", &["debug"], PROFILE, goroutine::page),
    long(
        "heap",
        &["debug", "gc", "plugin", "seconds"],
        PROFILE,
        heap::heap,
    ),
    absent("mutex"),
    long("profile", &["hz", "plugin", "seconds"], PROFILE, cpu::page),
    SYMBOL,
    quick("threadcreate", &["debug"], PROFILE, threads::page),
    absent("trace"),
];

/// The page of this name below [`FOLDER`].
pub(crate) fn profile(name: &str) -> Option<&'static Page> {
    PROFILES.iter().find(|page| page.name == name)
}

/// A line that names all pages.
pub(crate) fn list() -> String {
    let names: Vec<&str> = PROFILES.iter().map(|page| page.name).collect();
    format!("{FOLDER} has {}", names.join(", "))
}

/// The names of all pages, for metrics.
pub(crate) fn labels() -> impl Iterator<Item = &'static str> {
    let others = [&INDEX, &STATS, &GC, &BUILD].map(|page| page.name);
    let all = PROFILES.iter().map(|page| page.name).chain(others);
    all.chain(iter::once(NO_PAGE))
}

type Serve = fn(&Visit<'_>) -> Result<Answer, Refusal>;

const fn quick(
    name: &'static str,
    parameters: &'static [&'static str],
    content_type: &'static str,
    serve: Serve,
) -> Page {
    Page {
        name,
        parameters,
        content_type,
        is_long: false,
        serve,
    }
}

const fn long(
    name: &'static str,
    parameters: &'static [&'static str],
    content_type: &'static str,
    serve: Serve,
) -> Page {
    Page {
        is_long: true,
        ..quick(name, parameters, content_type, serve)
    }
}

/// A profile of Go's that there is no equivalent of. Whatever it is asked for, that is the answer.
const fn absent(name: &'static str) -> Page {
    quick(name, absent::PARAMETERS, TEXT, absent::page)
}
