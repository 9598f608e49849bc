//! Batches for an exporter, put together again.

use gaxx_abi::{Batch, Fault, fault::kind};

use super::fault;
use crate::isolation::wire::message::{Described, Export};

/// The descriptions of the last generation that came.
#[derive(Default)]
pub(super) struct Kept(Option<(u64, Described)>);

impl Kept {
    /// The batch; a fault where its descriptions have never come.
    pub(super) fn batch<'a>(&'a mut self, export: &'a mut Export) -> Result<Batch<'a>, Fault> {
        if let Some(described) = export.described.take() {
            self.0 = Some((export.generation, described));
        }
        let Some((generation, described)) = &self.0 else {
            return Err(missing(export.generation));
        };
        if *generation != export.generation {
            return Err(missing(export.generation));
        }
        Ok(Batch {
            time: export.time,
            generation: export.generation,
            resource: described.resource.as_slice().into(),
            families: described.families.as_slice().into(),
            series: described.series.as_slice().into(),
            points: export.points.as_slice().into(),
        })
    }
}

fn missing(generation: u64) -> Fault {
    fault(
        kind::FAILED,
        format!("the descriptions of generation {generation} have not come"),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use gaxx_abi::{Attribute, Point};

    use super::*;

    fn export(generation: u64, described: Option<&str>) -> Export {
        let describe = |name: &str| Described {
            resource: vec![Attribute {
                name: name.into(),
                value: "".into(),
            }],
            families: Vec::new(),
            series: Vec::new(),
        };
        Export {
            time: 5,
            generation,
            described: described.map(describe),
            points: vec![Point::new(1, 2.0)],
        }
    }

    #[test]
    fn descriptions_are_kept_for_their_generation_alone() {
        let mut kept = Kept::default();
        let mut name = |generation, described| {
            let mut export = export(generation, described);
            let batch = kept.batch(&mut export).ok()?;
            assert_eq!((batch.time, batch.points.len()), (5, 1));
            Some(batch.resource.first().unwrap().name.to_string())
        };
        assert_eq!(name(1, None), None);
        assert_eq!(name(1, Some("one")).as_deref(), Some("one"));
        assert_eq!(name(1, None).as_deref(), Some("one"));
        assert_eq!(name(2, None), None);
        assert_eq!(name(2, Some("two")).as_deref(), Some("two"));
        assert_eq!(name(1, None), None);
    }
}
