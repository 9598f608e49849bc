//! A request and its reply, for endpoints under test.

use std::{
    sync::mpsc::{Receiver, Sender, channel},
    time::Duration,
};

use abi_stable::type_level::downcasting::TD_Opaque;
use gaxx_abi::{
    Body_TO, BodyBox, Fault, Header, Reply_TO, ReplyBox, Request,
    abi_std::{ROption, RResult, RSlice, RString, RVec},
    http::{Body, Reply},
};

use crate::{Error, Result};

/// What an endpoint answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

enum Event {
    Head(u16, Vec<(String, String)>),
    Piece(Vec<u8>),
    End,
}

pub(super) struct Exchange {
    body: Vec<u8>,
    sender: Sender<Event>,
    receiver: Receiver<Event>,
}

struct Pieces(Vec<u8>);

struct Recorder(Sender<Event>);

impl Exchange {
    pub(super) fn new(body: &[u8]) -> Self {
        let (sender, receiver) = channel();
        Self {
            body: body.to_vec(),
            sender,
            receiver,
        }
    }

    pub(super) fn request(
        method: &str,
        route: usize,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Request {
        let header = |(name, value): &(&str, &str)| Header {
            name: (*name).into(),
            value: value.as_bytes().to_vec().into(),
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Request {
            route: u32::try_from(route).unwrap_or(u32::MAX),
            method: method.into(),
            path: path.into(),
            query: query.into(),
            headers: headers.iter().map(header).collect(),
            peer: "127.0.0.1:40000".into(),
            identity: RString::new(),
            attributes: RVec::new(),
        }
    }

    pub(super) fn body(&self) -> BodyBox {
        Body_TO::from_value(Pieces(self.body.clone()), TD_Opaque)
    }

    pub(super) fn reply(&self) -> ReplyBox {
        Reply_TO::from_value(Recorder(self.sender.clone()), TD_Opaque)
    }

    pub(super) fn wait(self, patience: Duration) -> Result<Answer> {
        drop(self.sender);
        let mut answer = Answer {
            status: 0,
            headers: Vec::new(),
            body: Vec::new(),
        };
        loop {
            match self.receiver.recv_timeout(patience) {
                Ok(Event::Head(status, headers)) => {
                    answer.status = status;
                    answer.headers = headers;
                }
                Ok(Event::Piece(piece)) => answer.body.extend(piece),
                Ok(Event::End) => return Ok(answer),
                Err(_) => return Err(Error::failed("the reply was never finished")),
            }
        }
    }
}

impl Body for Pieces {
    fn read(&mut self, most: u64, _deadline: u64) -> RResult<ROption<RVec<u8>>, Fault> {
        let most = usize::try_from(most)
            .unwrap_or(usize::MAX)
            .min(self.0.len());
        let rest = self.0.split_off(most);
        let piece = std::mem::replace(&mut self.0, rest);
        RResult::ROk(if piece.is_empty() {
            ROption::RNone
        } else {
            ROption::RSome(piece.into())
        })
    }
}

impl Recorder {
    fn send(&self, event: Event) -> RResult<(), Fault> {
        self.0
            .send(event)
            .map_err(|_| Error::failed("nobody waits for this reply any more").into())
            .into()
    }
}

impl Reply for Recorder {
    fn head(&mut self, status: u16, headers: RVec<Header>) -> RResult<(), Fault> {
        let text = |header: Header| {
            (
                header.name.into(),
                String::from_utf8_lossy(&header.value).into_owned(),
            )
        };
        self.send(Event::Head(status, headers.into_iter().map(text).collect()))
    }

    fn write(&mut self, piece: RSlice<'_, u8>, _deadline: u64) -> RResult<(), Fault> {
        self.send(Event::Piece(piece.to_vec()))
    }

    fn finish(&mut self) -> RResult<(), Fault> {
        self.send(Event::End)
    }

    fn is_cancelled(&self) -> bool {
        false
    }
}
