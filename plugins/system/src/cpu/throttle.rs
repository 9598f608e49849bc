//! How often heat slowed the CPUs, where the processor tells.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use gaxx_sdk::prelude::*;

use crate::attributes::{Attributes, names};

/// A CPU that tells it.
#[derive(Debug)]
struct Place {
    folder: PathBuf,
    package: String,
    core: String,
    /// Whether it speaks for its core, and for its package: the threads of a core count the same.
    speaks: (bool, bool),
}

#[derive(Debug)]
pub(super) struct Throttle {
    cpus: PathBuf,
    cores: Family<Counter, 2>,
    packages: Family<Counter, 1>,
    places: Vec<Place>,
    /// For how many CPUs the places were found.
    found_for: usize,
}

impl Throttle {
    pub(super) fn new(sysfs: &Path, context: &Context) -> Result<Self> {
        Ok(Self {
            cpus: sysfs.join("devices/system/cpu"),
            cores: context.counters(
                "node_cpu_core_throttles_total",
                "Times that this core was slowed because of heat.",
                ["core", "package"],
            )?,
            packages: context.counters(
                "node_cpu_package_throttles_total",
                "Times that this processor was slowed because of heat.",
                ["package"],
            )?,
            places: Vec::new(),
            found_for: 0,
        })
    }

    /// Collects; `count` CPUs are online. The processor's layout is read again when that changes.
    pub(super) fn collect(&mut self, count: usize) {
        if self.found_for != count {
            self.found_for = count;
            self.places = places(&self.cpus);
        }
        self.cores.reset();
        self.packages.reset();
        for place in &self.places {
            let Ok(mut attributes) = Attributes::open(&place.folder) else {
                continue;
            };
            if place.speaks.0
                && let Some(count) = attributes.number("core_throttle_count")
            {
                self.cores
                    .with([&place.core, &place.package])
                    .set_total(count);
            }
            if place.speaks.1
                && let Some(count) = attributes.number("package_throttle_count")
            {
                self.packages.with([&place.package]).set_total(count);
            }
        }
    }
}

/// The CPUs that tell how often they were slowed; none in most virtual machines.
fn places(cpus: &Path) -> Vec<Place> {
    let mut cores = HashSet::new();
    let mut packages = HashSet::new();
    let place = |name: std::ffi::OsString| {
        let cpu = cpus.join(name);
        let folder = cpu.join("thermal_throttle");
        if !folder.is_dir() {
            return None;
        }
        let mut topology = Attributes::open(&cpu.join("topology")).ok()?;
        let core = topology.text("core_id")?.into_owned();
        let package = topology.text("physical_package_id")?.into_owned();
        let speaks = (
            cores.insert((core.clone(), package.clone())),
            packages.insert(package.clone()),
        );
        Some(Place {
            folder,
            package,
            core,
            speaks,
        })
    };
    names(cpus)
        .unwrap_or_default()
        .into_iter()
        .filter_map(place)
        .collect()
}
