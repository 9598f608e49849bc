//! How much a component may register.

/// How much may be registered before it is refused.
///
/// A *series* here is what Prometheus counts: one line of the scrape. A counter or a gauge is one,
/// a histogram with `n` bounds is `n + 3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Series of all components of one plugin, unless [`Registry::set_budget`] says otherwise.
    ///
    /// [`Registry::set_budget`]: super::Registry::set_budget
    pub series_per_plugin: usize,
    /// Families of one component.
    pub families_per_component: usize,
    /// Slots that a component may use up between its start and its stop, retired ones included:
    /// they are not used again.
    pub slots_per_component: u32,
    /// The length of a label's value, in bytes.
    pub label_value_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            series_per_plugin: 10_000,
            families_per_component: 1_000,
            slots_per_component: 1 << 24,
            label_value_bytes: 1_024,
        }
    }
}

/// The length of a metric's or a label's name, in bytes.
pub(super) const NAME_BYTES: usize = 256;
/// The length of a help text, in bytes.
pub(super) const HELP_BYTES: usize = 4_096;
/// The length of a unit, in bytes.
pub(super) const UNIT_BYTES: usize = 64;
/// The length of a family's attributes, names and values together, in bytes.
pub(super) const ATTRIBUTE_BYTES: usize = 4_096;
/// The number of labels of a family.
pub(super) const LABELS: usize = 64;
/// The number of bounds of a histogram.
pub(super) const BOUNDS: usize = 256;
