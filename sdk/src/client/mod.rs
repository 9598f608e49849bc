//! HTTP to a receiver: what exporters and checks share.
//!
//! A [`Client`] keeps its connections between calls, gives up at a deadline, follows no redirect, and
//! reads no more of an answer than a stated size. What it says of a failure never holds a secret.

mod answer;
mod connect;
mod progress;
mod retry_after;
mod settings;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use gaxx_sdk::{Deadline, Error, ErrorKind, Result};
use ureq::{Agent, http::Request};

pub use answer::Answer;
pub use progress::Progress;
pub use settings::{Basic, Secret, Settings, Tls};

/// Bytes of an answer that are read, unless somebody asks for more.
const MOST_BODY: u64 = 64 << 10;
/// What this program calls itself.
const AGENT: &str = concat!("gaxx-mon/", env!("CARGO_PKG_VERSION"));

/// A client of one receiver. Calls may be made from several threads.
#[derive(Debug, Clone)]
pub struct Client {
    agent: Agent,
    /// Headers of every request, those that prove who calls among them.
    headers: Vec<(String, Secret)>,
    most_body: u64,
}

impl Client {
    /// A client with these settings; files that they name are read now.
    ///
    /// # Errors
    ///
    /// Of kind [`Settings`](ErrorKind::Settings) where they contradict each other, or a file cannot
    /// be used.
    pub fn new(settings: &Settings) -> Result<Self> {
        let agent = Agent::config_builder()
            .tls_config(connect::tls(&settings.tls)?)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent(AGENT)
            .build();
        Ok(Self {
            agent: agent.new_agent(),
            headers: settings.all_headers()?,
            most_body: MOST_BODY,
        })
    }

    /// The same, which reads so many bytes of an answer.
    #[must_use]
    pub fn most_body(self, most_body: u64) -> Self {
        Self { most_body, ..self }
    }

    /// Sends a body by POST.
    ///
    /// # Errors
    ///
    /// Where no answer came: the receiver cannot be reached, is too slow, or speaks no HTTP. The next
    /// try may do better. What the answer says is for [`Answer::judge`].
    pub fn post(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        deadline: Deadline,
    ) -> Result<Answer> {
        self.call("POST", url, headers, body, deadline)
    }

    /// Asks by GET; otherwise as [`post`](Self::post).
    ///
    /// # Errors
    ///
    /// As with [`post`](Self::post).
    pub fn get(&self, url: &str, headers: &[(&str, &str)], deadline: Deadline) -> Result<Answer> {
        self.call("GET", url, headers, &[], deadline)
    }

    fn call(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        deadline: Deadline,
    ) -> Result<Answer> {
        let left = deadline.remaining();
        if left.is_zero() {
            return Err(Error::new(
                ErrorKind::Deadline,
                "there was no time to send it",
            ));
        }
        let own = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.reveal()));
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in own.chain(headers.iter().copied()) {
            request = request.header(name, value);
        }
        // An error of the builder repeats what it was given, which may be a secret.
        let request = request.body(body).map_err(|_| {
            Error::settings("url or headers cannot be sent").remedy("look at url and headers")
        })?;
        let timed = self
            .agent
            .configure_request(request)
            .timeout_global(Some(left));
        let place = place(url);
        let mut answer = self
            .agent
            .run(timed.build())
            .map_err(|error| failed(&error, place, left))?;
        let headers = answer.headers();
        let header = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
        let retry_after = header("retry-after");
        let retry_after = retry_after.and_then(|it| retry_after::read(&it, SystemTime::now()));
        let (status, content_type) = (answer.status().as_u16(), header("content-type"));
        let limited = answer.body_mut().with_config().limit(self.most_body);
        Ok(Answer {
            status,
            retry_after,
            content_type: content_type.unwrap_or_default(),
            // Half an answer is none; whether it was taken nobody knows.
            body: limited
                .read_to_vec()
                .map_err(|error| failed(&error, place, left))?,
            place: place.to_owned(),
        })
    }
}

/// Scheme and host of a URL: the rest may hold a secret.
fn place(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..]
        .find(['/', '?', '#'])
        .map_or(url.len(), |at| host + at);
    let whole = &url[..end];
    whole.rsplit_once('@').map_or(whole, |(_, host)| host)
}

fn failed(error: &ureq::Error, place: &str, time: Duration) -> Error {
    use ureq::Error as E;
    let settings = |what: String| Error::settings(what).remedy("mend the url");
    match error {
        E::Timeout(_) => {
            let message = format!("{place} did not answer within {time:.1?}");
            Error::new(ErrorKind::Deadline, message)
                .remedy("see that it is up, or raise the deadline")
        }
        E::BadUri(_) => settings(format!("{place} is no URL")),
        E::HostNotFound => Error::failed(format!("{place}: there is no such host")),
        E::ConnectionFailed => Error::failed(format!("{place} does not take the connection")),
        E::BodyExceedsLimit(limit) => {
            Error::failed(format!("{place} answered with more than {limit} bytes"))
        }
        E::Io(error) => Error::failed(format!("{place}: {error}")),
        E::Rustls(error) => Error::failed(format!("{place}: {error}"))
            .remedy("look at tls: ca, certificate and key"),
        E::Protocol(error) => Error::failed(format!("{place}: {error}"))
            .remedy("see that it speaks HTTP/1.1 on this port"),
        other => Error::failed(format!("{place}: {other}")),
    }
}
