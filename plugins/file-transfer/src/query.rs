//! What stands behind the question mark.

use crate::{
    address::decode,
    digest::Algorithm,
    refusal::{Reason, Refusal},
};

/// The most entries of a folder in one answer.
const MOST_ENTRIES: usize = 10_000;

/// What stands behind the question mark. Each key may be given once.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // Each is a key of its own.
pub(crate) struct Query {
    /// `stat`: what it is instead of what is in it.
    pub(crate) stat: bool,
    /// `tar`: a folder as one tar stream.
    pub(crate) tar: bool,
    /// `folder`: an empty folder is to be made.
    pub(crate) folder: bool,
    /// `parents`: missing folders above it are made.
    pub(crate) parents: bool,
    /// `recursive`: a folder is deleted with all that is in it.
    pub(crate) recursive: bool,
    /// `digest=blake3` or `digest=sha256`: that digest is wanted.
    pub(crate) digest: Option<Algorithm>,
    /// `after=NAME`: the entries whose names come after it.
    pub(crate) after: Vec<u8>,
    /// `limit=N`: at most so many entries, 1 to 10,000.
    pub(crate) limit: usize,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            stat: false,
            tar: false,
            folder: false,
            parents: false,
            recursive: false,
            digest: None,
            after: Vec::new(),
            limit: 1000,
        }
    }
}

impl Query {
    /// Reads it. What a key says that is not known is not passed over, since the caller means it.
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        let mut query = Self::default();
        let mut seen = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if seen.contains(&key) {
                return Err(refused(format!("the query has {key:?} twice")));
            }
            seen.push(key);
            query.set(key, value)?;
        }
        Ok(query)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), Refusal> {
        let flag = match key {
            "stat" => &mut self.stat,
            "tar" => &mut self.tar,
            "folder" => &mut self.folder,
            "parents" => &mut self.parents,
            "recursive" => &mut self.recursive,
            "digest" => {
                let algorithm = Algorithm::parse(value);
                let unknown = || refused(format!("digest is {value:?}"));
                self.digest = Some(algorithm.ok_or_else(unknown)?);
                return Ok(());
            }
            "after" => {
                self.after = decode(value)?;
                return Ok(());
            }
            "limit" => {
                let limit = value.parse().ok();
                let limit = limit.filter(|limit| (1..=MOST_ENTRIES).contains(limit));
                let wrong = || refused(format!("limit is {value:?}"));
                self.limit = limit.ok_or_else(wrong)?;
                return Ok(());
            }
            key => return Err(refused(format!("the query has {key:?}"))),
        };
        *flag = match value {
            "" | "true" | "1" => true,
            "false" | "0" => false,
            value => return Err(refused(format!("{key} is {value:?}"))),
        };
        Ok(())
    }
}

fn refused(message: String) -> Refusal {
    Refusal::new(
        Reason::Query,
        message,
        "there are stat, tar, folder, parents, recursive, digest=blake3|sha256, after=NAME and limit=1..10000",
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_read() {
        let query = Query::parse("stat&digest=sha256&after=a%FF&limit=5&parents=false").unwrap();
        let expected = Query {
            stat: true,
            digest: Some(Algorithm::Sha256),
            after: b"a\xff".to_vec(),
            limit: 5,
            ..Query::default()
        };
        assert_eq!(query, expected);
        assert_eq!(Query::parse("").unwrap(), Query::default());
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for text in [
            "x",
            "stat=maybe",
            "limit=0",
            "limit=10001",
            "digest=md5",
            "tar&tar",
            "after=%",
        ] {
            assert!(Query::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,60}|[a-z=&%0-9]{0,60}") {
            if let Ok(query) = Query::parse(&text) {
                prop_assert!((1..=MOST_ENTRIES).contains(&query.limit));
            }
        }
    }
}
