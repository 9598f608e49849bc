//! Orders arrive as they were sent.

use std::{
    ffi::OsString,
    io::Write,
    os::{
        fd::AsFd,
        unix::{ffi::OsStringExt, net::UnixStream},
    },
    path::PathBuf,
};

use proptest::{collection::vec, option, prelude::*};

use super::{
    super::{
        User,
        wire::{self, Message},
    },
    *,
};

fn text() -> impl Strategy<Value = OsString> {
    vec(any::<u8>(), 0..40).prop_map(OsString::from_vec)
}

prop_compose! {
    fn limits()(
        cpu in option::of(any::<Duration>()),
        memory: Option<u64>,
        files: Option<u64>,
        processes: Option<u64>,
        file_size: Option<u64>,
    ) -> Limits {
        Limits { cpu, memory, files, processes, file_size }
    }
}

prop_compose! {
    fn orders()(
        program in text(),
        arguments in vec(text(), 0..9),
        environment in vec((text(), text()), 0..9),
        folder in text(),
        user in option::of((any::<u32>(), any::<u32>(), vec(any::<u32>(), 0..9))),
        umask: u32,
        limits in limits(),
        no_network: bool,
        landlock in option::of(vec(text().prop_map(PathBuf::from), 0..5)),
    ) -> Order {
        Order {
            program: program.into(),
            image: None,
            arguments,
            environment,
            folder: folder.into(),
            user: user.map(|(uid, gid, groups)| User { uid, gid, groups }),
            umask,
            limits,
            no_network,
            landlock,
        }
    }
}

proptest! {
    #[test]
    fn an_order_arrives_whole(order in orders()) {
        let (near, far) = wire::pair().unwrap();
        let file = null();
        wire::send(near.as_fd(), &order, &[file.as_fd(), near.as_fd()]).unwrap();
        let (read, beside) = wire::receive::<Order>(far.as_fd()).unwrap().unwrap();
        prop_assert_eq!(format!("{read:?}"), format!("{order:?}"));
        prop_assert_eq!(beside.len(), 2);
    }

    #[test]
    fn no_bytes_are_too_much(bytes in vec(any::<u8>(), 0..200)) {
        let (mut near, far) = UnixStream::pair().unwrap();
        near.write_all(&bytes).unwrap();
        drop(near);
        let nothing = wire::receive::<Order>(far.as_fd()).is_ok_and(|read| read.is_none());
        prop_assert_eq!(nothing, bytes.is_empty());
    }
}

#[test]
fn messages_follow_one_another() {
    let (near, far) = wire::pair().unwrap();
    let messages = [
        Message::Started { pid: 7 },
        Message::Failed {
            step: Step::Folder,
            errno: 2,
        },
        Message::Ended {
            end: End::Signal(9),
            usage: Usage::default(),
            is_ready: true,
        },
    ];
    for message in &messages {
        wire::send(near.as_fd(), message, &[]).unwrap();
    }
    drop(near);
    for message in messages {
        let (read, _) = wire::receive::<Message>(far.as_fd()).unwrap().unwrap();
        assert_eq!(read, message);
    }
    assert!(wire::receive::<Message>(far.as_fd()).unwrap().is_none());
}

#[test]
fn an_order_greater_than_a_socket_holds_arrives() {
    let long = "x".repeat(3 << 20);
    let (near, far) = wire::pair().unwrap();
    let sent = order("/bin/true", &[&long]);
    thread::scope(|scope| {
        scope.spawn(|| wire::send(near.as_fd(), &sent, &[]).unwrap());
        let (read, _) = wire::receive::<Order>(far.as_fd()).unwrap().unwrap();
        assert_eq!(read.arguments, sent.arguments);
    });
}
