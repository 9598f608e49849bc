//! An exporter that counts what it is given, in a file of its state folder.

use std::{fs, path::Path};

use gaxx_abi::{
    Batch, Fault, HostRef, Point,
    abi_std::{RErr, RNone, ROk, ROption, RResult, RVec},
    component::Exporter,
    fault::kind,
};

use crate::fault;

pub(crate) struct Tally {
    host: HostRef,
}

impl Tally {
    pub(crate) fn new(host: HostRef) -> Self {
        Self { host }
    }
}

impl Exporter for Tally {
    fn start(&mut self, _deadline: u64) -> RResult<(), Fault> {
        ROk(())
    }

    fn export(&mut self, batch: Batch<'_>, _deadline: u64) -> RResult<(), Fault> {
        let folder = match self.host.state_folder() {
            ROk(folder) => folder,
            RErr(fault) => return RErr(fault),
        };
        let mut text = String::new();
        for series in batch.series {
            let family = &batch.families[series.family as usize];
            let Ok(at) = batch
                .points
                .binary_search_by_key(&series.slot, |point| point.slot)
            else {
                continue;
            };
            let labels = series.labels.join(",");
            text += &format!("{} {labels} {}\n", family.name, batch.points[at].value);
        }
        // Whole or not at all: the test reads it at any time.
        let (half, whole) = (
            Path::new(&*folder).join("half"),
            Path::new(&*folder).join("tally"),
        );
        let written = fs::write(&half, text).and_then(|()| fs::rename(&half, &whole));
        written
            .map_err(|error| fault(kind::FAILED, format!("{}: {error}", whole.display())))
            .into()
    }

    fn flush(&mut self, _deadline: u64) -> RResult<(), Fault> {
        ROk(())
    }

    fn points(&self, _points: &mut RVec<Point>) {}

    fn save(&mut self, _deadline: u64) -> ROption<RVec<u8>> {
        RNone
    }

    fn stop(&mut self, _deadline: u64) {}
}
