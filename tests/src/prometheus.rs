//! A real Prometheus that scrapes every second.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::child::Child;
use crate::http_client::Request;
use crate::poll::{BOUND, wait_for};
use crate::tool::Tool;

/// Another process may take the port between its choice and its use; then another is tried.
pub(crate) const ATTEMPTS: usize = 5;

/// One value of an instant query.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryValue {
    /// The series' labels, its name as `__name__`.
    pub labels: BTreeMap<String, String>,
    /// The value.
    pub value: f64,
}

impl QueryValue {
    /// The labels, without those of its target: what [`Sample::identity`](crate::Sample::identity)
    /// is there.
    pub fn identity(&self) -> BTreeMap<String, String> {
        let mut labels = self.labels.clone();
        labels.remove("job");
        labels.remove("instance");
        labels
    }
}

/// One scrape target as Prometheus sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// `job` of the scrape configuration.
    pub job: String,
    /// `up`, `down` or `unknown`.
    pub health: String,
    /// Why the last scrape failed; empty if it did not.
    pub last_error: String,
    /// The URL that is scraped.
    pub url: String,
}

/// What Prometheus is to scrape.
#[derive(Debug, Default)]
pub struct PrometheusBuilder {
    jobs: String,
    arguments: Vec<String>,
}

impl PrometheusBuilder {
    /// One more job with one target, `HOST:PORT`, path `/metrics`.
    #[must_use]
    pub fn scrape(self, job: &str, address: &str) -> Self {
        self.scrape_with(job, address, "")
    }

    /// The same with further lines for the job, such as `    params: {...}`; four spaces deep.
    #[must_use]
    pub fn scrape_with(mut self, job: &str, address: &str, more: &str) -> Self {
        let _ = writeln!(
            self.jobs,
            "  - job_name: '{job}'\n    static_configs: [{{targets: ['{address}']}}]\n{more}"
        );
        self
    }

    /// Asks for the protobuf form, as Prometheus does when it may meet native histograms.
    #[must_use]
    pub fn protobuf(self) -> Self {
        self.arg("--enable-feature=native-histograms")
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Starts it on a free port, with storage of its own, and waits until it is ready.
    #[track_caller]
    pub fn start(&self, prometheus: &Tool) -> Prometheus {
        let folder = tempfile::Builder::new()
            .prefix("gaxx-prometheus-")
            .tempdir();
        let folder = folder.expect("a temporary folder can be made");
        let config = folder.path().join("prometheus.yml");
        let text = format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\n\
             scrape_configs:\n{}",
            self.jobs
        );
        fs::write(&config, text).expect("a temporary folder can be written");
        let mut reason = String::new();
        for _ in 0..ATTEMPTS {
            let address = free_address();
            let mut command = prometheus.command();
            command
                .current_dir(folder.path())
                .arg(format!("--config.file={}", config.display()))
                .arg(format!(
                    "--storage.tsdb.path={}",
                    folder.path().join("data").display()
                ))
                .arg(format!("--web.listen-address={address}"))
                .args(&self.arguments);
            let mut child = Child::spawn("prometheus", &mut command);
            let base = format!("http://{address}");
            match ready(&mut child, &format!("{base}/-/ready")) {
                Ok(()) => {
                    return Prometheus {
                        child,
                        base,
                        _folder: folder,
                    };
                }
                Err(why) => reason = format!("{why}\n{}", child.tail()),
            }
        }
        panic!("Prometheus does not start: {reason}");
    }
}

/// A running Prometheus, killed when dropped.
#[derive(Debug)]
pub struct Prometheus {
    child: Child,
    base: String,
    _folder: TempDir,
}

impl Prometheus {
    /// One that scrapes nothing yet.
    pub fn builder() -> PrometheusBuilder {
        PrometheusBuilder::default()
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// An instant query; the error is Prometheus' own.
    pub fn try_query(&self, promql: &str) -> Result<Vec<QueryValue>, String> {
        query(&self.base, promql)
    }

    /// An instant query that must be valid; it may find nothing.
    #[track_caller]
    pub fn query(&self, promql: &str) -> Vec<QueryValue> {
        self.try_query(promql)
            .unwrap_or_else(|reason| panic!("{reason}\n{}", self.child.tail()))
    }

    /// Waits until the query's values satisfy `accept`, and gives them.
    #[track_caller]
    pub fn wait_query(
        &self,
        promql: &str,
        accept: impl Fn(&[QueryValue]) -> bool,
    ) -> Vec<QueryValue> {
        let found = wait_for(BOUND, || {
            let values = self.try_query(promql)?;
            if accept(&values) {
                Ok(values)
            } else {
                Err(format!("{promql} gives {values:?}"))
            }
        });
        found.unwrap_or_else(|reason| panic!("{reason}; targets: {:#?}", self.targets()))
    }

    /// The targets of all jobs.
    #[track_caller]
    pub fn targets(&self) -> Vec<Target> {
        let url = format!("{}/api/v1/targets?state=active", self.base);
        let answer = Request::new("GET", &url).send().json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let target = |target: &Value| Target {
            job: text(&target["labels"]["job"]),
            health: text(&target["health"]),
            last_error: text(&target["lastError"]),
            url: text(&target["scrapeUrl"]),
        };
        array(&answer["data"]["activeTargets"])
            .iter()
            .map(target)
            .collect()
    }

    /// Waits until every scrape of the job in the last seconds worked: `up == 1`, and `scrapes`
    /// of them were made.
    #[track_caller]
    pub fn wait_up(&self, job: &str, scrapes: u32) {
        let count = format!("sum_over_time(up{{job=\"{job}\"}}[5m])");
        self.wait_query(&count, |values| {
            values
                .first()
                .is_some_and(|value| value.value >= f64::from(scrapes))
        });
        let up = self.query(&format!("up{{job=\"{job}\"}}"));
        assert!(
            up.iter().all(|value| value.value > 0.5),
            "{up:?}; {:#?}",
            self.targets()
        );
    }
}

/// An instant query of a server that speaks as Prometheus does; the error is the server's own.
pub(crate) fn query(base: &str, promql: &str) -> Result<Vec<QueryValue>, String> {
    let url = format!("{}/api/v1/query?query={}", base, escape(promql));
    let answer = Request::new("GET", &url).try_send()?.json();
    if answer["status"] != "success" {
        return Err(format!("{promql}: {}", answer["error"]));
    }
    let result = &answer["data"]["result"];
    match answer["data"]["resultType"].as_str() {
        Some("vector") => Ok(array(result).iter().map(instant).collect()),
        Some("scalar") => Ok(vec![QueryValue {
            labels: BTreeMap::new(),
            value: number(&result[1]),
        }]),
        other => Err(format!("{promql}: a result of type {other:?}")),
    }
}

pub(crate) fn ready(child: &mut Child, url: &str) -> Result<(), String> {
    let mut ended = false;
    let waited = wait_for(BOUND, || {
        ended = child.exited().is_some();
        let quick = Request::new("GET", url).timeout(Duration::from_secs(5));
        match quick.try_send() {
            Ok(response) if response.status == 200 && !ended => Ok(true),
            _ if ended => Ok(false),
            other => Err(format!("{:?}", other.map(|response| response.status))),
        }
    });
    match waited {
        Ok(true) => Ok(()),
        Ok(false) => Err("it ended".to_owned()),
        Err(reason) => Err(reason),
    }
}

/// An address of this machine where nothing listens at the moment.
pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("this machine has a free port");
    listener
        .local_addr()
        .expect("a bound socket has an address")
        .to_string()
}

fn instant(value: &Value) -> QueryValue {
    let labels = value["metric"].as_object().into_iter().flatten();
    let text = |(name, value): (&String, &Value)| {
        (name.clone(), value.as_str().unwrap_or_default().to_owned())
    };
    QueryValue {
        labels: labels.map(text).collect(),
        value: number(&value["value"][1]),
    }
}

fn number(value: &Value) -> f64 {
    match value.as_str() {
        Some("+Inf") => f64::INFINITY,
        Some("-Inf") => f64::NEG_INFINITY,
        Some(text) => text.parse().unwrap_or(f64::NAN),
        None => f64::NAN,
    }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}
