//! The plugin's own metrics.

use gaxx_sdk::prelude::*;

use crate::{pages, refusal::Outcome};

/// The plugin's own metrics.
#[derive(Debug)]
pub(crate) struct Measures {
    requests: Vec<(&'static str, [Counter; Outcome::ALL.len()])>,
    unnamed: Counter,
}

impl Measures {
    pub(crate) fn new(context: &Context) -> Result<Self> {
        let requests = context.counters(
            "gaxx_pprof_requests_total",
            "Requests to the pages below /debug, by page and by what became of them.",
            ["page", "outcome"],
        )?;
        let of_page = |page: &'static str| {
            let [served, refused, failed, gone] =
                Outcome::ALL.map(|outcome| requests.try_with([page, outcome.label()]));
            Ok((page, [served?, refused?, failed?, gone?]))
        };
        Ok(Self {
            requests: pages::labels().map(of_page).collect::<Result<_>>()?,
            unnamed: context.counter(
                "gaxx_pprof_unnamed_profiles_total",
                "Profiles that were sent without names, since the helper that finds them failed.",
            )?,
        })
    }

    /// A request to this page has come to its end.
    pub(crate) fn answered(&self, page: &str, outcome: Outcome) {
        let counters = self.requests.iter().find(|(name, _)| *name == page);
        let place = Outcome::ALL.iter().position(|other| *other == outcome);
        if let (Some((_, counters)), Some(place)) = (counters, place)
            && let Some(counter) = counters.get(place)
        {
            counter.increment();
        }
    }

    /// A profile was sent without names.
    pub(crate) fn unnamed(&self) {
        self.unnamed.increment();
    }
}
