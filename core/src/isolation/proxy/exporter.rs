//! An exporter in a child.

use std::sync::Arc;

use gaxx_abi::{
    Batch, Fault, Point,
    abi_std::{ROption, RResult, RStr, RVec},
    component::Exporter,
};

use super::{line::Limit, own_points::OwnPoints, seat::Seat};
use crate::isolation::wire::message::{Ask, Described, Export, Told};

/// An exporter in a child.
pub(super) struct RemoteExporter {
    seat: Arc<Seat>,
    own: OwnPoints,
    /// The process and the generation whose descriptions it has.
    described: Option<(u64, u64)>,
}

impl RemoteExporter {
    pub(super) fn new(seat: Arc<Seat>) -> Self {
        Self {
            seat,
            own: OwnPoints::default(),
            described: None,
        }
    }

    fn send(&mut self, limit: Limit, ask: impl FnOnce(u64, u64) -> Ask) -> Result<(), Fault> {
        self.own.forget();
        match self.seat.call(limit, ask)? {
            (process, Told::Points(points)) => {
                self.own.keep(&self.seat, process, &points);
                Ok(())
            }
            _ => Err(self.seat.confused()),
        }
    }
}

impl Exporter for RemoteExporter {
    fn start(&mut self, deadline: u64) -> RResult<(), Fault> {
        self.seat.start(deadline).into()
    }

    fn export(&mut self, batch: Batch<'_>, deadline: u64) -> RResult<(), Fault> {
        let (described, mut now) = (self.described, None);
        let sent = self.send(Limit::of(deadline), |told, process| {
            let has = (process, batch.generation);
            now = Some(has);
            Ask::Export(Box::new(export(&batch, described == Some(has))), told)
        });
        // A child that answered has them, whatever became of the batch.
        self.described = now;
        sent.into()
    }

    fn notify(&mut self, news: RStr<'_>, deadline: u64) -> RResult<(), Fault> {
        self.send(Limit::of(deadline), |told, _| {
            Ask::Notify(news.into(), told)
        })
        .into()
    }

    fn flush(&mut self, deadline: u64) -> RResult<(), Fault> {
        self.send(Limit::of(deadline), |told, _| Ask::Flush(told))
            .into()
    }

    fn points(&self, points: &mut RVec<Point>) {
        self.own.give(&self.seat, points);
    }

    fn save(&mut self, deadline: u64) -> ROption<RVec<u8>> {
        self.seat.save(deadline).map(Into::into).into()
    }

    fn stop(&mut self, deadline: u64) {
        self.seat.stop(deadline);
    }
}

fn export(batch: &Batch<'_>, is_described: bool) -> Export {
    let describe = || Described {
        resource: batch.resource.to_vec(),
        families: batch.families.to_vec(),
        series: batch.series.to_vec(),
    };
    Export {
        time: batch.time,
        generation: batch.generation,
        described: (!is_described).then(describe),
        points: batch.points.to_vec(),
    }
}
