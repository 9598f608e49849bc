//! Errors that the memory controllers found.

use std::path::{Path, PathBuf};

use gaxx_sdk::prelude::*;

use crate::{
    attributes::{Attributes, Class, names},
    roots::Roots,
};

gaxx_sdk::component!(collector "edac" => Edac, "Memory errors that the controllers found.");

struct Edac {
    folder: PathBuf,
    class: Class,
    /// Those that were put right, and those that were not.
    controllers: [Family<Counter, 1>; 2],
    rows: [Family<Counter, 2>; 2],
}

/// The attributes of the two kinds of errors.
const COUNTS: [&str; 2] = ["ce_count", "ue_count"];
/// The same for errors whose row the controller could not tell.
const COUNTS_WITHOUT_ROW: [&str; 2] = ["ce_noinfo_count", "ue_noinfo_count"];

impl Component for Edac {
    type Settings = Roots;

    fn new(roots: Roots, context: &Context) -> Result<Self> {
        let of_controller = |name, help| context.counters(name, help, ["controller"]);
        let of_row = |name, help| context.counters(name, help, ["controller", "csrow"]);
        Ok(Self {
            folder: roots.sysfs.join("devices/system/edac/mc"),
            class: Class::default(),
            controllers: [
                of_controller(
                    "node_edac_correctable_errors_total",
                    "Memory errors that were put right.",
                )?,
                of_controller(
                    "node_edac_uncorrectable_errors_total",
                    "Memory errors that could not be put right.",
                )?,
            ],
            rows: [
                of_row(
                    "node_edac_csrow_correctable_errors_total",
                    "Memory errors of this row that were put right.",
                )?,
                of_row(
                    "node_edac_csrow_uncorrectable_errors_total",
                    "Memory errors of this row that could not be put right.",
                )?,
            ],
        })
    }
}

impl Collector for Edac {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        self.controllers.iter().for_each(Family::reset);
        self.rows.iter().for_each(Family::reset);
        for name in self.class.names(&self.folder)? {
            let Some(controller) = numbered(&name, "mc") else {
                continue;
            };
            let folder = self.folder.join(&name);
            let Ok(mut attributes) = Attributes::open(&folder) else {
                continue;
            };
            for (family, count) in self.controllers.iter().zip(COUNTS) {
                if let Some(count) = attributes.number(count) {
                    family.with([controller]).set_total(count);
                }
            }
            self.row(&mut attributes, [controller, "unknown"], COUNTS_WITHOUT_ROW);
            self.rows(&folder, controller);
        }
        Ok(())
    }
}

impl Edac {
    fn rows(&self, folder: &Path, controller: &str) {
        for name in names(folder).unwrap_or_default() {
            if let Some(row) = numbered(&name, "csrow")
                && let Ok(mut attributes) = Attributes::open(&folder.join(&name))
            {
                self.row(&mut attributes, [controller, row], COUNTS);
            }
        }
    }

    fn row(&self, attributes: &mut Attributes, labels: [&str; 2], counts: [&str; 2]) {
        for (family, count) in self.rows.iter().zip(counts) {
            if let Some(count) = attributes.number(count) {
                family.with(labels).set_total(count);
            }
        }
    }
}

/// The number in a name such as `mc0`.
fn numbered<'a>(name: &'a std::ffi::OsStr, prefix: &str) -> Option<&'a str> {
    let number = name.to_str()?.strip_prefix(prefix)?;
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::golden::tests!(Edac, "edac");
}
