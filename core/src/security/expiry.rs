//! The last day of a token.

use std::{
    str::FromStr,
    time::{Duration, SystemTime},
};

use thiserror::Error;

/// The end of a day in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry(SystemTime);

/// A text that is no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("is no day; write it as `2030-12-31`")]
pub struct NoDay;

impl Expiry {
    /// Whether the day is over.
    pub fn is_over(self, now: SystemTime) -> bool {
        now >= self.0
    }
}

impl FromStr for Expiry {
    type Err = NoDay;

    /// Reads `YYYY-MM-DD`, a day from 1970 on.
    fn from_str(text: &str) -> Result<Self, NoDay> {
        const DAY: Duration = Duration::from_hours(24);
        let shape = |(at, byte): (usize, u8)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        };
        if text.len() != 10 || !text.bytes().enumerate().all(shape) {
            return Err(NoDay);
        }
        let begin = humantime::parse_rfc3339(&format!("{text}T00:00:00Z")).map_err(|_| NoDay)?;
        // A day that the month does not have is not taken for one of the next month.
        if !humantime::format_rfc3339_seconds(begin)
            .to_string()
            .starts_with(text)
        {
            return Err(NoDay);
        }
        begin.checked_add(DAY).map(Self).ok_or(NoDay)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_last_day_counts_to_its_end() {
        let expiry: Expiry = "2030-12-31".parse().unwrap();
        let at = |text| humantime::parse_rfc3339(text).unwrap();
        assert!(!expiry.is_over(at("2030-12-31T23:59:59Z")));
        assert!(expiry.is_over(at("2031-01-01T00:00:00Z")));
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in [
            "",
            "2030",
            "2030-13-01",
            "2030-02-30",
            "2031-02-29",
            "31.12.2030",
            "2030-12-31T00",
            "2030-1-1",
            "1969-12-31",
            "２030-12-3",
            "0000-00-00",
        ] {
            assert_eq!(text.parse::<Expiry>(), Err(NoDay), "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[0-9-]{0,12}|.*") {
            let _ = text.parse::<Expiry>();
        }
    }
}
