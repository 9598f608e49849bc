//! All metrics to an OpenTelemetry receiver, by OTLP: protocol buffers over HTTP, or gRPC.
//!
//! <https://opentelemetry.io/docs/specs/otlp/>

mod encode;
mod environment;
mod grpc;
mod http;
mod message;
mod resource;
mod settings;
mod starts;
#[cfg(test)]
mod tests;
mod unit;

use gaxx_sdk::{client::Progress, prelude::*};

use self::{
    encode::Encoder,
    environment::Environment,
    grpc::Grpc,
    http::Http,
    message::{ExportMetricsServiceRequest, ExportMetricsServiceResponse},
    settings::{Protocol, Reach, Settings},
};

/// How requests reach the receiver.
enum Transport {
    Http(Http),
    Grpc(Box<Grpc>),
}

struct Otlp {
    transport: Transport,
    encoder: Encoder,
    progress: Progress,
    /// The longest that one request may take, beside the deadline of the batch.
    timeout: Duration,
    rejected: Counter,
}

impl Component for Otlp {
    type Settings = Settings;

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        let environment = Environment::of_the_process();
        let resource = resource::own(&settings.resource, &environment);
        let max_points = settings.max_points;
        if max_points == 0 {
            return Err(Error::settings("max_points is 0").remedy("send at least one"));
        }
        let reach = Reach::new(settings, &environment)?;
        let timeout = reach.timeout;
        let rejected = context.counters(
            "gaxx_otlp_rejected_points_total",
            "Points that the receiver refused out of requests that it took.",
            ["exporter"],
        )?;
        let instance = context.host().instance();
        let exporter = if instance.is_empty() {
            "otlp"
        } else {
            &instance
        };
        Ok(Self {
            transport: match reach.protocol {
                Protocol::Http => Transport::Http(Http::new(&reach)?),
                Protocol::Grpc => Transport::Grpc(Box::new(Grpc::new(&reach)?)),
            },
            encoder: Encoder::new(resource, max_points),
            progress: Progress::default(),
            timeout,
            rejected: rejected.with([exporter]),
        })
    }
}

impl Exporter for Otlp {
    fn export(&mut self, batch: &Batch<'_>, deadline: Deadline) -> Result<()> {
        let Self {
            transport,
            encoder,
            progress,
            timeout,
            rejected,
        } = self;
        progress.begin(batch);
        encoder.requests(batch, |request| {
            progress.step(|| {
                let deadline = deadline.min(Deadline::after(*timeout));
                let answer = transport.send(request, deadline)?;
                note_rejected(&answer, rejected);
                Ok(())
            })
        })?;
        progress.finish()
    }
}

impl Transport {
    fn send(
        &mut self,
        request: &ExportMetricsServiceRequest,
        deadline: Deadline,
    ) -> Result<ExportMetricsServiceResponse> {
        match self {
            Self::Http(http) => http.send(request, deadline),
            Self::Grpc(grpc) => grpc.send(request, deadline),
        }
    }
}

/// A request that was taken in part is not sent again: the specification forbids it.
fn note_rejected(answer: &ExportMetricsServiceResponse, rejected: &Counter) {
    let Some(partial) = &answer.partial_success else {
        return;
    };
    if let Ok(points @ 1..) = u32::try_from(partial.rejected_data_points) {
        rejected.add(f64::from(points));
        warn!(
            "the receiver refused {points} points: {}",
            partial.error_message
        );
    } else if !partial.error_message.is_empty() {
        warn!("the receiver says: {}", partial.error_message);
    }
}

gaxx_sdk::plugin! {
    name = "otlp";
    description = "All metrics to an OpenTelemetry receiver, by HTTP or gRPC.";
    claims = ["telemetry.otlp_endpoint=otlp.endpoint"];
    exporter "otlp" => Otlp;
}
