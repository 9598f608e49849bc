//! What is said of a profile.

use serde_json::{Value, json};

use super::{
    costs::{Cost, costs},
    decode::Profile,
    order::Order,
    top::{By, Top},
};

/// What is said of a profile.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub(super) order: &'a Order,
    /// What is measured, and its unit.
    pub(super) kind: (&'a str, &'a str),
    /// How long it took, in seconds; 0 where that makes no sense.
    pub(super) seconds: f64,
    pub(super) top: Top,
    pub(super) costs: Vec<Cost>,
}

/// Of which functions.
#[derive(Debug)]
pub(super) struct Choice<'a> {
    /// How many.
    pub(super) most: usize,
    /// In values of this type; else in those that the profile has chosen.
    pub(super) values: Option<&'a str>,
    pub(super) by: By,
}

/// The profile does not have the values that were asked for.
#[derive(Debug, thiserror::Error)]
#[error("the profile has no values {wanted:?}: --sample-index takes one of {}", known.join(", "))]
pub(super) struct NoSuchValues {
    wanted: String,
    known: Vec<String>,
}

impl<'a> Report<'a> {
    /// What is said of a profile.
    pub(super) fn of(
        profile: &'a Profile,
        order: &'a Order,
        choice: &Choice<'_>,
    ) -> Result<Self, NoSuchValues> {
        let chosen = match choice.values {
            None => Some(profile.default_type()),
            Some(wanted) => profile.types().position(|(name, _)| name == wanted),
        };
        let kind = chosen.and_then(|chosen| Some((chosen, profile.types().nth(chosen)?)));
        let Some((chosen, kind)) = kind else {
            return Err(NoSuchValues {
                wanted: choice.values.unwrap_or_default().to_owned(),
                known: profile.types().map(|(name, _)| name.to_owned()).collect(),
            });
        };
        Ok(Self {
            order,
            kind,
            seconds: profile.nanoseconds() as f64 / 1e9,
            top: Top::of(profile, chosen, choice.most, choice.by),
            costs: costs(profile, chosen, order.columns),
        })
    }

    /// For programs: values are in the profile's own unit.
    pub(super) fn json(&self) -> Value {
        let functions = self.top.rows.iter().map(|row| {
            json!({
                "function": row.function, "file": row.file, "line": row.line,
                "flat": row.flat, "cum": row.cum,
            })
        });
        let labelled = self.costs.iter().map(|cost| {
            let columns = self.order.columns.iter().zip(&cost.cells);
            let mut object: Value = columns
                .map(|(column, cell)| (column.title().to_owned(), json!(cell)))
                .collect();
            object["value"] = json!(cost.value);
            object
        });
        json!({
            "profile": self.order.name,
            "type": self.kind.0,
            "unit": self.kind.1,
            "duration_seconds": self.seconds,
            "total": self.top.total,
            "functions": functions.collect::<Vec<_>>(),
            "labels": labelled.collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::cli::client::profile::{decode::decode, testing::Made};

    #[test]
    fn the_profile_chooses_unless_one_says_so() {
        let mut made = Made::new(&[("alloc_space", "bytes"), ("inuse_space", "bytes")], "");
        made.add(&["f"], &[9, 4], &[("state", "waiting")]);
        let profile = decode(&made.finish()).unwrap();
        let order = Order::tasks();
        let choice = |values| Choice {
            most: 5,
            values,
            by: By::Flat,
        };
        let report = Report::of(&profile, &order, &choice(None)).unwrap();
        assert_eq!((report.kind.0, report.top.total), ("inuse_space", 4));
        let report = Report::of(&profile, &order, &choice(Some("alloc_space"))).unwrap();
        let json = report.json();
        assert_eq!(json["functions"][0]["flat"], 9);
        assert_eq!(json["labels"][0]["name"], "f");
        assert_eq!(json["labels"][0]["state"], "waiting");
        assert_eq!(json["labels"][0]["value"], 9);
        let error = Report::of(&profile, &order, &choice(Some("x"))).unwrap_err();
        let expected =
            "the profile has no values \"x\": --sample-index takes one of alloc_space, inuse_space";
        assert_eq!(error.to_string(), expected);
    }
}
