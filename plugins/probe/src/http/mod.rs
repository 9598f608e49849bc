//! Whether a page is as it should be.

mod certificate;
mod statuses;
#[cfg(test)]
mod tests;

use std::time::{Instant, SystemTime};

use gaxx_sdk::{
    ErrorKind,
    client::{self, Answer, Client},
    prelude::*,
};
use regex_lite::Regex;

use self::statuses::Statuses;
use crate::{
    not_set,
    pattern::pattern,
    slowness::{Slowness, worse},
};

gaxx_sdk::component!(check "http" => Http, "Whether a page answers as it should, and its certificate lasts.");

/// Bytes of a page that are read.
const MOST_BODY: u64 = 1 << 20;

#[settings]
pub(crate) struct Settings {
    /// A page. Without it no such check is made.
    http: Option<Page>,
}

/// A page.
#[settings]
pub(crate) struct Page {
    /// Where it is. It is shown nowhere but for its host.
    url: client::Secret,
    /// The statuses that are right, such as `200` and `200-399`.
    #[default(vec!["200-399".to_owned()])]
    status: Vec<String>,
    /// A regular expression that the first MiB of the body must match.
    body: Option<String>,
    /// From so little time on until the certificate ends it is degraded.
    #[default(Duration::from_hours(14 * 24))]
    certificate_degraded: Duration,
    /// From so little time on until the certificate ends it is unhealthy.
    #[default(Duration::from_hours(3 * 24))]
    certificate_unhealthy: Duration,
    #[serde(flatten)]
    slowness: Slowness,
    #[serde(flatten)]
    client: client::Settings,
}

struct Http {
    url: String,
    client: Client,
    status: Statuses,
    body: Option<Regex>,
    slowness: Slowness,
    certificate_degraded: Duration,
    certificate_unhealthy: Duration,
}

impl Component for Http {
    type Settings = Settings;
    const ASKED_BY: Option<&'static str> = Some("http");

    fn new(settings: Settings, _context: &Context) -> Result<Self> {
        let page = settings.http.ok_or_else(|| not_set("http"))?;
        let url = page.url.reveal().to_owned();
        if !["http://", "https://"].iter().any(|it| url.starts_with(it)) {
            return Err(Error::settings(
                "http.url does not begin with http:// or https://",
            ));
        }
        let body = page.body.as_deref();
        Ok(Self {
            url,
            client: Client::new(&page.client)?.most_body(MOST_BODY),
            status: Statuses::read(&page.status)?,
            body: body.map(|text| pattern("http.body", text)).transpose()?,
            slowness: page.slowness,
            certificate_degraded: page.certificate_degraded,
            certificate_unhealthy: page.certificate_unhealthy,
        })
    }
}

impl HealthCheck for Http {
    fn check(&mut self, deadline: Deadline) -> Result<Verdict> {
        let began = Instant::now();
        let answer = match self.client.get(&self.url, &[], deadline) {
            Ok(answer) => answer,
            // The check is not right, and the page may be.
            Err(error) if error.kind() == ErrorKind::Settings => return Err(error),
            Err(error) => return Ok(Verdict::unhealthy(error.to_string())),
        };
        let took = began.elapsed();
        let mut verdict = self.judge(&answer, took);
        if self.url.starts_with("https://") {
            let end = certificate::end(&self.url, deadline);
            verdict = self.judge_certificate(verdict, end, SystemTime::now());
        }
        Ok(verdict
            .detail("status", answer.status)
            .detail("seconds", took.as_secs_f64()))
    }
}

impl Http {
    fn judge(&self, answer: &Answer, took: Duration) -> Verdict {
        let status = answer.status;
        if !self.status.contain(status) {
            return Verdict::unhealthy(format!("it answers {status}"));
        }
        let fits = |body: &Regex| body.is_match(&String::from_utf8_lossy(&answer.body));
        if let Some(body) = self.body.as_ref().filter(|body| !fits(body)) {
            let message = format!("it answers {status}, and the body does not match {body}");
            return Verdict::unhealthy(message);
        }
        let message = format!("it answers {status} after {took:.0?}");
        Verdict::new(self.slowness.judge(took), message)
    }

    fn judge_certificate(
        &self,
        mut verdict: Verdict,
        end: Result<SystemTime>,
        now: SystemTime,
    ) -> Verdict {
        let end = match end {
            Ok(end) => end,
            Err(error) => return verdict.detail("certificate", error),
        };
        let left = end.duration_since(now).unwrap_or_default();
        let status = match left {
            left if left <= self.certificate_unhealthy => Status::Unhealthy,
            left if left <= self.certificate_degraded => Status::Degraded,
            _ => Status::Healthy,
        };
        let hours = left.as_secs() / 3600;
        if status != Status::Healthy {
            verdict.status = worse(verdict.status, status);
            let message = format!(
                "; its certificate ends in {} d {} h",
                hours / 24,
                hours % 24
            );
            verdict.message.push_str(&message);
        }
        verdict.detail("certificate_days", hours / 24)
    }
}
