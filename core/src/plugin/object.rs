//! What plugins make, and what it is for.

use std::sync::Arc;

use gaxx_abi::{
    CollectorBox, EndpointBox, ExporterBox, Fault, HealthCheckBox, Point, abi_std::RVec,
    manifest::kind,
};

/// What a plugin made.
pub enum Object {
    /// It measures.
    Collector(CollectorBox),
    /// It judges.
    HealthCheck(HealthCheckBox),
    /// It sends batches.
    Exporter(ExporterBox),
    /// It answers requests.
    Endpoint(Arc<EndpointBox>),
}

/// What a component does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// It measures.
    Collector,
    /// It judges.
    HealthCheck,
    /// It sends batches.
    Exporter,
    /// It answers requests.
    Endpoint,
}

impl Kind {
    /// The kind of this number in the ABI; nothing for one that this host does not know.
    pub fn from_number(number: u32) -> Option<Self> {
        match number {
            kind::COLLECTOR => Some(Self::Collector),
            kind::HEALTH_CHECK => Some(Self::HealthCheck),
            kind::EXPORTER => Some(Self::Exporter),
            kind::ENDPOINT => Some(Self::Endpoint),
            _ => None,
        }
    }

    /// As people and labels say it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Collector => "collector",
            Self::HealthCheck => "check",
            Self::Exporter => "exporter",
            Self::Endpoint => "endpoint",
        }
    }
}

impl Object {
    /// The component's own numbers; for a collector they come with the collection.
    pub fn points(&self, points: &mut RVec<Point>) {
        match self {
            Self::Collector(_) => {}
            Self::HealthCheck(check) => check.points(points),
            Self::Exporter(exporter) => exporter.points(points),
            Self::Endpoint(endpoint) => endpoint.points(points),
        }
    }

    /// What it measures now: a collector collects, all else tells its own numbers.
    pub fn measure(&mut self, deadline: u64, points: &mut RVec<Point>) -> Result<(), Fault> {
        match self {
            Self::Collector(collector) => collector.collect(deadline, points).into_result(),
            other => {
                other.points(points);
                Ok(())
            }
        }
    }

    /// What it leaves to the version that takes its place.
    pub fn save(&mut self, deadline: u64) -> Option<Vec<u8>> {
        match self {
            Self::Collector(collector) => collector.save(deadline),
            Self::HealthCheck(check) => check.save(deadline),
            Self::Exporter(exporter) => exporter.save(deadline),
            Self::Endpoint(endpoint) => endpoint.save(deadline),
        }
        .into_option()
        .map(Into::into)
    }

    /// Its first call.
    pub fn start(&mut self, deadline: u64) -> Result<(), Fault> {
        match self {
            Self::Collector(collector) => collector.start(deadline),
            Self::HealthCheck(check) => check.start(deadline),
            Self::Exporter(exporter) => exporter.start(deadline),
            Self::Endpoint(endpoint) => endpoint.start(deadline),
        }
        .into_result()
    }

    /// Its last call.
    pub fn stop(&mut self, deadline: u64) {
        match self {
            Self::Collector(collector) => collector.stop(deadline),
            Self::HealthCheck(check) => check.stop(deadline),
            Self::Exporter(exporter) => exporter.stop(deadline),
            Self::Endpoint(endpoint) => endpoint.stop(deadline),
        }
    }
}
