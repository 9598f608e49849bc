//! An endpoint that lives in a child.

use std::sync::Arc;

use abi_stable::type_level::downcasting::TD_Opaque;
use gaxx_abi::{
    BodyBox, Endpoint_TO, EndpointBox, Fault, Point, ReplyBox, Request,
    abi_std::{ROption, RResult, RVec},
    component::Endpoint,
};
use parking_lot::Mutex;

use super::{
    exchange::{Accuse, Exchanges, PATIENCE},
    line::{Limit, Line},
    own_points::OwnPoints,
    seat::Seat,
};
use crate::isolation::{
    process::Process,
    wire::message::{Ask, Told},
};

/// Lines for requests that are kept where none is at work; each has a thread in the child.
const IDLE: usize = 4;

/// An endpoint in a child. Every request at work has a line of its own.
struct Remote {
    seat: Arc<Seat>,
    own: OwnPoints,
    idle: Mutex<Vec<Line>>,
    exchanges: Exchanges,
}

/// The endpoint that was made at this seat.
pub(in crate::isolation) fn endpoint(seat: Arc<Seat>) -> EndpointBox {
    let remote = Remote {
        seat,
        own: OwnPoints::default(),
        idle: Mutex::default(),
        exchanges: Exchanges::default(),
    };
    Endpoint_TO::from_value(remote, TD_Opaque)
}

impl Remote {
    /// A line that nobody uses.
    fn line(&self, limit: Limit) -> Result<Line, Fault> {
        let idle = {
            let mut idle = self.idle.lock();
            idle.retain(|line| line.process().ending().is_none());
            idle.pop()
        };
        idle.map_or_else(|| self.seat.attach(limit), Ok)
    }

    fn keep(&self, line: Line) {
        let mut idle = self.idle.lock();
        if idle.len() < IDLE {
            idle.push(line);
        }
    }

    fn answer(
        &self,
        request: Request,
        body: BodyBox,
        reply: ReplyBox,
        limit: Limit,
    ) -> Result<(), Fault> {
        let line = self.line(limit)?;
        let process = Arc::clone(line.process());
        let (mut exchange, [far_body, far_reply]) =
            self.exchanges.begin(body, reply, accuse(&process))?;
        let ask = Ask::Handle(Box::new(request), limit.told());
        let asked = line.ask(&ask, &[&far_body, &far_reply], limit)?;
        // The child has them: what it drops is over then.
        drop((far_body, far_reply));
        exchange.serve(asked.socket(), limit.until());
        let told = asked.told();
        if process.ending().is_none() {
            self.keep(line);
            exchange.settle(limit.until())?;
        }
        match told? {
            Told::Done => Ok(()),
            _ => Err(process.confused()),
        }
    }
}

/// Ends a process for what it sends beside its lines.
fn accuse(process: &Arc<Process>) -> Accuse {
    let process = Arc::clone(process);
    Arc::new(move |error| {
        process.failed(error, PATIENCE);
    })
}

impl Endpoint for Remote {
    fn start(&self, deadline: u64) -> RResult<(), Fault> {
        self.seat.start(deadline).into()
    }

    fn handle(
        &self,
        request: Request,
        body: BodyBox,
        reply: ReplyBox,
        deadline: u64,
    ) -> RResult<(), Fault> {
        self.answer(request, body, reply, Limit::of(deadline))
            .into()
    }

    fn points(&self, points: &mut RVec<Point>) {
        self.own.give(&self.seat, points);
    }

    fn save(&self, deadline: u64) -> ROption<RVec<u8>> {
        self.seat.save(deadline).map(Into::into).into()
    }

    fn stop(&self, deadline: u64) {
        let idle = std::mem::take(&mut *self.idle.lock());
        drop(idle);
        self.seat.stop(deadline);
    }
}
