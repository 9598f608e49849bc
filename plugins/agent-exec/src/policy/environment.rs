//! Which variables a command is given.

use std::{collections::BTreeMap, ffi::OsString};

use super::users::Account;

/// Variables that decide what code a program loads, or that are the agent's own.
const PREFIXES: [&str; 5] = ["LD_", "GAXX_", "DYLD_", "BASH_FUNC_", "GIT_"];
/// As above: those that glibc itself takes away from programs that gain privileges, and those by
/// which shells and languages load code.
const NAMES: [&str; 25] = [
    "BASH_ENV",
    "CLASSPATH",
    "ENV",
    "GCONV_PATH",
    "GETCONF_DIR",
    "GLIBC_TUNABLES",
    "HOSTALIASES",
    "JAVA_TOOL_OPTIONS",
    "LOCALDOMAIN",
    "LOCPATH",
    "MALLOC_TRACE",
    "NIS_PATH",
    "NLSPATH",
    "NODE_OPTIONS",
    "NODE_PATH",
    "PERL5LIB",
    "PERL5OPT",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "RESOLV_HOST_CONF",
    "RES_OPTIONS",
    "RUBYLIB",
    "RUBYOPT",
    "TZDIR",
];

/// Whether a variable is one that no request may set. A name that ends in `*` is one if it stands
/// for such a variable alone.
pub(super) fn is_the_loaders(name: &str) -> bool {
    PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || NAMES.contains(&name)
}

/// The names that a rule lets requests set.
#[derive(Debug, Clone)]
pub(super) enum Allowed {
    /// All but the loader's.
    All,
    /// These; one that ends in `*` stands for all that begin so.
    Names(Vec<String>),
}

impl Allowed {
    /// Whether a request may set this variable.
    pub(super) fn has(&self, name: &str) -> bool {
        let fits = |allowed: &String| match allowed.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == allowed,
        };
        let named = match self {
            Self::All => true,
            Self::Names(names) => names.iter().any(fits),
        };
        named && !is_the_loaders(name)
    }
}

/// All variables of a command: the usual few, what the rule sets, and what the request sets. What
/// the rule sets goes before what the request sets.
pub(super) fn of(
    path: String,
    account: &Account,
    rule: &BTreeMap<String, String>,
    request: &[(String, String)],
) -> Vec<(OsString, OsString)> {
    let usual = [
        ("PATH", path),
        ("HOME", account.home.clone()),
        ("USER", account.name.clone()),
        ("LOGNAME", account.name.clone()),
        ("LANG", "C.UTF-8".to_owned()),
    ];
    let mut all: BTreeMap<&str, &str> = usual
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    all.extend(
        request
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    );
    all.extend(
        rule.iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    );
    all.into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}
