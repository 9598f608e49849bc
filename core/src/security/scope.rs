//! What a caller may do, as a scope that a route asks for.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Nothing: everyone may call it, also who has not said who he is.
    Open,
    /// See metrics, health and what else the monitoring pages show.
    Read,
    /// Run commands.
    Exec,
    /// Move files.
    Files,
    /// Run tasks.
    Tasks,
    /// Change how the program runs.
    Admin,
    /// Take profiles of the program.
    Profile,
}

/// A text that is no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("is no scope; use some of read, exec, files, tasks, admin, profile")]
pub struct UnknownScope;

impl Scope {
    /// All scopes. `open` is none that somebody could be granted: everyone has it.
    pub const ALL: [Self; 7] = [
        Self::Open,
        Self::Read,
        Self::Exec,
        Self::Files,
        Self::Tasks,
        Self::Admin,
        Self::Profile,
    ];

    /// The scope as configurations and manifests of plugins spell it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Read => "read",
            Self::Exec => "exec",
            Self::Files => "files",
            Self::Tasks => "tasks",
            Self::Admin => "admin",
            Self::Profile => "profile",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        let known = Self::ALL.into_iter().find(|scope| scope.label() == text);
        known.ok_or(UnknownScope)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// A set of scopes. `open` is in every one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// What everyone may.
    pub const NONE: Self = Self(Scope::Open.bit());

    /// What there is.
    pub const ALL: Self = Self((1 << Scope::ALL.len()) - 1);

    /// The set with one more.
    #[must_use]
    pub const fn with(self, scope: Scope) -> Self {
        Self(self.0 | scope.bit())
    }

    /// What is in one of the two sets.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the set has this scope.
    pub const fn contain(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// The scopes of the set that were granted; `open` is not listed.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL
            .into_iter()
            .filter(move |scope| *scope != Scope::Open && self.contain(*scope))
    }
}

impl Default for Scopes {
    fn default() -> Self {
        Self::NONE
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        scopes.into_iter().fold(Self::NONE, Self::with)
    }
}

/// The scopes with commas between them; `none` where nothing was granted.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for scope in self.iter() {
            write!(f, "{separator}{scope}")?;
            separator = ", ";
        }
        if separator.is_empty() {
            f.write_str("none")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_read_back_and_nothing_else_is_read() {
        for scope in Scope::ALL {
            assert_eq!(scope.label().parse(), Ok(scope));
        }
        for text in ["", "Read", "root", "read "] {
            assert_eq!(text.parse::<Scope>(), Err(UnknownScope), "{text:?}");
        }
    }

    #[test]
    fn a_set_has_what_was_put_in_and_open() {
        let set: Scopes = [Scope::Exec, Scope::Files].into_iter().collect();
        for scope in Scope::ALL {
            let granted = matches!(scope, Scope::Open | Scope::Exec | Scope::Files);
            assert_eq!(set.contain(scope), granted, "{scope}");
            assert!(Scopes::ALL.contain(scope), "{scope}");
        }
        assert_eq!(set.to_string(), "exec, files");
        assert_eq!(Scopes::NONE.to_string(), "none");
        let both = set.or(Scopes::NONE.with(Scope::Read));
        assert_eq!(both.to_string(), "read, exec, files");
    }
}
