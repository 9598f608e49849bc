//! The plugin's ends of body and reply.

use std::thread;

use gaxx_abi::{
    Fault, Header,
    abi_std::{ROption, RVec},
    fault::kind,
};

use super::{
    super::{
        exchange::{body, reply},
        fault,
    },
    bound,
};
use crate::isolation::wire::{
    Channel, descriptor,
    message::{BodyAsk, BodyTold, PIECE, REPLY, ReplyAsk, ReplyTold},
};

/// A core that answers so many asks of a reply, the last one with a fault where one is given, and
/// then goes; gives how many bytes each of them wrote, with its deadline.
fn answering(
    mut core: Channel,
    asks: usize,
    last: Option<Fault>,
) -> thread::JoinHandle<Vec<(usize, u64)>> {
    thread::spawn(move || {
        let mut written = Vec::new();
        for ask in 1..=asks {
            match core.receive(bound()).unwrap() {
                ReplyAsk::Write(bytes, deadline) => written.push((bytes.len(), deadline)),
                other => panic!("{other:?}"),
            }
            let told = match &last {
                Some(fault) if ask == asks => ReplyTold::Fault(fault.clone()),
                _ => ReplyTold::Done,
            };
            core.send(&told, bound()).unwrap();
        }
        written
    })
}

#[test]
fn a_body_comes_in_pieces_and_ends() {
    let (near, far) = descriptor::pair().unwrap();
    let (mut core, mut body) = (Channel::new(near, 100), body(far));
    let core = thread::spawn(move || {
        for told in [
            BodyTold::Piece(vec![1, 2]),
            BodyTold::Fault(fault(kind::DEADLINE, "slow")),
            BodyTold::End,
        ] {
            let BodyAsk { most, deadline } = core.receive(bound()).unwrap();
            assert_eq!((most, deadline), (64, 9));
            core.send(&told, bound()).unwrap();
        }
    });
    let mut read = || body.read(64, 9).into_result();
    assert_eq!(read().unwrap(), ROption::RSome(vec![1, 2].into()));
    assert_eq!(read().unwrap_err().kind, kind::DEADLINE);
    assert_eq!(read().unwrap(), ROption::RNone);
    core.join().unwrap();
    assert_eq!(read().unwrap_err().kind, kind::CANCELLED);
}

#[test]
fn a_reply_asks_whether_it_is_wanted() {
    let (near, far) = descriptor::pair().unwrap();
    let (mut core, mut reply) = (Channel::new(near, 1000), reply(far));
    let core = thread::spawn(move || {
        for cancelled in [false, true] {
            let ask = core.receive(bound()).unwrap();
            assert!(matches!(ask, ReplyAsk::IsCancelled));
            core.send(&ReplyTold::Cancelled(cancelled), bound())
                .unwrap();
        }
        match core.receive(bound()).unwrap() {
            ReplyAsk::Head { status, headers } => assert_eq!((status, headers.len()), (204, 1)),
            other => panic!("{other:?}"),
        }
        core.send(&ReplyTold::Done, bound()).unwrap();
    });
    assert!(!reply.is_cancelled());
    assert!(reply.is_cancelled());
    let header = Header {
        name: "x".into(),
        value: RVec::from(vec![1]),
    };
    reply.head(204, vec![header].into()).unwrap();
    core.join().unwrap();
    // Nobody is there.
    assert!(reply.is_cancelled());
    assert_eq!(reply.finish().unwrap_err().kind, kind::CANCELLED);
}

#[test]
fn a_long_piece_goes_in_parts_within_its_deadline() {
    let (near, far) = descriptor::pair().unwrap();
    let core = answering(Channel::new(near, REPLY), 3, None);
    let piece = vec![7; 2 * PIECE + 5];
    let hour = 3_600_000_000_000;
    reply(far).write(piece.as_slice().into(), hour).unwrap();
    let written = core.join().unwrap();
    let sizes: Vec<_> = written.iter().map(|(size, _)| *size).collect();
    assert_eq!(sizes, [PIECE, PIECE, 5]);
    let deadlines: Vec<_> = written.iter().map(|(_, deadline)| *deadline).collect();
    assert_eq!(deadlines[0], hour);
    assert!(deadlines.is_sorted_by(|before, after| before > after));
}

#[test]
fn a_head_that_no_message_holds_is_refused() {
    let (near, far) = descriptor::pair().unwrap();
    let (mut core, mut reply) = (Channel::new(near, REPLY), reply(far));
    let mut head = |count: usize, size: usize| {
        let header = Header {
            name: "x".repeat(size).into(),
            value: RVec::from(vec![1; size]),
        };
        reply.head(200, vec![header; count].into()).into_result()
    };
    for (count, size) in [(1, REPLY), (REPLY / 16, 0)] {
        assert_eq!(head(count, size).unwrap_err().kind, kind::PERMANENT);
    }
    let core = thread::spawn(move || {
        for _ in 0..2 {
            let _: ReplyAsk = core.receive(bound()).unwrap();
            core.send(&ReplyTold::Done, bound()).unwrap();
        }
    });
    let most = REPLY - 1024;
    head(1, most / 2 - 8).unwrap();
    head(most / 16, 0).unwrap();
    core.join().unwrap();
}

/// A piece that did not go may be sent again, unless a part of it went.
#[test]
fn half_a_piece_is_the_end_of_the_reply() {
    let slow = || Some(fault(kind::DEADLINE, "slow"));
    for (parts, then) in [(1, kind::DEADLINE), (2, kind::CANCELLED)] {
        let (near, far) = descriptor::pair().unwrap();
        let mut reply = reply(far);
        let piece = vec![7; 3 * PIECE];
        let mut write = || {
            reply
                .write(piece.as_slice().into(), u64::MAX)
                .unwrap_err()
                .kind
        };
        let kept = near.try_clone().unwrap();
        let first = answering(Channel::new(near, REPLY), parts, slow());
        assert_eq!(write(), kind::DEADLINE);
        first.join().unwrap();
        let second = (parts == 1).then(|| answering(Channel::new(kept, REPLY), 1, slow()));
        assert_eq!(write(), then);
        second.map(thread::JoinHandle::join);
    }
}
