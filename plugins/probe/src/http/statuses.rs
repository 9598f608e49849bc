//! Statuses of HTTP that are right.

use gaxx_sdk::prelude::*;

/// Statuses of HTTP that are right, as ranges.
pub(super) struct Statuses(Vec<(u16, u16)>);

impl Statuses {
    pub(super) fn read(texts: &[String]) -> Result<Self> {
        if texts.is_empty() {
            return Err(Error::settings("http.status is empty").remedy("leave it out, or name one"));
        }
        let ranges = texts.iter().map(|text| {
            let (first, last) = text.split_once('-').unwrap_or((text, text));
            let both = [first, last].map(|status| status.trim().parse().ok());
            match both {
                [Some(first @ 100..=999), Some(last)] if first <= last => Ok((first, last)),
                _ => Err(Error::settings(format!("http.status: {text:?} is none"))
                    .remedy("write \"200\" or \"200-299\"")),
            }
        });
        Ok(Self(ranges.collect::<Result<_>>()?))
    }

    pub(super) fn contain(&self, status: u16) -> bool {
        let mut ranges = self.0.iter();
        ranges.any(|(first, last)| (*first..=*last).contains(&status))
    }
}
