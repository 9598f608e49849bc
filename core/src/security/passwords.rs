//! Users with passwords, as Prometheus' web configuration has them.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    str::FromStr,
};

use bcrypt::HashParts;
use parking_lot::Mutex;

use super::{authorization::Login, tls::random};

/// Logins remembered as right, so that not every scrape costs a bcrypt.
const MAX_KNOWN: usize = 100;

/// Highest cost of a hash: a check of it takes some seconds already, and each step up doubles that.
const MAX_COST: u32 = 16;

/// The users, and which logins are known to be right. New users come as a new table, so what is
/// known never outlives its hash.
pub(super) struct Users {
    hashes: BTreeMap<String, String>,
    /// What the password of a user that does not exist is compared with: the dearest hash of all,
    /// so that the answer takes as long.
    decoy: String,
    /// Keys the digests below, which are of no use outside of this process then.
    key: [u8; 32],
    known: Mutex<HashSet<[u8; 32]>>,
}

impl Users {
    /// Checks the hashes; gives what is wrong with the first that is.
    pub(super) fn new(hashes: BTreeMap<String, String>) -> Result<Self, String> {
        let mut dearest = (0, String::new());
        for (user, hash) in &hashes {
            let name = user.escape_debug();
            if user.contains(':') || user.chars().any(char::is_control) {
                return Err(format!(
                    "the user \"{name}\" has a colon or something invisible in the name, which no \
                     client could send"
                ));
            }
            let cost = HashParts::from_str(hash)
                .map_err(|_| format!("the user \"{name}\" has no bcrypt hash"))?
                .get_cost();
            if cost > MAX_COST {
                return Err(format!(
                    "the hash of the user \"{name}\" has the cost {cost}, and at most {MAX_COST} \
                     is checked"
                ));
            }
            if cost > dearest.0 {
                dearest = (cost, hash.clone());
            }
        }
        Ok(Self {
            hashes,
            decoy: dearest.1,
            key: random(),
            known: Mutex::default(),
        })
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Whether this login was found right before.
    pub(super) fn is_known(&self, login: &Login) -> bool {
        self.known.lock().contains(&self.digest(login))
    }

    /// Whether password and user fit; takes some 50 ms of a CPU, whoever the user is.
    pub(super) fn verify(&self, login: &Login) -> bool {
        let hash = self.hashes.get(&login.user);
        let fits = bcrypt::verify(&login.password, hash.unwrap_or(&self.decoy)).unwrap_or(false);
        let right = fits && hash.is_some();
        if right {
            let mut known = self.known.lock();
            if known.len() >= MAX_KNOWN {
                known.clear();
            }
            known.insert(self.digest(login));
        }
        right
    }

    /// Neither part of a login can hold a NUL.
    fn digest(&self, login: &Login) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(login.user.as_bytes()).update(&[0]);
        hasher.update(login.password.as_bytes());
        hasher.finalize().into()
    }
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.hashes.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn hash(password: &str) -> String {
        bcrypt::hash_with_salt(password, 4, *b"sixteen of salt!")
            .unwrap()
            .to_string()
    }

    fn users(list: &[(&str, &str)]) -> Result<Users, String> {
        let own = |(user, hash): &(&str, &str)| ((*user).to_owned(), (*hash).to_owned());
        Users::new(list.iter().map(own).collect())
    }

    fn login(user: &str, password: &str) -> Login {
        Login {
            user: user.to_owned(),
            password: password.to_owned(),
        }
    }

    #[test]
    fn only_the_right_password_of_the_right_user_is_known_afterwards() {
        let users = users(&[("alice", &hash("a")), ("bob", &hash("b"))]).unwrap();
        for (user, password, right) in [
            ("alice", "a", true),
            ("alice", "b", false),
            ("bob", "b", true),
            ("carol", "a", false),
            ("carol", "b", false),
            ("", "", false),
        ] {
            let login = login(user, password);
            assert!(!users.is_known(&login));
            assert_eq!(users.verify(&login), right, "{user} {password}");
            assert_eq!(users.is_known(&login), right, "{user} {password}");
        }
    }

    #[test]
    fn hashes_of_other_tools_fit() {
        // Of the test vectors of crypt_blowfish (wrapper.c).
        let hash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        for version in ["$2a$", "$2b$", "$2y$"] {
            let users = users(&[("u", &hash.replace("$2a$", version))]).unwrap();
            assert!(users.verify(&login("u", "U*U")), "{version}");
            assert!(!users.verify(&login("u", "U*")), "{version}");
        }
    }

    #[test]
    fn what_cannot_be_a_user_is_refused_without_showing_the_hash() {
        let good = hash("a");
        for (user, hash, part) in [
            ("alice", "hunter2", "no bcrypt hash"),
            ("alice", "", "no bcrypt hash"),
            ("a:b", good.as_str(), "colon"),
            ("a\n", good.as_str(), "invisible"),
            ("alice", &good.replace("$04$", "$31$"), "cost 31"),
        ] {
            let fault = users(&[(user, hash)]).unwrap_err();
            assert!(fault.contains(part), "{fault}");
            assert!(
                !fault.contains("hunter2") && !fault.contains('$'),
                "{fault}"
            );
        }
    }

    #[test]
    fn the_table_of_known_logins_stays_bounded() {
        let users = users(&[("alice", &hash("a"))]).unwrap();
        users.known.lock().extend((0..MAX_KNOWN).map(|n| {
            let mut digest = [0; 32];
            digest[0] = u8::try_from(n).unwrap();
            digest
        }));
        assert!(users.verify(&login("alice", "a")));
        assert_eq!(users.known.lock().len(), 1);
    }
}
