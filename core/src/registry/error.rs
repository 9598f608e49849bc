//! Why a family or a series was not registered.

use gaxx_abi::{Fault, fault::kind};

/// Why a family or a series was not registered. Each message names the thing; [`Self::remedy`]
/// says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are what the messages name")]
pub enum RegisterError {
    /// A metric's name breaks Prometheus' rules.
    #[error("{name:?} is not a metric name")]
    Name { name: String },
    /// A label's name breaks Prometheus' rules, is reserved or stands twice.
    #[error("label {label:?} of metric {family} {reason}")]
    Label {
        family: String,
        label: String,
        reason: &'static str,
    },
    /// More labels than a family may have.
    #[error("metric {family} has {given} labels, over the limit of {limit}")]
    TooManyLabels {
        family: String,
        given: usize,
        limit: usize,
    },
    /// A text is over its limit.
    #[error("the {what} of metric {family} is {length} bytes long, over the limit of {limit}")]
    TooLong {
        family: String,
        what: &'static str,
        length: usize,
        limit: usize,
    },
    /// Not one of the kinds of the ABI.
    #[error("metric {family} is of kind {kind}, which this version does not know")]
    Kind { family: String, kind: u32 },
    /// The bounds of a histogram are unusable, or something else has bounds.
    #[error("the bounds of metric {family} {reason}")]
    Bounds {
        family: String,
        reason: &'static str,
    },
    /// The same name stands for something else already.
    #[error("metric {family} is registered by {owner} with other {what}")]
    Differs {
        family: String,
        owner: String,
        what: &'static str,
    },
    /// A histogram's lines and another metric would bear one name.
    #[error(
        "metric {family} clashes with {other} of {owner}: a histogram's lines end in _bucket, _sum and _count"
    )]
    Clashes {
        family: String,
        other: String,
        owner: String,
    },
    /// No family of this number.
    #[error("there is no metric family number {number}")]
    UnknownFamily { number: u32 },
    /// The number of label values is not that of label names.
    #[error("a series of metric {family} was given {given} label values for {wanted} labels")]
    LabelCount {
        family: String,
        given: usize,
        wanted: usize,
    },
    /// Another component gives this very series.
    #[error("series {series} is given by {owner} already")]
    Taken { series: String, owner: String },
    /// The plugin's budget is spent.
    #[error("plugin {plugin} has used up its {limit} series; {series} was refused")]
    Budget {
        plugin: String,
        limit: usize,
        series: String,
    },
    /// The component has as many families as it may have.
    #[error("{owner} has used up its {limit} metric families; {family} was refused")]
    TooManyFamilies {
        owner: String,
        limit: usize,
        family: String,
    },
    /// The component went through all of its slots.
    #[error("{owner} has used up its {limit} slots, retired ones included; {series} was refused")]
    SlotsSpent {
        owner: String,
        limit: u32,
        series: String,
    },
    /// The table was closed: its component was stopped or replaced.
    #[error("the metrics of {owner} are closed, because it was stopped or replaced")]
    Closed { owner: String },
}

impl RegisterError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Name { .. } => {
                "use letters, digits, underscores and colons, and no digit in front"
            }
            Self::Label { .. } => {
                "name each label once, with letters, digits and underscores, no digit in front, \
                 not `__` in front, and not `le` on a histogram"
            }
            Self::TooManyLabels { .. } => "give the metric fewer labels, or split it",
            Self::TooLong { .. } => "shorten it",
            Self::Kind { .. } => "use a counter, a gauge or a histogram, or update gaxx-mon",
            Self::Bounds { .. } => {
                "give a histogram at most 256 finite bounds in ascending order, and others none"
            }
            Self::Differs { .. } => {
                "register it with the same kind, label names and bounds, or under another name"
            }
            Self::Clashes { .. } => "rename one of the two",
            Self::UnknownFamily { .. } => "use the number that the family's registration answered",
            Self::LabelCount { .. } => "give one value for each label name",
            Self::Taken { .. } => {
                "turn one of the two components off, or tell their series apart by a label"
            }
            Self::Budget { .. } => {
                "use label values from a small closed set, retire series that are gone, or raise \
                 max_series in the plugin's section of the configuration"
            }
            Self::TooManyFamilies { .. } => "use labels in place of many names",
            Self::SlotsSpent { .. } => {
                "keep series rather than retiring and registering them, and reload the plugin"
            }
            Self::Closed { .. } => "nothing: the component that runs now registers its own",
        }
    }

    fn kind(&self) -> u32 {
        match self {
            Self::TooManyLabels { .. }
            | Self::TooLong { .. }
            | Self::Budget { .. }
            | Self::TooManyFamilies { .. }
            | Self::SlotsSpent { .. } => kind::LIMIT,
            Self::UnknownFamily { .. } => kind::UNKNOWN,
            Self::Closed { .. } => kind::CANCELLED,
            Self::Name { .. }
            | Self::Label { .. }
            | Self::Kind { .. }
            | Self::Bounds { .. }
            | Self::Differs { .. }
            | Self::Clashes { .. }
            | Self::LabelCount { .. }
            | Self::Taken { .. } => kind::SETTINGS,
        }
    }
}

impl From<RegisterError> for Fault {
    fn from(error: RegisterError) -> Self {
        Self {
            kind: error.kind(),
            message: error.to_string().into(),
            remedy: error.remedy().into(),
            retry_after: 0,
            attributes: Vec::new().into(),
        }
    }
}

/// The beginning of a text from a plugin, short enough for a message.
pub(super) fn shown(text: &str) -> String {
    const CHARACTERS: usize = 120;
    match text.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
