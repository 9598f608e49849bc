//! Times as JSON and people have them.

use std::time::SystemTime;

/// RFC 3339 in UTC with milliseconds: `2001-09-09T01:46:40.000Z`.
pub fn rfc3339(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}
