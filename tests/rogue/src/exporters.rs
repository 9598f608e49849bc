//! Exporters.

use gaxx_sdk::{component, prelude::*};

use crate::{hang, told};

/// Defines an exporter that takes every batch unless it is told otherwise.
macro_rules! exporter {
    ($type:ident, $name:literal, $misbehave:expr) => {
        struct $type;

        impl Component for $type {
            type Settings = NoSettings;

            fn new(_settings: NoSettings, _context: &Context) -> Result<Self> {
                Ok(Self)
            }
        }

        impl Exporter for $type {
            fn export(&mut self, _batch: &Batch<'_>, _deadline: Deadline) -> Result<()> {
                if told($name) {
                    let misbehave: fn() -> Result<()> = $misbehave;
                    return misbehave();
                }
                Ok(())
            }
        }

        component!(exporter $name => $type);
    };
}

exporter!(Panics, "export-panics", || panic!("told to panic"));
exporter!(Hangs, "export-hangs", || hang());
exporter!(Aborts, "export-aborts", || std::process::abort());
exporter!(Fails, "export-fails", || Err(Error::failed("told to fail")));
exporter!(Refuses, "export-refuses", || Err(Error::permanent(
    "told to refuse"
)));
