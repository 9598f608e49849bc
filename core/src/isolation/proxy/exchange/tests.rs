#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::Write,
    os::{fd::AsFd, unix::net::UnixStream},
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use abi_stable::type_level::downcasting::TD_Opaque;
use flume::{Receiver, Sender};
use gaxx_abi::{
    Body_TO, Header, Reply_TO,
    abi_std::{ROption, RResult, RSlice},
    http::{Body, Reply},
};
use proptest::prelude::*;

use super::*;
use crate::isolation::wire::{
    Channel,
    message::{BodyAsk, BodyTold, PIECE, ReplyAsk, ReplyTold},
};

/// What became of a reply.
#[derive(Debug, Default, Clone, PartialEq)]
struct Seen {
    head: Option<u16>,
    body: Vec<u8>,
    finished: bool,
    dropped: bool,
}

#[derive(Clone, Default)]
struct Caller {
    seen: Arc<Mutex<Seen>>,
    gone: Arc<Mutex<bool>>,
}

/// Takes a piece each time that a permit comes.
struct Slow(Caller, Receiver<()>);

/// Gives a piece each time that one comes.
struct Pieces(Receiver<Vec<u8>>);

impl Caller {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }
}

impl Reply for Slow {
    fn head(&mut self, status: u16, _: RVec<Header>) -> RResult<(), Fault> {
        match self.0.seen().head.replace(status) {
            None => RResult::ROk(()),
            Some(_) => RResult::RErr(refused("the head was sent already".to_owned())),
        }
    }

    fn write(&mut self, piece: RSlice<'_, u8>, _: u64) -> RResult<(), Fault> {
        let _ = self.1.recv();
        self.0.seen().body.extend_from_slice(&piece);
        RResult::ROk(())
    }

    fn finish(&mut self) -> RResult<(), Fault> {
        self.0.seen().finished = true;
        RResult::ROk(())
    }

    fn is_cancelled(&self) -> bool {
        *self.0.gone.lock().unwrap()
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        self.0.seen().dropped = true;
    }
}

impl Body for Pieces {
    fn read(&mut self, most: u64, _: u64) -> RResult<ROption<RVec<u8>>, Fault> {
        assert!(most <= PIECE as u64);
        RResult::ROk(self.0.recv().ok().map(Into::into).into())
    }
}

/// An exchange, and all that stands around it.
struct Rig {
    exchange: Exchange,
    line: UnixStream,
    far_line: UnixStream,
    body: Channel,
    reply: Channel,
    pieces: Sender<Vec<u8>>,
    takes: Sender<()>,
    caller: Caller,
    accused: Arc<Mutex<Vec<String>>>,
    threads: Arc<Semaphore>,
}

fn rig() -> Rig {
    let accused = Arc::<Mutex<Vec<String>>>::default();
    let list = Arc::clone(&accused);
    let accuse: Accuse = Arc::new(move |error| list.lock().unwrap().push(error.to_string()));
    let exchanges = Exchanges::default();
    let (takes, permits) = flume::unbounded();
    let (pieces, incoming) = flume::unbounded();
    let caller = Caller::default();
    let body = Body_TO::from_value(Pieces(incoming), TD_Opaque);
    let reply = Reply_TO::from_value(Slow(caller.clone(), permits), TD_Opaque);
    let (exchange, [body, reply]) = exchanges.begin(body, reply, accuse).unwrap();
    let (line, far_line) = UnixStream::pair().unwrap();
    Rig {
        exchange,
        line,
        far_line,
        body: Channel::new(body, 1 << 20),
        reply: Channel::new(reply, 1 << 20),
        pieces,
        takes,
        caller,
        accused,
        threads: exchanges.0,
    }
}

fn bound() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

fn soon() -> Instant {
    Instant::now() + Duration::from_millis(50)
}

fn ask(channel: &mut Channel, ask: &ReplyAsk) -> ReplyTold {
    channel.send(ask, None).unwrap();
    channel.receive(None).unwrap()
}

fn head(status: u16) -> ReplyAsk {
    let headers = RVec::new();
    ReplyAsk::Head { status, headers }
}

fn piece(bytes: &[u8]) -> ReplyAsk {
    ReplyAsk::Write(bytes.to_vec(), u64::MAX)
}

/// Waits until all threads of an endpoint have ended.
fn wait_threads(threads: &Semaphore) {
    let until = bound();
    while threads.available_permits() < THREADS {
        assert!(Instant::now() < until, "a thread goes on");
        std::thread::yield_now();
    }
}

#[test]
fn a_short_answer_needs_no_thread() {
    let Rig {
        mut exchange,
        line,
        mut far_line,
        body,
        mut reply,
        takes,
        caller,
        threads,
        ..
    } = rig();
    takes.send(()).unwrap();
    let child = std::thread::spawn(move || {
        drop(body);
        assert!(matches!(
            ask(&mut reply, &ReplyAsk::IsCancelled),
            ReplyTold::Cancelled(false)
        ));
        assert!(matches!(ask(&mut reply, &head(200)), ReplyTold::Done));
        assert!(matches!(ask(&mut reply, &head(500)), ReplyTold::Fault(_)));
        assert!(matches!(ask(&mut reply, &piece(b"calm")), ReplyTold::Done));
        assert!(matches!(
            ask(&mut reply, &ReplyAsk::Finish),
            ReplyTold::Done
        ));
        drop(reply);
        far_line.write_all(&[1]).unwrap();
        far_line
    });
    exchange.serve(line.as_fd(), bound());
    assert_eq!(threads.available_permits(), THREADS);
    exchange.settle(bound()).unwrap();
    let seen = caller.seen().clone();
    assert_eq!(
        (seen.head, seen.body.as_slice()),
        (Some(500), b"calm".as_slice())
    );
    assert!(seen.finished && seen.dropped);
    drop(child.join().unwrap());
}

/// What became of the reply is known when the call is: a request left without an answer is the
/// plugin's fault.
#[test]
fn a_reply_that_was_dropped_is_over_with_the_call() {
    for pieces in [0, 1, 5] {
        let Rig {
            mut exchange,
            line,
            mut far_line,
            mut reply,
            takes,
            caller,
            threads,
            ..
        } = rig();
        let child = std::thread::spawn(move || {
            for _ in 0..pieces {
                takes.send(()).unwrap();
                ask(&mut reply, &piece(b"x"));
            }
            drop(reply);
            far_line.write_all(&[1]).unwrap();
            far_line
        });
        exchange.serve(line.as_fd(), bound());
        exchange.settle(bound()).unwrap();
        let seen = caller.seen().clone();
        assert!(
            seen.dropped && !seen.finished && seen.body.len() == pieces,
            "{seen:?}"
        );
        drop(child.join().unwrap());
        wait_threads(&threads);
    }
}

#[test]
fn neither_a_body_that_does_not_come_nor_a_slow_caller_holds_the_call() {
    let Rig {
        mut exchange,
        line,
        mut far_line,
        mut body,
        mut reply,
        pieces,
        takes,
        caller,
        threads,
        ..
    } = rig();
    // Nothing of the body is there, and nobody takes a piece: both wait.
    let (most, deadline) = (u64::MAX, u64::MAX);
    body.send(&BodyAsk { most, deadline }, None).unwrap();
    for _ in 0..2 {
        reply.send(&piece(b"x"), None).unwrap();
    }
    takes.send(()).unwrap();
    far_line.write_all(&[1]).unwrap();
    while !matches!(exchange.reply, Replying::Away(..)) || exchange.body.is_some() {
        exchange.serve(line.as_fd(), bound());
    }
    exchange.settle(bound()).unwrap();
    assert_eq!(threads.available_permits(), THREADS - 2);
    // And go on when there is something.
    pieces.send(b"abc".to_vec()).unwrap();
    drop(pieces);
    let told = body.receive::<BodyTold>(Some(bound())).unwrap();
    assert!(matches!(told, BodyTold::Piece(piece) if piece == b"abc"));
    body.send(&BodyAsk { most, deadline }, None).unwrap();
    let told = body.receive::<BodyTold>(Some(bound())).unwrap();
    assert!(matches!(told, BodyTold::End));
    takes.send(()).unwrap();
    for _ in 0..2 {
        let told = reply.receive::<ReplyTold>(Some(bound())).unwrap();
        assert!(matches!(told, ReplyTold::Done));
    }
    drop((body, reply));
    wait_threads(&threads);
    let seen = caller.seen().clone();
    assert!(seen.dropped && seen.body == b"xx", "{seen:?}");
}

#[test]
fn a_reply_that_is_kept_is_completed_later() {
    let Rig {
        mut exchange,
        line,
        mut far_line,
        body,
        mut reply,
        takes,
        caller,
        threads,
        ..
    } = rig();
    drop(body);
    far_line.write_all(&[1]).unwrap();
    exchange.serve(line.as_fd(), bound());
    exchange.settle(bound()).unwrap();
    assert_eq!(threads.available_permits(), THREADS - 1);
    assert!(!caller.seen().dropped);
    ask(&mut reply, &head(200));
    for _ in 0..3 {
        takes.send(()).unwrap();
        ask(&mut reply, &piece(&vec![b'x'; PIECE]));
    }
    ask(&mut reply, &ReplyAsk::Finish);
    wait_threads(&threads);
    let seen = caller.seen().clone();
    assert!(seen.finished && seen.dropped && seen.body.len() == 3 * PIECE);
    assert!(matches!(
        reply.receive::<ReplyTold>(None),
        Err(WireError::Closed)
    ));
}

#[test]
fn the_call_is_late_while_its_line_is_silent() {
    let Rig {
        mut exchange,
        line,
        far_line: _far_line,
        body: _body,
        reply: _reply,
        caller,
        ..
    } = rig();
    exchange.serve(line.as_fd(), soon());
    assert!(!caller.seen().dropped);
    drop(exchange);
    assert!(caller.seen().dropped);
}

#[test]
fn who_may_have_no_thread_is_told_so() {
    let Rig {
        mut exchange,
        line,
        mut far_line,
        mut body,
        reply,
        caller,
        threads,
        ..
    } = rig();
    let all = threads
        .try_acquire_many(THREADS.try_into().unwrap())
        .unwrap();
    let (most, deadline) = (1, 1);
    body.send(&BodyAsk { most, deadline }, None).unwrap();
    far_line.write_all(&[1]).unwrap();
    exchange.serve(line.as_fd(), bound());
    let told = body.receive::<BodyTold>(Some(bound())).unwrap();
    assert!(matches!(told, BodyTold::Fault(fault) if fault.kind == kind::LIMIT));
    let fault = exchange.settle(bound()).unwrap_err();
    assert_eq!(fault.kind, kind::LIMIT);
    assert!(caller.seen().dropped);
    drop((all, reply));
}

#[test]
fn what_cannot_be_read_is_told() {
    let lies: [&[u8]; 3] = [
        // Longer than a piece may be.
        &[0xff; 4],
        // No question of this number.
        &[1, 0, 0, 0, 99],
        // A piece that is longer than its message.
        &[3, 0, 0, 0, 1, 200, 1],
    ];
    for (lie, kept) in lies.into_iter().flat_map(|lie| [(lie, false), (lie, true)]) {
        let Rig {
            mut exchange,
            line,
            mut far_line,
            reply,
            caller,
            accused,
            threads,
            ..
        } = rig();
        let socket = rustix::io::dup(reply.socket()).unwrap();
        let mut liar = fs::File::from(socket);
        far_line.write_all(&[1]).unwrap();
        if kept {
            exchange.serve(line.as_fd(), bound());
            exchange.settle(bound()).unwrap();
            liar.write_all(lie).unwrap();
        } else {
            liar.write_all(lie).unwrap();
            exchange.serve(line.as_fd(), bound());
            exchange.settle(bound()).unwrap();
        }
        drop((liar, reply));
        let until = bound();
        while !caller.seen().dropped {
            assert!(Instant::now() < until, "{lie:?} is no end");
            std::thread::yield_now();
        }
        assert_eq!(accused.lock().unwrap().len(), 1, "{lie:?}");
        drop(threads);
    }
}

proptest! {
    /// Bytes of a liar on either socket are an error and nothing worse.
    #[test]
    fn noise_ends_an_exchange_and_nothing_else(
        body_noise in proptest::collection::vec(any::<u8>(), 0..100),
        reply_noise in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let Rig { mut exchange, line, mut far_line, body, reply, pieces, takes, caller, threads, .. } =
            rig();
        drop((pieces, takes));
        fs::File::from(rustix::io::dup(body.socket()).unwrap()).write_all(&body_noise).unwrap();
        fs::File::from(rustix::io::dup(reply.socket()).unwrap()).write_all(&reply_noise).unwrap();
        drop((body, reply));
        far_line.write_all(&[1]).unwrap();
        exchange.serve(line.as_fd(), bound());
        exchange.settle(bound()).unwrap();
        wait_threads(&threads);
        prop_assert!(caller.seen().dropped);
    }
}
