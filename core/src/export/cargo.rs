//! What is delivered.

use std::{sync::Arc, time::SystemTime};

use gaxx_abi::{Attribute, Batch, ExporterBox, Fault};

use crate::registry::Exported;

/// What an exporter is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Takes {
    /// Everything that is measured.
    #[default]
    Measurements,
    /// Changes of health.
    Health,
}

/// What is delivered at once.
#[derive(Debug, Clone)]
pub(super) enum Cargo {
    /// Everything that was measured at one instant.
    Measurements(Arc<Exported>),
    /// Changes of health.
    News(Arc<News>),
}

/// Changes of health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct News {
    /// When they were put together.
    pub(super) time: SystemTime,
    /// How many checks have changed.
    pub(super) changes: u32,
    /// As the ABI wants them.
    pub(super) json: String,
}

impl Cargo {
    /// When it was put together.
    pub(super) fn time(&self) -> SystemTime {
        match self {
            Self::Measurements(batch) => batch.time,
            Self::News(news) => news.time,
        }
    }

    /// Hands it to an exporter, as descriptions of this generation.
    pub(super) fn hand_over(
        &self,
        exporter: &mut ExporterBox,
        generation: u64,
        resource: &[Attribute],
        deadline: u64,
    ) -> Result<(), Fault> {
        let taken = match self {
            Self::Measurements(batch) => {
                let batch = Batch {
                    generation,
                    ..batch.batch(resource)
                };
                exporter.export(batch, deadline)
            }
            Self::News(news) => exporter.notify(news.json.as_str().into(), deadline),
        };
        taken.into_result()
    }

    /// How many samples, or changes.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Measurements(batch) => batch.points.len(),
            Self::News(news) => news.changes as usize,
        }
    }
}
