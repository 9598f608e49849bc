//! An endpoint that sends a body back piece by piece, from a thread of its own.

use std::thread;

use gaxx_abi::{
    BodyBox, Fault, Header, Point, ReplyBox, Request,
    abi_std::{RErr, RNone, ROk, ROption, RResult, RSome, RVec},
    component::Endpoint,
    fault::kind,
};

use crate::fault;

pub(crate) struct Echo;

impl Endpoint for Echo {
    fn start(&self, _deadline: u64) -> RResult<(), Fault> {
        ROk(())
    }

    /// Returns at once: the thread completes the reply.
    fn handle(
        &self,
        request: Request,
        body: BodyBox,
        reply: ReplyBox,
        deadline: u64,
    ) -> RResult<(), Fault> {
        let answer = move || {
            // On a fault the reply is dropped in its midst, which cuts the connection.
            let _ = echo(&request, body, reply, deadline);
        };
        match thread::Builder::new().spawn(answer) {
            Ok(_) => ROk(()),
            Err(error) => RErr(fault(kind::FAILED, error.to_string())),
        }
    }

    fn points(&self, _points: &mut RVec<Point>) {}

    fn save(&self, _deadline: u64) -> ROption<RVec<u8>> {
        RNone
    }

    fn stop(&self, _deadline: u64) {}
}

fn echo(
    request: &Request,
    mut body: BodyBox,
    mut reply: ReplyBox,
    deadline: u64,
) -> Result<(), Fault> {
    let query = Header {
        name: "x-query".into(),
        value: request.query.as_bytes().into(),
    };
    reply.head(200, vec![query].into()).into_result()?;
    while let RSome(piece) = body.read(4096, deadline).into_result()? {
        reply
            .write(piece.as_slice().into(), deadline)
            .into_result()?;
    }
    reply.finish().into_result()
}
