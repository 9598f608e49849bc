//! A command that runs on a node.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, header};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{
    frame::{Channel, Frame},
    lines::Lines,
    order::{Input, Order, end_of_input, input_line, line},
    report::Report,
};
use crate::{
    client::{Backoff, Client, ClientError, Trouble, body::Body, pool::request, reply::Reply},
    task,
};

const PATH: &str = "/v0/exec";
const NDJSON: &str = "application/x-ndjson";

/// A command that runs on a node, or is about to. Dropping it closes the connection, at which the
/// node ends the command.
#[derive(Debug)]
pub struct Running {
    client: Client,
    order: Order,
    input: Input,
    state: State,
    id: Option<String>,
    backoff: Backoff,
    output: Progress,
    errors: Progress,
}

#[derive(Debug)]
enum State {
    /// The request is to be sent, then.
    Due(Instant),
    /// Frames come.
    Open(Box<(Reply, Lines)>),
    /// Nothing more comes.
    Over,
}

/// How far one of the two outputs is.
#[derive(Debug, Default)]
struct Progress {
    /// Bytes that the caller has.
    delivered: u64,
    /// Bytes of this connection.
    received: u64,
}

/// What happens to a command.
#[derive(Debug)]
pub enum Event {
    /// It runs.
    Started {
        /// The run's name at the node.
        id: String,
        /// Its process, where the node tells.
        pid: Option<u32>,
    },
    /// It wrote.
    Output(Channel, Bytes),
    /// The request is sent again after a while: the node had no room for it, or the connection was
    /// lost and the order has a key.
    Again {
        /// Why.
        error: Box<ClientError>,
        /// After what time.
        wait: Duration,
    },
    /// It ended; nothing follows.
    Ended(Box<Report>),
}

impl Client {
    /// A command that is to run on the node. The request is sent with the first [`Running::next`].
    ///
    /// The same request is sent again where the node answers that it has no room (429), and, if the
    /// order has a key and its input is not streamed, where the connection is lost: the node runs a
    /// key only once. Output that had already come is not told again. Without a key nothing that may
    /// have begun is ever sent again.
    pub fn exec(&self, order: Order, input: Input) -> Running {
        Running {
            client: self.clone(),
            order,
            input,
            state: State::Due(Instant::now()),
            id: None,
            backoff: Backoff::default(),
            output: Progress::default(),
            errors: Progress::default(),
        }
    }
}

impl Running {
    /// The run's name at the node, once it is known.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// What happens next. It may be dropped while it waits, and called again.
    ///
    /// A stream that ends without a report is an error ([`Trouble::Lost`]), never an end.
    pub async fn next(&mut self) -> Result<Event, ClientError> {
        loop {
            let step = match &mut self.state {
                State::Due(when) => {
                    sleep_until(*when).await;
                    self.begin().await.map(|()| None)
                }
                State::Open(open) => self.client.step(open).await.map(Some),
                State::Over => Err(self.client.trouble(None, lost("it had already ended"))),
            };
            match step {
                Ok(None | Some(Frame::Other)) => {}
                Ok(Some(frame)) => {
                    if let Some(event) = self.take(frame)? {
                        return Ok(event);
                    }
                }
                Err(error) => return self.again(error),
            }
        }
    }

    /// Has the node end the command. What then comes is its end; [`Running::next`] tells it.
    /// Answers whether the node could be asked, for which it must have named the run.
    pub async fn cancel(&self) -> Result<bool, ClientError> {
        match &self.id {
            Some(id) => self.client.cancel(id).await.map(|()| true),
            None => Ok(false),
        }
    }

    async fn begin(&mut self) -> Result<(), ClientError> {
        let streamed = matches!(self.input, Input::Streamed(_));
        let mut request = request(Method::POST, PATH)
            .header(header::ACCEPT, NDJSON)
            .header(
                header::CONTENT_TYPE,
                if streamed { NDJSON } else { "application/json" },
            );
        if let Some(key) = &self.order.key {
            request = request.header("Idempotency-Key", key);
        }
        let (body, pieces) = match &self.input {
            Input::None => (Body::json(&self.order.request(None)), None),
            Input::Whole(input) => (Body::json(&self.order.request(Some(input))), None),
            Input::Streamed(_) => {
                let (pieces, body) = Body::streamed(None);
                let first = line(&self.order.request(None));
                pieces.try_send(first).expect("the channel is empty");
                (body, Some(pieces))
            }
        };
        // Another caller's run of the same key is answered only when it has ended.
        let patience = match self.order.key {
            Some(_) => Duration::MAX,
            None => self.client.limits().answer,
        };
        let reply = self.client.send(request, body, patience).await?;
        let kind = reply.header(header::CONTENT_TYPE.as_str());
        if !kind.is_some_and(|kind| kind.starts_with(NDJSON)) {
            let kind = kind.unwrap_or("nothing that says what it is").to_owned();
            return Err(reply.malformed(format!("{NDJSON} was asked for, and {kind} came")));
        }
        // Not before the node has taken the request: until then it can be sent again.
        if let (Some(pieces), Input::Streamed(input)) = (pieces, &mut self.input) {
            let (_, nothing) = mpsc::channel(1);
            task::spawn("input", pass_on(std::mem::replace(input, nothing), pieces));
        }
        self.output.received = 0;
        self.errors.received = 0;
        self.state = State::Open(Box::new((reply, Lines::default())));
        Ok(())
    }

    /// What a frame tells the caller, if it is news.
    fn take(&mut self, frame: Frame) -> Result<Option<Event>, ClientError> {
        Ok(match frame {
            Frame::Other => None,
            Frame::Started { id, pid } => {
                let known = self.id.replace(id.clone()).is_some();
                (!known).then_some(Event::Started { id, pid })
            }
            Frame::Output(channel, bytes) => {
                let news = self.progress(channel).news(bytes);
                (!news.is_empty()).then_some(Event::Output(channel, news))
            }
            Frame::Ended(mut report) => {
                self.state = State::Over;
                self.settle(&mut report)?;
                Some(Event::Ended(report))
            }
        })
    }

    /// Compares what has come with what the command wrote.
    fn settle(&self, report: &mut Report) -> Result<(), ClientError> {
        for (progress, wrote, cut) in [
            (
                &self.output,
                report.stdout_bytes,
                &mut report.stdout_truncated,
            ),
            (
                &self.errors,
                report.stderr_bytes,
                &mut report.stderr_truncated,
            ),
        ] {
            let missing = progress.delivered < wrote;
            if missing && !*cut && !report.replayed {
                let why = format!("{wrote} bytes were written and {} came", progress.delivered);
                return Err(self.client.trouble(None, Trouble::Malformed(why)));
            }
            // A node may have forgotten what the caller already has.
            *cut = missing;
        }
        Ok(())
    }

    fn progress(&mut self, channel: Channel) -> &mut Progress {
        match channel {
            Channel::Output => &mut self.output,
            Channel::Errors => &mut self.errors,
        }
    }

    /// After an error: another try, where that is safe.
    fn again(&mut self, error: ClientError) -> Result<Event, ClientError> {
        let open = matches!(self.state, State::Open(_));
        let repeatable = match self.order.key {
            Some(_) => !(open && matches!(self.input, Input::Streamed(_))),
            None => !open && error.is_busy(),
        };
        let wait = error.retry().filter(|_| repeatable);
        let Some(wait) = wait.and_then(|asked| self.backoff.next(asked)) else {
            self.state = State::Over;
            return Err(error);
        };
        self.state = State::Due(Instant::now() + wait);
        let error = Box::new(error);
        Ok(Event::Again { error, wait })
    }
}

impl Progress {
    /// The part of these bytes that the caller does not have.
    fn news(&mut self, mut bytes: Bytes) -> Bytes {
        let known = self.delivered.saturating_sub(self.received);
        self.received += bytes.len() as u64;
        let known = usize::try_from(known).map_or(bytes.len(), |known| known.min(bytes.len()));
        let news = bytes.split_off(known);
        self.delivered += news.len() as u64;
        news
    }
}

impl Client {
    /// The next frame of an answer.
    async fn step(&self, open: &mut (Reply, Lines)) -> Result<Frame, ClientError> {
        let (reply, lines) = open;
        loop {
            let line = lines.next();
            if let Some(line) = line.map_err(|_| reply.malformed("a frame has no end"))? {
                return Frame::parse(&line).map_err(|why| reply.malformed(why));
            }
            // A command may be silent for as long as it runs; that the node is there, the
            // connection's keep-alive sees to.
            match reply.piece(None).await.map_err(unknown_end)? {
                Some(piece) => lines.push(&piece),
                None => return Err(reply.trouble(lost("the answer ends without a report"))),
            }
        }
    }

    /// Has the node end a run.
    pub async fn cancel(&self, id: &str) -> Result<(), ClientError> {
        let request = request(Method::DELETE, &format!("{PATH}/{id}"));
        let patience = self.limits().answer;
        let mut reply = self.send(request, Body::Empty, patience).await?;
        reply.bytes(1 << 20).await.map(drop)
    }
}

/// A connection that is lost now leaves open how the command ended.
fn unknown_end(mut error: ClientError) -> ClientError {
    if let Trouble::Lost { why, .. } = &error.trouble {
        error.trouble = lost(why);
    }
    error
}

fn lost(why: &str) -> Trouble {
    Trouble::Lost {
        during: "before the command's end was told, so how it ended is not known",
        why: why.to_owned(),
    }
}

/// Passes input on until it ends, or nobody takes it any more.
async fn pass_on(mut input: mpsc::Receiver<Bytes>, pieces: mpsc::Sender<Bytes>) {
    loop {
        let piece = tokio::select! {
            piece = input.recv() => piece,
            () = pieces.closed() => return,
        };
        let Some(piece) = piece else { break };
        if pieces.send(input_line(&piece)).await.is_err() {
            return;
        }
    }
    // Nobody reads it any more: then it needs no end.
    let _ = pieces.send(end_of_input()).await;
}
