//! `/debug/pprof/flamegraph`: a page for a browser, and what it draws.

use super::Visit;
use crate::{
    answer::{Answer, HTML, JSON},
    flamegraph::{FOLDER, Kind, PAGE, POLICY, Part, part},
    index,
    refusal::Refusal,
    symbols::Form,
};

pub(super) fn page(visit: &Visit<'_>) -> Result<Answer, Refusal> {
    let kind = visit.query.word("type", &["cpu", "heap", "allocs"])?;
    let kind = Kind::named(kind).unwrap_or(Kind::Cpu);
    // The page asks for the rest with these same parameters: better that it is told now.
    visit.wanted()?;
    if visit.query.purge()? && kind == Kind::Cpu {
        let message = "gc has nothing to do with a profile of the CPU";
        return Err(Refusal::parameter(
            message,
            "leave it out, or give type=heap",
        ));
    }
    if visit.query.word("format", &["html", "json"])? == "html" {
        return Ok(html(PAGE));
    }
    let (profiles, looked_at) = match kind {
        Kind::Cpu => (vec![visit.cpu_profile()?], None),
        Kind::Heap => (visit.heap_profiles()?, None),
        Kind::Allocs => (visit.heap_profiles()?, Some("alloc_space")),
    };
    let form = Form::FlameGraph {
        kind: kind.name().to_owned(),
    };
    Ok(Answer::new(JSON, visit.named(profiles, looked_at, form)?))
}

/// A page of HTML, which loads nothing but its own parts.
pub(super) fn html(page: &str) -> Answer {
    Answer::new(HTML, page).header("content-security-policy", POLICY)
}

/// What a page loads, by its path.
pub(crate) fn part_at(path: &str) -> Option<Answer> {
    let name = path.strip_prefix(FOLDER)?;
    let of_index = || index::PARTS.into_iter().find(|part| part.name == name);
    let Part {
        content_type, text, ..
    } = part(name).or_else(of_index)?;
    Some(Answer::new(content_type, text))
}
