//! What is held in memory as a whole.

use gaxx_sdk::{Error, Result, Size};

/// The most that is held in memory at once: a gibibyte.
const MOST: Size = Size::mib(1024);

/// A size of something that is held in memory as a whole; an error that names `key` if it is more
/// than a gibibyte.
pub(crate) fn in_memory(key: &str, size: Size) -> Result<Size> {
    if size <= MOST {
        return Ok(size);
    }
    let message = format!("{key} is {size}, and all of it would be held in memory");
    Err(Error::settings(message).remedy(format!("set it to {MOST} at most")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn more_than_a_gibibyte_is_not_held() {
        assert_eq!(in_memory("a.b", MOST), Ok(MOST));
        let error = in_memory("a.b", Size::mib(1025)).unwrap_err().to_string();
        assert!(error.starts_with("a.b is 1025MiB"), "{error}");
        assert!(error.contains("1GiB at most"), "{error}");
    }
}
