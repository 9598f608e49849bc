//! What a snapshot's numbers mean: families by name, their series, and the slot of each.
//!
//! Made once for each generation and shared by all snapshots of it.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::SystemTime,
};

use super::{
    Owner,
    export::Descriptors,
    family::Family,
    lines::Lines,
    table::{Described, Run, Table},
};

#[derive(Debug)]
pub(super) struct Layout {
    pub(super) generation: u64,
    pub(super) sources: Vec<Source>,
    /// Ascending by name.
    pub(super) families: Vec<FamilyLayout>,
    pub(super) slots: usize,
    /// About as long as the text will be, in bytes.
    pub(super) text_size: usize,
    pub(super) descriptors: OnceLock<Arc<Descriptors>>,
}

/// A table, and where its values go.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) table: Arc<Table>,
    pub(super) owner: Arc<Owner>,
    pub(super) runs: Vec<Run>,
}

#[derive(Debug)]
pub(super) struct FamilyLayout {
    /// Of the first component that has it, whose help is shown.
    pub(super) family: Arc<Family>,
    /// The HELP and TYPE lines.
    pub(super) header: String,
    pub(super) parts: Vec<Part>,
}

/// What one component has of a family.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) source: usize,
    pub(super) series: Vec<SeriesLayout>,
    pub(super) lines: Lines,
}

#[derive(Debug)]
pub(super) struct SeriesLayout {
    /// The first of its slots.
    pub(super) slot: usize,
    pub(super) values: Arc<[String]>,
    pub(super) started: SystemTime,
}

type Parts = Vec<(usize, Vec<Described>)>;

impl Layout {
    /// Lays out tables, which are ascending by owner.
    pub(super) fn new(generation: u64, tables: impl Iterator<Item = Arc<Table>>) -> Self {
        let mut by_name: BTreeMap<Arc<str>, (Arc<Family>, Parts)> = BTreeMap::new();
        let mut layout = Self {
            generation,
            sources: Vec::new(),
            families: Vec::new(),
            slots: 0,
            text_size: 0,
            descriptors: OnceLock::new(),
        };
        for (source, table) in tables.enumerate() {
            for (family, series) in table.describe() {
                let entry = by_name.entry(family.name.clone());
                let (_, parts) = entry.or_insert_with(|| (family, Vec::new()));
                parts.push((source, series));
            }
            layout.sources.push(Source {
                owner: table.owner().clone(),
                table,
                runs: Vec::new(),
            });
        }
        for (family, parts) in by_name.into_values() {
            layout.add(family, parts);
        }
        layout
    }

    fn add(&mut self, family: Arc<Family>, parts: Parts) {
        let slots = family.slots();
        let header = super::lines::header(&family);
        self.text_size += header.len();
        let parts = parts.into_iter().map(|(source, described)| {
            let mut lines = Lines::new(&family, described.len());
            let series = described.into_iter().map(|series| {
                let slot = self.slots;
                self.slots += slots as usize;
                lines.add(&series.text, slot);
                self.sources[source].extend(series.slot, slot, slots);
                SeriesLayout {
                    slot,
                    values: series.values,
                    started: series.started,
                }
            });
            let series = series.collect();
            self.text_size += lines.size();
            Part {
                source,
                series,
                lines,
            }
        });
        let parts = parts.collect();
        self.families.push(FamilyLayout {
            family,
            header,
            parts,
        });
    }
}

impl Source {
    fn extend(&mut self, from: u32, to: usize, length: u32) {
        match self.runs.last_mut() {
            Some(run) if run.from + run.length == from && run.to + run.length as usize == to => {
                run.length += length;
            }
            _ => self.runs.push(Run { from, to, length }),
        }
    }
}
