//! Lines for requests, and the sockets that come with each.

use std::os::fd::AsFd;

use gaxx_abi::{
    Request,
    abi_std::RVec,
    manifest::kind::{COLLECTOR, ENDPOINT},
};

use super::{Bench, Line, bound};
use crate::isolation::wire::{
    Channel, WireError, descriptor,
    message::{Ask, BodyAsk, BodyTold, ReplyAsk, ReplyTold, Told},
};

/// The core's ends of a request.
struct Exchange {
    body: Channel,
    reply: Channel,
}

impl Exchange {
    /// Sends a request to an endpoint.
    fn begin(line: &mut Line, path: &str) -> Self {
        let request = Request {
            route: 0,
            method: "POST".into(),
            path: path.into(),
            query: "".into(),
            headers: RVec::new(),
            peer: "".into(),
            identity: "".into(),
            attributes: RVec::new(),
        };
        let (body, theirs) = descriptor::pair().unwrap();
        let (reply, also_theirs) = descriptor::pair().unwrap();
        line.0
            .send(&Ask::Handle(Box::new(request), 11), bound())
            .unwrap();
        let passed = [theirs.as_fd(), also_theirs.as_fd()];
        descriptor::send(line.0.socket(), &passed).unwrap();
        Self {
            body: Channel::new(body, 1000),
            reply: Channel::new(reply, 1000),
        }
    }

    /// What the plugin asks for the reply; answered at once.
    fn asked(&mut self) -> ReplyAsk {
        let ask = self.reply.receive(bound()).unwrap();
        self.reply.send(&ReplyTold::Done, bound()).unwrap();
        ask
    }

    /// Lets the plugin send a body of one piece back.
    fn echo(&mut self, body: &str) {
        assert!(matches!(self.asked(), ReplyAsk::Head { status: 200, .. }));
        let ask: BodyAsk = self.body.receive(bound()).unwrap();
        assert_eq!((ask.most, ask.deadline), (5, 11));
        let piece = BodyTold::Piece(body.as_bytes().to_vec());
        self.body.send(&piece, bound()).unwrap();
        let back = format!("<{body}>").into_bytes();
        assert!(matches!(self.asked(), ReplyAsk::Write(bytes, 11) if bytes == back));
        let _: BodyAsk = self.body.receive(bound()).unwrap();
        self.body.send(&BodyTold::End, bound()).unwrap();
        assert!(matches!(self.asked(), ReplyAsk::Finish));
        self.is_over();
    }

    /// Sees that the plugin has dropped body and reply.
    fn is_over(&mut self) {
        let body = self.body.receive::<BodyAsk>(bound());
        assert!(matches!(body, Err(WireError::Closed)), "{body:?}");
        let reply = self.reply.receive::<ReplyAsk>(bound());
        assert!(matches!(reply, Err(WireError::Closed)), "{reply:?}");
    }
}

fn attached(bench: &mut Bench, number: u32) -> Line {
    let mut line = bench.line();
    line.done(&Ask::Attach(number));
    line
}

fn told(line: &mut Line) -> Told {
    line.0.receive(bound()).unwrap()
}

#[test]
fn several_requests_are_at_work_at_once() {
    let mut bench = Bench::loaded();
    let mut component = bench.component(1, ENDPOINT, "");
    let mut lines = [attached(&mut bench, 1), attached(&mut bench, 1)];
    for _ in 0..2 {
        let mut exchanges: Vec<_> = lines
            .iter_mut()
            .map(|line| Exchange::begin(line, "/"))
            .collect();
        // The one that came last is answered first.
        for (line, exchange) in lines.iter_mut().zip(&mut exchanges).rev() {
            exchange.echo("body");
            assert!(matches!(told(line), Told::Done));
        }
    }
    // All of them were the same object's.
    assert_eq!(component.points(&Ask::Points), [(1, 4.0)]);
}

#[test]
fn a_reply_may_come_after_the_call() {
    let mut bench = Bench::loaded();
    let _component = bench.component(1, ENDPOINT, "");
    let mut line = attached(&mut bench, 1);
    let mut later = Exchange::begin(&mut line, "/later");
    assert!(matches!(told(&mut line), Told::Done));
    // The line is free meanwhile, and may even end.
    Exchange::begin(&mut line, "/never").is_over();
    assert!(matches!(told(&mut line), Told::Done));
    drop(line);
    later.echo("late");
}

#[test]
fn a_thread_is_marked_as_in_the_request_that_it_serves() {
    let mut bench = Bench::loaded();
    let _component = bench.component(1, ENDPOINT, "");
    let mut line = attached(&mut bench, 1);
    Exchange::begin(&mut line, "/whose").is_over();
    assert!(matches!(told(&mut line), Told::Done));
    assert_eq!(bench.said(), "in a call of fake/part@second");
}

#[test]
fn a_caller_who_goes_is_a_fault() {
    let mut bench = Bench::loaded();
    let _component = bench.component(1, ENDPOINT, "");
    let mut line = attached(&mut bench, 1);
    drop(Exchange::begin(&mut line, "/"));
    match told(&mut line) {
        Told::Fault(fault) => assert_eq!(fault.message, "the caller has gone"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_stopped_endpoint_is_dropped_whatever_lines_are_left() {
    let mut bench = Bench::loaded();
    let mut component = bench.component(1, ENDPOINT, "");
    let mut line = attached(&mut bench, 1);
    component.done(&Ask::Stop(7));
    assert_eq!(bench.said(), "stopped within 7");
    assert_eq!(bench.said(), "dropped, cancelled: true");
    let mut refused = Exchange::begin(&mut line, "/");
    refused.is_over();
    assert!(matches!(told(&mut line), Told::Fault(_)));
    assert!(matches!(bench.line().ask(&Ask::Attach(1)), Told::Fault(_)));
}

#[test]
fn a_request_on_a_line_without_an_endpoint_is_refused() {
    let mut bench = Bench::loaded();
    let collector = bench.component(1, COLLECTOR, "");
    for mut line in [bench.line(), collector] {
        Exchange::begin(&mut line, "/").is_over();
        assert!(matches!(told(&mut line), Told::Fault(_)));
        // Nothing of it is left on the line.
        assert!(matches!(line.ask(&Ask::Attach(2)), Told::Fault(_)));
    }
}
