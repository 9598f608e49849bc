//! Which values of a profile are drawn.

use pprof::protos::{Profile, Sample, ValueType};

use super::{Kind, stacks::text, tree::Amount};

/// The columns of a sample that a graph shows.
#[derive(Debug)]
pub(super) struct Values<'a> {
    weight: usize,
    count: usize,
    /// The type of the weights, such as `inuse_space`.
    pub(super) weight_name: &'a str,
    /// Their unit, such as `bytes`.
    pub(super) unit: &'a str,
    /// The type of the counts, such as `inuse_objects`.
    pub(super) count_name: &'a str,
}

impl<'a> Values<'a> {
    /// The column that the kind names, or else the last one; and the count before it, where there
    /// is one.
    pub(super) fn of(profile: &'a Profile, kind: Kind) -> Self {
        let types = &profile.sample_type;
        let name = |of: &ValueType| text(profile, of.ty);
        let unit = |of: &ValueType| text(profile, of.unit);
        let wanted = types.iter().position(|of| name(of) == kind.values());
        let weight = wanted.unwrap_or(types.len().saturating_sub(1));
        let before = weight.checked_sub(1);
        let is_count = |index: &usize| types.get(*index).is_some_and(|of| unit(of) == "count");
        let count = before.filter(is_count).unwrap_or(weight);
        Self {
            weight,
            count,
            weight_name: types.get(weight).map_or("", name),
            unit: types.get(weight).map_or("", unit),
            count_name: types.get(count).map_or("", name),
        }
    }

    /// What a sample counts, and the weight by which it is less than nothing: a difference of two
    /// profiles has such samples, and no box can show them.
    pub(super) fn amount(&self, sample: &Sample) -> (Amount, u64) {
        let value = |index: usize| sample.value.get(index).copied().unwrap_or(0);
        let weight = value(self.weight);
        if weight <= 0 {
            return (Amount::default(), weight.unsigned_abs());
        }
        let count = u64::try_from(value(self.count)).unwrap_or(0);
        (
            Amount {
                weight: weight.unsigned_abs(),
                count,
            },
            0,
        )
    }
}
