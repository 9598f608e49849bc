//! A family, checked.

use std::sync::Arc;

use abi_stable::std_types::{RString, RVec};
use gaxx_abi::{Attribute, FamilySpec, metric::kind};

use super::{
    error::{RegisterError, shown},
    limits,
};

/// What samples of a family are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, from zero.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts of observations at or below each bound.
    Histogram,
}

impl Kind {
    /// The word for it in the text format and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }

    /// The constant of [`gaxx_abi::metric::kind`].
    pub fn number(self) -> u32 {
        match self {
            Self::Counter => kind::COUNTER,
            Self::Gauge => kind::GAUGE,
            Self::Histogram => kind::HISTOGRAM,
        }
    }
}

/// A checked family. Its labels are sorted by name, so that components which share it may give
/// them in any order.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) name: Arc<str>,
    pub(super) help: String,
    pub(super) unit: String,
    pub(super) kind: Kind,
    pub(super) labels: Vec<String>,
    /// For each sorted label its place in the order in which values are given.
    pub(super) order: Vec<usize>,
    pub(super) bounds: Vec<f64>,
    pub(super) attributes: RVec<Attribute>,
}

impl Family {
    /// Checks a description against Prometheus' rules and the limits.
    pub(super) fn new(spec: &FamilySpec) -> Result<Self, RegisterError> {
        let name = spec.name.as_str();
        let length = |what, length, limit| {
            if length <= limit {
                return Ok(());
            }
            Err(RegisterError::TooLong {
                family: shown(name),
                what,
                length,
                limit,
            })
        };
        let attributes = spec.attributes.iter();
        let attributes = attributes.map(|a| a.name.len() + a.value.len()).sum();
        length("name", name.len(), limits::NAME_BYTES)?;
        if !is_metric_name(name) {
            return Err(RegisterError::Name { name: shown(name) });
        }
        length("help", spec.help.len(), limits::HELP_BYTES)?;
        length("unit", spec.unit.len(), limits::UNIT_BYTES)?;
        length("attributes", attributes, limits::ATTRIBUTE_BYTES)?;
        let kind = match spec.kind {
            kind::COUNTER => Kind::Counter,
            kind::GAUGE => Kind::Gauge,
            kind::HISTOGRAM => Kind::Histogram,
            kind => {
                let family = name.to_owned();
                return Err(RegisterError::Kind { family, kind });
            }
        };
        check_labels(name, kind, &spec.labels)?;
        check_bounds(name, kind, &spec.bounds)?;
        let mut order: Vec<usize> = (0..spec.labels.len()).collect();
        order.sort_by_key(|&at| spec.labels[at].as_str());
        Ok(Self {
            name: name.into(),
            help: spec.help.to_string(),
            unit: spec.unit.to_string(),
            kind,
            labels: order
                .iter()
                .map(|&at| spec.labels[at].to_string())
                .collect(),
            order,
            bounds: spec.bounds.to_vec(),
            attributes: spec.attributes.clone(),
        })
    }

    /// The slots that a series takes.
    pub(super) fn slots(&self) -> u32 {
        match self.kind {
            Kind::Counter | Kind::Gauge => 1,
            // At most 256 bounds.
            Kind::Histogram => u32::try_from(self.bounds.len()).unwrap_or(u32::MAX - 2) + 2,
        }
    }

    /// The lines of a scrape that a series takes: what it costs of the plugin's budget.
    pub(super) fn lines(&self) -> usize {
        match self.kind {
            Kind::Counter | Kind::Gauge => 1,
            Kind::Histogram => self.bounds.len() + 3,
        }
    }

    /// What keeps two families of one name from being one family; none: they are one.
    pub(super) fn difference(&self, other: &Self) -> Option<&'static str> {
        if self.kind != other.kind {
            Some("kind")
        } else if self.labels != other.labels {
            Some("label names")
        } else if self.bounds != other.bounds {
            Some("bounds")
        } else {
            None
        }
    }
}

fn check_labels(family: &str, kind: Kind, labels: &[RString]) -> Result<(), RegisterError> {
    if labels.len() > limits::LABELS {
        return Err(RegisterError::TooManyLabels {
            family: family.to_owned(),
            given: labels.len(),
            limit: limits::LABELS,
        });
    }
    for (at, label) in labels.iter().enumerate() {
        let reason = if label.len() > limits::NAME_BYTES {
            "has a name that is too long"
        } else if !is_label_name(label) {
            "is not a label name"
        } else if label.starts_with("__") {
            "is reserved: Prometheus keeps names with `__` in front"
        } else if kind == Kind::Histogram && label.as_str() == "le" {
            "is reserved: the buckets of a histogram bear it"
        } else if labels[..at].contains(label) {
            "stands twice"
        } else {
            continue;
        };
        return Err(RegisterError::Label {
            family: family.to_owned(),
            label: shown(label),
            reason,
        });
    }
    Ok(())
}

fn check_bounds(family: &str, kind: Kind, bounds: &[f64]) -> Result<(), RegisterError> {
    let reason = if kind != Kind::Histogram && !bounds.is_empty() {
        "are not wanted: it is no histogram"
    } else if bounds.len() > limits::BOUNDS {
        "are more than 256"
    } else if !bounds.iter().all(|bound| bound.is_finite()) {
        "are not all finite (the infinite one is implied)"
    } else if !bounds.is_sorted_by(|one, next| one < next) {
        "do not ascend"
    } else {
        return Ok(());
    };
    Err(RegisterError::Bounds {
        family: family.to_owned(),
        reason,
    })
}

/// `[a-zA-Z_:][a-zA-Z0-9_:]*`, from Prometheus' data model.
fn is_metric_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':')
}

/// `[a-zA-Z_][a-zA-Z0-9_]*`, from Prometheus' data model.
fn is_label_name(name: &str) -> bool {
    is_metric_name(name) && !name.contains(':')
}
