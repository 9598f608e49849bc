//! Users, as the files of the system name them. Directories (LDAP and the like) are not asked.

use std::{fs, path::PathBuf};

use crate::keeper::User;

/// Where users and groups are written.
#[derive(Debug, Clone)]
pub(super) struct Users {
    passwd: PathBuf,
    group: PathBuf,
    own: Account,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) uid: u32,
    gid: u32,
    pub(crate) home: String,
}

impl Users {
    /// Those of `/etc/passwd` and `/etc/group`.
    pub(super) fn system() -> Self {
        Self::of("/etc/passwd".into(), "/etc/group".into())
    }

    pub(super) fn of(passwd: PathBuf, group: PathBuf) -> Self {
        let (uid, gid) = (
            rustix::process::geteuid().as_raw(),
            rustix::process::getegid().as_raw(),
        );
        let unnamed = Account {
            name: uid.to_string(),
            uid,
            gid,
            home: "/".to_owned(),
        };
        let own = find(&passwd, &uid.to_string()).unwrap_or(unnamed);
        Self { passwd, group, own }
    }

    /// Whom the agent runs as.
    pub(super) fn own(&self) -> &Account {
        &self.own
    }

    /// The user of this name, or of this number.
    pub(super) fn find(&self, wanted: &str) -> Option<Account> {
        find(&self.passwd, wanted)
    }

    /// What a process must become to be this user; nothing where the agent is.
    pub(super) fn change(&self, account: &Account) -> Option<User> {
        if account.uid == self.own.uid {
            return None;
        }
        let text = fs::read_to_string(&self.group).unwrap_or_default();
        let member = |line: &str| {
            let fields: Vec<&str> = line.split(':').collect();
            let [_, _, gid, members] = fields[..] else {
                return None;
            };
            let gid = gid.parse().ok()?;
            members
                .split(',')
                .any(|name| name.trim() == account.name)
                .then_some(gid)
        };
        let mut groups: Vec<u32> = text
            .lines()
            .filter_map(member)
            .chain([account.gid])
            .collect();
        groups.sort_unstable();
        groups.dedup();
        Some(User {
            uid: account.uid,
            gid: account.gid,
            groups,
        })
    }
}

fn find(passwd: &std::path::Path, wanted: &str) -> Option<Account> {
    let text = fs::read_to_string(passwd).ok()?;
    let account = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, _, home, _] = fields[..] else {
            return None;
        };
        // The largest number means "no change" to the system, which would leave the agent's own.
        let number = |text: &str| text.parse().ok().filter(|number| *number != u32::MAX);
        Some(Account {
            name: name.to_owned(),
            uid: number(uid)?,
            gid: number(gid)?,
            home: home.to_owned(),
        })
    };
    let all: Vec<Account> = text.lines().filter_map(account).collect();
    let named = all.iter().find(|account| account.name == wanted);
    let numbered = || {
        wanted
            .parse()
            .ok()
            .and_then(|uid: u32| all.iter().find(|account| account.uid == uid))
    };
    named.or_else(numbered).cloned()
}
