//! Who sent a request: the tokens, users and certificates of a listener.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use http::HeaderMap;
use tokio::sync::Semaphore;

use super::{
    Caller, Certificate, Denial, Limiter, Proof, Scopes, Token, WebConfig,
    authorization::{Credentials, Login},
    passwords::Users,
    token,
};
use crate::task;

/// Passwords that wait for their check, the one that is checked included.
const MAX_WAITING: usize = 64;

/// Finds out who sent a request, and refuses one who claims what he cannot show. One for each
/// listener.
#[derive(Debug)]
pub struct Access {
    rules: ArcSwap<Rules>,
    limiter: Arc<Limiter>,
    /// One password is checked at a time: each takes a CPU for tens of milliseconds, and each
    /// failure is counted before the next begins.
    check: Arc<Semaphore>,
    waiting: AtomicUsize,
}

#[derive(Debug, Default)]
struct Rules {
    anonymous: Scopes,
    tokens: Vec<Token>,
    web: Option<Arc<WebConfig>>,
}

/// Makes an [`Access`]. Without any call it knows nobody, and nobody may do anything but what is
/// open to everyone.
#[derive(Debug, Default)]
pub struct AccessBuilder {
    rules: Rules,
    limiter: Option<Arc<Limiter>>,
}

impl AccessBuilder {
    /// What callers may do who have not said who they are. With users in a web configuration it
    /// is nothing, whatever was said here.
    #[must_use]
    pub fn anonymous(mut self, scopes: Scopes) -> Self {
        self.rules.anonymous = scopes;
        self
    }

    /// Takes these tokens too.
    #[must_use]
    pub fn tokens(mut self, tokens: impl IntoIterator<Item = Token>) -> Self {
        self.rules.tokens.extend(tokens);
        self
    }

    /// Takes the users of a web configuration.
    #[must_use]
    pub fn web(mut self, web: Option<Arc<WebConfig>>) -> Self {
        self.rules.web = web;
        self
    }

    /// Counts failed logins here; without this, 10 in a minute are allowed.
    #[must_use]
    pub fn limiter(mut self, limiter: &Arc<Limiter>) -> Self {
        self.limiter = Some(Arc::clone(limiter));
        self
    }

    /// The access as it was described.
    pub fn build(self) -> Arc<Access> {
        let limiter = self
            .limiter
            .unwrap_or_else(|| Arc::new(Limiter::new(10, Duration::from_mins(1))));
        Arc::new(Access {
            rules: ArcSwap::from_pointee(self.rules),
            limiter,
            check: Arc::new(Semaphore::new(1)),
            waiting: AtomicUsize::new(0),
        })
    }
}

impl Access {
    /// Begins to describe one.
    pub fn builder() -> AccessBuilder {
        AccessBuilder::default()
    }

    /// Takes on what was described anew, as after a reload. The limiter stays.
    pub fn renew(&self, described: AccessBuilder) {
        self.rules.store(Arc::new(described.rules));
    }

    /// Finds out who sent a request with these headers, over a connection from `peer` that showed
    /// `certificate`. A header outranks the certificate; whoever it is may also do what everyone
    /// may.
    pub async fn identify(
        &self,
        headers: &HeaderMap,
        peer: IpAddr,
        certificate: &Certificate,
    ) -> Result<Caller, Denial> {
        let rules = self.rules.load_full();
        let users = rules.users();
        let mut caller = match (rules.credentials(users.as_deref(), headers), certificate) {
            // Who may not come does not get in by a token either.
            (_, Certificate::Stranger(name)) => return Err(Denial::Stranger(name.clone())),
            (Credentials::Malformed(reason), _) => return Err(Denial::Malformed(reason)),
            (Credentials::Bearer(text), _) => self.by_token(&rules, text, peer)?,
            (Credentials::Basic(login), _) => {
                self.by_password(&rules, users.as_ref(), login, peer)
                    .await?
            }
            (Credentials::None, Certificate::Known(caller)) => caller.clone(),
            (Credentials::None, Certificate::None) => Caller::nobody(Scopes::NONE),
        };
        caller.scopes = caller.scopes.or(rules.anonymous(users.as_deref()));
        Ok(caller)
    }

    /// Adds the headers that a web configuration asks for to an answer.
    pub(crate) fn decorate(&self, headers: &mut HeaderMap) {
        if let Some(web) = &self.rules.load().web {
            for (name, value) in web.current().headers() {
                headers.insert(name, value.clone());
            }
        }
    }

    fn by_token(&self, rules: &Rules, text: &str, peer: IpAddr) -> Result<Caller, Denial> {
        match token::find(&rules.tokens, text) {
            Some(token) => caller_of(token),
            None => Err(self.failed(peer)),
        }
    }

    fn failed(&self, peer: IpAddr) -> Denial {
        match self.limiter.charge(peer) {
            Ok(()) => Denial::Unknown,
            Err(wait) => Denial::Limited(wait),
        }
    }

    async fn by_password(
        &self,
        rules: &Rules,
        users: Option<&Arc<Users>>,
        login: Login,
        peer: IpAddr,
    ) -> Result<Caller, Denial> {
        // A browser can send a token in no other way.
        let token = token::find(&rules.tokens, &login.password);
        if let Some(token) = token.filter(|token| token.name == login.user) {
            return caller_of(token);
        }
        let Some(users) = users else {
            return Err(self.failed(peer));
        };
        let user = login.user.clone();
        if !users.is_known(&login) {
            self.check(users, login, peer).await?;
        }
        Ok(Caller {
            name: user,
            scopes: WebConfig::SCOPES,
            proof: Proof::Basic,
        })
    }

    /// Checks a password, apart from the threads that serve.
    async fn check(&self, users: &Arc<Users>, login: Login, peer: IpAddr) -> Result<(), Denial> {
        let may_fail = || {
            self.limiter
                .wait(peer)
                .map_or(Ok(()), |wait| Err(Denial::Limited(wait)))
        };
        may_fail()?;
        let _waiting = Waiting::begin(&self.waiting).ok_or(Denial::Busy)?;
        let turn = Arc::clone(&self.check).acquire_owned();
        let turn = turn.await.map_err(|_| Denial::Busy)?;
        if users.is_known(&login) {
            return Ok(());
        }
        may_fail()?;
        let (users, limiter) = (Arc::clone(users), Arc::clone(&self.limiter));
        let checked = task::spawn_blocking("login", move || {
            // All of this also where the caller has gone meanwhile.
            let right = users.verify(&login);
            let outcome = if right {
                Ok(())
            } else {
                limiter
                    .charge(peer)
                    .map_err(Denial::Limited)
                    .and(Err(Denial::Unknown))
            };
            drop(turn);
            outcome
        });
        checked.await.unwrap_or(Err(Denial::Busy))
    }
}

impl Rules {
    /// The users, where there are any.
    fn users(&self) -> Option<Arc<Users>> {
        let users = self.web.as_ref()?.current().users();
        (!users.is_empty()).then_some(users)
    }

    /// What the request brings. Where nobody is known it is not looked at: it is meant for
    /// somebody else, as for a proxy in front.
    fn credentials<'a>(&self, users: Option<&Users>, headers: &'a HeaderMap) -> Credentials<'a> {
        if self.tokens.is_empty() && users.is_none() {
            Credentials::None
        } else {
            Credentials::of(headers)
        }
    }

    fn anonymous(&self, users: Option<&Users>) -> Scopes {
        match users {
            None => self.anonymous,
            Some(_) => Scopes::NONE,
        }
    }
}

fn caller_of(token: &Token) -> Result<Caller, Denial> {
    if token.is_over() {
        return Err(Denial::Expired(token.name.clone()));
    }
    Ok(Caller {
        name: token.name.clone(),
        scopes: token.scopes,
        proof: Proof::Token,
    })
}

/// A place among the passwords that wait.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(waiting: &'a AtomicUsize) -> Option<Self> {
        let place = Self(waiting);
        (waiting.fetch_add(1, Ordering::Relaxed) < MAX_WAITING).then_some(place)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
