//! `If-Match`, `If-None-Match` and `If-Range` (RFC 9110, section 13.1).

use gaxx_sdk::Request;

use crate::{
    entity::Entity,
    refusal::{Reason, Refusal},
};

/// What a request demands of the file as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Conditions {
    matches: Option<Tags>,
    matches_none: Option<Tags>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Tags {
    Any,
    /// Entity tags with their quotes, and `W/` in front of weak ones.
    These(Vec<String>),
}

impl Conditions {
    pub(crate) fn read(request: &Request) -> Self {
        Self {
            matches: request.header("if-match").map(Tags::parse),
            matches_none: request.header("if-none-match").map(Tags::parse),
        }
    }

    /// Whether there must be no file yet: `If-None-Match: *`.
    pub(crate) fn wants_new(&self) -> bool {
        self.matches_none == Some(Tags::Any)
    }

    /// Refuses where they do not hold of what is there.
    pub(crate) fn check(&self, there: Option<&Entity>) -> Result<(), Refusal> {
        let refused =
            |message: &str, remedy: &str| Err(Refusal::new(Reason::Precondition, message, remedy));
        if let Some(tags) = &self.matches
            && !there.is_some_and(|entity| tags.name(&entity.tag, true))
        {
            return refused(
                "the file is not the one that If-Match names",
                "get it again, and send what is to become of it now",
            );
        }
        if self.is_known(there) {
            return refused(
                "the file is there, and If-None-Match says that it must not be",
                "leave the header out to replace it",
            );
        }
        Ok(())
    }

    /// Whether the caller has what is there: `If-None-Match` names it.
    pub(crate) fn is_known(&self, there: Option<&Entity>) -> bool {
        match (&self.matches_none, there) {
            (Some(tags), Some(entity)) => tags.name(&entity.tag, false),
            _ => false,
        }
    }

    /// Only `If-Match`: for downloads, where a file that the caller has is no fault.
    pub(crate) fn check_match(&self, there: &Entity) -> Result<(), Refusal> {
        let only = Self {
            matches: self.matches.clone(),
            matches_none: None,
        };
        only.check(Some(there))
    }
}

impl Tags {
    fn parse(header: &str) -> Self {
        if header.trim() == "*" {
            return Self::Any;
        }
        let tags = header.split(',').map(|tag| tag.trim().to_owned());
        Self::These(tags.collect())
    }

    /// Whether one of them is `tag`, which is strong.
    fn name(&self, tag: &str, strong: bool) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|one| {
                let weak = one.strip_prefix("W/");
                one == tag || (!strong && weak == Some(tag))
            }),
        }
    }
}

/// `If-Range`: whether a range of the file may be sent, or all of it must be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RangeCondition<'a>(pub(crate) Option<&'a str>);

impl RangeCondition<'_> {
    /// Holds without the header, where it names this file by its tag, and where it is its date.
    pub(crate) fn holds(self, entity: &Entity) -> bool {
        let Some(condition) = self.0.map(str::trim) else {
            return true;
        };
        let date = entity.modified.http_date();
        condition == entity.tag || date.is_some_and(|date| date == condition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{Kind, Moment};

    fn entity() -> Entity {
        Entity {
            kind: Kind::File,
            size: 1,
            allocated: 0,
            mode: 0o644,
            modified: Moment {
                seconds: 0,
                nanos: 0,
            },
            tag: "\"a-1\"".to_owned(),
        }
    }

    fn conditions(matches: Option<&str>, none: Option<&str>) -> Conditions {
        Conditions {
            matches: matches.map(Tags::parse),
            matches_none: none.map(Tags::parse),
        }
    }

    #[test]
    fn what_is_demanded_holds_or_not() {
        let entity = entity();
        for (matches, none, there, holds) in [
            (None, None, false, true),
            (Some("*"), None, true, true),
            (Some("*"), None, false, false),
            (Some("\"x\", \"a-1\""), None, true, true),
            (Some("W/\"a-1\""), None, true, false),
            (Some("\"x\""), None, true, false),
            (None, Some("*"), true, false),
            (None, Some("*"), false, true),
            (None, Some("W/\"a-1\""), true, false),
            (None, Some("\"x\""), true, true),
        ] {
            let there = there.then_some(&entity);
            let checked = conditions(matches, none).check(there);
            assert_eq!(checked.is_ok(), holds, "{matches:?} {none:?} {there:?}");
        }
        assert!(conditions(None, Some("*")).wants_new());
    }

    #[test]
    fn a_range_is_of_the_file_that_was_meant() {
        let entity = entity();
        for (header, holds) in [
            (None, true),
            (Some("\"a-1\""), true),
            (Some("W/\"a-1\""), false),
            (Some("Thu, 01 Jan 1970 00:00:00 GMT"), true),
            (Some("Thu, 01 Jan 1970 00:00:01 GMT"), false),
        ] {
            assert_eq!(RangeCondition(header).holds(&entity), holds, "{header:?}");
        }
    }
}
