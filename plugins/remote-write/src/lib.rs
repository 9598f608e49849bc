//! All metrics to Prometheus, and whatever else takes remote write, version 1.
//!
//! <https://prometheus.io/docs/specs/prw/remote_write_spec/>

mod known;
mod labels;
mod protobuf;
mod request;
#[cfg(test)]
mod tests;

use gaxx_sdk::{
    client::{self, Client, Progress},
    prelude::*,
};

use self::{known::Known, request::Request};

/// Headers that the specification asks for.
const HEADERS: [(&str, &str); 3] = [
    ("Content-Type", "application/x-protobuf"),
    ("Content-Encoding", "snappy"),
    ("X-Prometheus-Remote-Write-Version", "0.1.0"),
];
/// How often help, type and unit are told again, in nanoseconds: as often as Prometheus does.
const METADATA_EVERY: u64 = 60_000_000_000;

/// Settings under `exporters.remote-write` in config.yaml.
#[settings]
struct Settings {
    /// Where it is sent, such as `http://127.0.0.1:9090/api/v1/write`.
    url: client::Secret,
    /// How many samples one request holds at most. A batch with more becomes several.
    #[default(2_000)]
    #[schemars(range(min = 1))]
    max_samples: usize,
    /// Whether help, type and unit of metrics are sent too, once a minute.
    #[default(true)]
    metadata: bool,
    #[serde(flatten)]
    client: client::Settings,
}

struct RemoteWrite {
    url: client::Secret,
    max_samples: usize,
    client: Client,
    known: Known,
    request: Request,
    progress: Progress,
    metadata: bool,
    /// Generation and time of the last batch that went with metadata.
    described: Option<(u64, u64)>,
}

impl Component for RemoteWrite {
    type Settings = Settings;

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        let Settings {
            url,
            max_samples,
            metadata,
            client,
        } = settings;
        let is_http = ["http://", "https://"].map(|scheme| url.reveal().starts_with(scheme));
        if !is_http.contains(&true) {
            return Err(Error::settings(
                "url does not begin with http:// or https://",
            ));
        }
        if max_samples == 0 {
            return Err(Error::settings("max_samples is 0").remedy("send at least one"));
        }
        let left = context.host().inherited();
        Ok(Self {
            url,
            max_samples,
            client: Client::new(&client)?,
            known: left.map(|left| Known::restore(&left)).unwrap_or_default(),
            request: Request::new(),
            progress: Progress::default(),
            metadata,
            described: None,
        })
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        // Requests that were settled are put together in another way from here on.
        self.progress = Progress::default();
        self.known.save()
    }
}

impl Exporter for RemoteWrite {
    fn export(&mut self, batch: &Batch<'_>, deadline: Deadline) -> Result<()> {
        self.progress.begin(batch);
        let Self {
            url,
            client,
            known,
            request,
            progress,
            ..
        } = self;
        let mut sending = Sending {
            url: url.reveal(),
            client,
            progress,
            deadline,
        };
        request.begin(batch.unix_nanos() / 1_000_000);
        known.samples(batch, |labels, value| {
            request.sample(labels, value);
            if request.samples() < self.max_samples {
                return Ok(());
            }
            sending.send(request)
        })?;
        let describes = self.metadata && is_due(self.described, batch);
        if describes {
            for family in batch.families() {
                request.metadata(&family);
            }
        }
        if !request.is_empty() {
            sending.send(request)?;
        }
        // Where a request was refused others may have been taken: what is known so far stays so.
        self.progress.finish()?;
        self.known.delivered();
        if describes {
            self.described = Some((batch.generation(), batch.unix_nanos()));
        }
        Ok(())
    }
}

fn is_due(described: Option<(u64, u64)>, batch: &Batch<'_>) -> bool {
    described.is_none_or(|(generation, at)| {
        generation != batch.generation() || batch.unix_nanos().abs_diff(at) >= METADATA_EVERY
    })
}

/// The requests of one batch, in turn.
struct Sending<'a> {
    url: &'a str,
    client: &'a Client,
    progress: &'a mut Progress,
    deadline: Deadline,
}

impl Sending<'_> {
    /// Sends a request, unless it is settled, and empties it. An error is one that passes.
    fn send(&mut self, request: &mut Request) -> Result<()> {
        self.progress.step(|| {
            let body = request.compressed()?;
            let answer = self.client.post(self.url, &HEADERS, body, self.deadline)?;
            answer.judge()
        })?;
        request.clear();
        Ok(())
    }
}

gaxx_sdk::plugin! {
    name = "remote-write";
    description = "All metrics to Prometheus and its kind by remote write, version 1.";
    exporter "remote-write" => RemoteWrite;
}
