//! Requests to an endpoint whose child a thread plays.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use abi_stable::type_level::downcasting::TD_Opaque;
use gaxx_abi::{
    Body_TO, BodyBox, EndpointBox, Fault, Header, Manifest, Reply_TO, ReplyBox, Request,
    abi_std::{ROption, RResult, RSlice, RString, RVec},
    fault::kind,
    http::{Body, Reply},
};

use super::{
    BOUND,
    host::Bench,
    puppet::{Puppet, Script},
    until,
};
use crate::{
    isolation::{
        ENDED,
        process::{Cause, Child, fault},
        proxy::plugin,
        wire::{
            Channel, descriptor,
            message::{Ask, BodyAsk, BodyTold, ReplyAsk, ReplyTold, Told},
        },
    },
    plugin::nanos,
};

/// A body without a byte.
struct Empty;

impl Body for Empty {
    fn read(&mut self, _: u64, _: u64) -> RResult<ROption<RVec<u8>>, Fault> {
        RResult::ROk(ROption::RNone)
    }
}

/// What became of a reply.
#[derive(Default)]
struct Seen {
    finished: AtomicBool,
    dropped: AtomicBool,
}

struct Taken(Arc<Seen>);

impl Reply for Taken {
    fn head(&mut self, _: u16, _: RVec<Header>) -> RResult<(), Fault> {
        RResult::ROk(())
    }

    fn write(&mut self, _: RSlice<'_, u8>, _: u64) -> RResult<(), Fault> {
        RResult::ROk(())
    }

    fn finish(&mut self) -> RResult<(), Fault> {
        self.0.finished.store(true, Ordering::Release);
        RResult::ROk(())
    }

    fn is_cancelled(&self) -> bool {
        false
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.dropped.store(true, Ordering::Release);
    }
}

impl Seen {
    fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }

    fn is_dropped(&self) -> bool {
        self.dropped.load(Ordering::Acquire)
    }
}

/// An endpoint whose child does this with each request, and answers what comes of it.
struct Stage {
    puppet: Puppet,
    endpoint: EndpointBox,
}

impl Stage {
    fn new(script: Script) -> Self {
        let puppet = Puppet::new(1, script);
        let (bench, child) = (Arc::<Bench>::default(), Child::played(&puppet.process));
        let manifest = Manifest {
            name: "demo".into(),
            version: "1.0.0".into(),
            description: RString::new(),
            components: RVec::new(),
            attributes: RVec::new(),
        };
        let plugin = plugin(child, Arc::new(manifest));
        let endpoint = plugin.endpoint("part".into(), "{}".into(), bench.reference());
        Self {
            puppet,
            endpoint: endpoint.unwrap(),
        }
    }

    /// Makes a request that may take so long.
    fn request(&self, deadline: u64) -> (Result<(), Fault>, Arc<Seen>) {
        let seen = Arc::<Seen>::default();
        let body: BodyBox = Body_TO::from_value(Empty, TD_Opaque);
        let reply: ReplyBox = Reply_TO::from_value(Taken(Arc::clone(&seen)), TD_Opaque);
        let answered = self.endpoint.handle(request(), body, reply, deadline);
        (answered.into_result(), seen)
    }

    fn heard(&self, what: &str) -> usize {
        let heard = self.puppet.heard.lock();
        heard.iter().filter(|one| *one == what).count()
    }
}

fn request() -> Request {
    let text = RString::new;
    Request {
        route: 0,
        method: text(),
        path: text(),
        query: text(),
        headers: RVec::new(),
        peer: text(),
        identity: text(),
        attributes: RVec::new(),
    }
}

/// The sockets of a request's body and reply; nothing for other calls, which are done.
fn passed(ask: &Ask, line: &Channel) -> Option<(Channel, Channel)> {
    matches!(ask, Ask::Handle(..)).then(|| {
        let [body, reply] = descriptor::receive(line.socket()).unwrap().unwrap();
        (Channel::new(body, 1000), Channel::new(reply, 1000))
    })
}

fn complete(mut reply: Channel) {
    let head = ReplyAsk::Head {
        status: 200,
        headers: RVec::new(),
    };
    for ask in [head, ReplyAsk::Write(vec![b'x'], 1), ReplyAsk::Finish] {
        reply.send(&ask, None).unwrap();
        assert!(matches!(reply.receive(None).unwrap(), ReplyTold::Done));
    }
}

#[test]
fn requests_one_after_the_other_share_a_line() {
    let stage = Stage::new(|ask, line| {
        if let Some((mut body, reply)) = passed(&ask, line) {
            let (most, deadline) = (1, 1);
            body.send(&BodyAsk { most, deadline }, None).unwrap();
            assert!(matches!(body.receive(None).unwrap(), BodyTold::End));
            complete(reply);
        }
        Some(Told::Done)
    });
    for _ in 0..3 {
        let (answered, seen) = stage.request(nanos(BOUND));
        assert_eq!(answered, Ok(()));
        assert!(seen.is_finished() && seen.is_dropped());
    }
    assert_eq!((stage.heard("Attach"), stage.heard("Handle")), (1, 3));
}

#[test]
fn what_the_plugin_answers_is_passed_on_and_the_line_kept() {
    let stage = Stage::new(|ask, line| {
        Some(match passed(&ask, line) {
            None => Told::Done,
            Some(_) => Told::Fault(fault(kind::PANIC, "it panicked", "")),
        })
    });
    for _ in 0..2 {
        let (answered, seen) = stage.request(nanos(BOUND));
        assert_eq!(answered.unwrap_err().kind, kind::PANIC);
        assert!(seen.is_dropped() && !seen.is_finished());
    }
    assert_eq!(stage.heard("Attach"), 1);
    assert!(stage.puppet.process.ending().is_none());
}

#[test]
fn a_reply_may_be_completed_after_the_call() {
    let stage = Stage::new(|ask, line| {
        if let Some((_, reply)) = passed(&ask, line) {
            thread::spawn(|| complete(reply));
        }
        Some(Told::Done)
    });
    let (answered, seen) = stage.request(nanos(BOUND));
    assert_eq!(answered, Ok(()));
    until(|| seen.is_finished() && seen.is_dropped());
}

#[test]
fn a_call_that_does_not_return_ends_the_process_and_the_reply() {
    let stage = Stage::new(|ask, line| match passed(&ask, line) {
        None => Some(Told::Done),
        Some(_sockets) => loop {
            thread::park();
        },
    });
    let (answered, seen) = stage.request(40_000_000);
    assert_eq!(answered.unwrap_err().kind, kind::DEADLINE);
    assert!(seen.is_dropped());
    let ending = stage.puppet.process.ending().unwrap();
    assert_eq!(ending.cause, Cause::Deadline);
    // The next one is told so at once.
    let (answered, seen) = stage.request(nanos(BOUND));
    assert!(answered.is_err() && seen.is_dropped());
}

#[test]
fn an_answer_that_is_none_ends_the_process() {
    let wrong: Script = |ask, line| match passed(&ask, line) {
        None => Some(Told::Done),
        Some(_) => Some(Told::Saved(None)),
    };
    // What is meant for a reply is no line's message, and the other way round.
    let misdirected: Script = |ask, line| match passed(&ask, line) {
        None => Some(Told::Done),
        Some((_, mut reply)) => {
            reply.send(&"no question of a reply", None).unwrap();
            // As long as the core may read it.
            assert!(reply.receive::<ReplyTold>(None).is_err());
            Some(Told::Done)
        }
    };
    for script in [wrong, misdirected] {
        let stage = Stage::new(script);
        let (answered, seen) = stage.request(nanos(BOUND));
        assert_eq!(answered.unwrap_err().kind, ENDED);
        until(|| seen.is_dropped());
        let ending = stage.puppet.process.ending().unwrap();
        assert_eq!(ending.cause, Cause::Protocol);
    }
}
