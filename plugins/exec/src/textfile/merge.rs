//! The metrics of several files as those of one.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use crate::exposition::{Family, Series};

type Labels = Vec<(String, String)>;

/// Families of all files. Where two files give the same series, or one name another type, the
/// first file has it.
#[derive(Debug, Default)]
pub(super) struct Merged {
    pub(super) families: Vec<Family>,
    /// Series that an earlier file gives, or whose name has another type there.
    pub(super) left_out: usize,
    /// By name: the place in `families`, and whose labels are there.
    known: HashMap<String, (usize, HashSet<Labels>)>,
}

impl Merged {
    pub(super) fn add(&mut self, families: Vec<Family>, file: &Path) {
        for family in families {
            let Family {
                name,
                help,
                kind,
                series,
            } = family;
            let next = self.families.len();
            let (at, known) = self
                .known
                .entry(name.clone())
                .or_insert((next, HashSet::new()));
            if *at == next {
                let help = match help.as_str() {
                    "" => format!("Read from {}.", file.display()),
                    _ => help,
                };
                self.families.push(Family {
                    name,
                    help,
                    kind,
                    series: Vec::new(),
                });
            }
            let first = &mut self.families[*at];
            for Series { labels, value } in series {
                if first.kind == kind && known.insert(labels.clone()) {
                    first.series.push(Series { labels, value });
                } else {
                    self.left_out += value.lines();
                }
            }
        }
    }
}
