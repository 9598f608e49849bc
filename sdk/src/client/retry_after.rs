//! `Retry-After`, as RFC 9110, section 10.2.3 has it.

use std::time::{Duration, SystemTime};

/// Longer than that nobody is left alone: what waits is lost by then.
const LONGEST: Duration = Duration::from_hours(1);

/// How long the receiver wants to be left alone: a number of seconds, or a date.
pub(super) fn read(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    let time = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        // A date that has passed asks for nothing.
        Err(_) => httpdate::parse_http_date(text)
            .ok()?
            .duration_since(now)
            .unwrap_or_default(),
    };
    Some(time.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_number_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let read = |text| read(text, now).map(|time| time.as_secs());
        assert_eq!(read("120"), Some(120));
        assert_eq!(read("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
        assert_eq!(read("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0));
        assert_eq!(read("99999999999"), Some(3600));
        for none in ["", "soon", "-1", "1.5"] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
