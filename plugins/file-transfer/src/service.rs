//! What all requests share.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use gaxx_sdk::{Host, serde_json::Map};

use crate::{
    address::Address,
    allowance::Allowance,
    digest::Remembered,
    exchange::{Exchange, Headers},
    instruments::{Direction, Instruments},
    query::Query,
    refusal::{Reason, Refusal},
    root::Root,
    trail::{Action, Done, Trail},
    {archive, download, listing, removal, upload},
};

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) host: Host,
    pub(crate) roots: BTreeMap<String, Arc<Root>>,
    pub(crate) instruments: Instruments,
    pub(crate) remembered: Remembered,
    pub(crate) max_entries: u64,
    /// How many refusals the audit log is told.
    pub(crate) allowance: Arc<Allowance>,
    pub(crate) stopping: AtomicBool,
}

/// One request with its address, at work.
pub(crate) struct Task<'a> {
    pub(crate) service: &'a Service,
    pub(crate) root: &'a Root,
    pub(crate) path: &'a [u8],
    pub(crate) query: Query,
    pub(crate) trail: Trail,
    /// Whether the audit log has its start.
    pub(crate) started: bool,
    /// Bytes of files that have passed so far.
    pub(crate) moved: u64,
    /// Which way the content goes; nothing where there is none.
    pub(crate) direction: Option<Direction>,
    began: Instant,
}

impl Service {
    /// Does what a request asks, and answers it.
    pub(crate) fn serve(&self, mut exchange: Exchange) {
        if let Err(refusal) = self.dispatch(&mut exchange) {
            self.refuse(&mut exchange, &refusal);
        }
        exchange.drain();
    }

    /// Answers a refusal, and counts it.
    pub(crate) fn refuse(&self, exchange: &mut Exchange, refusal: &Refusal) {
        self.instruments.refused(refusal.reason);
        exchange.refuse(refusal);
    }

    /// The method, the path and the headers decide who does it.
    fn dispatch(&self, exchange: &mut Exchange) -> Result<(), Refusal> {
        let Some(address) = self.address(exchange)? else {
            return self.list_roots(exchange);
        };
        let query = Query::parse(exchange.request.query())?;
        let action = action(exchange, &query)?;
        let trail = Trail::new(self, action, &exchange.request, &address);
        let root = self
            .root(&address.root)
            .inspect_err(|refusal| trail.refused(refusal))?;
        let mut task = Task {
            service: self,
            root,
            path: &address.path,
            query,
            trail,
            started: false,
            moved: 0,
            direction: None,
            began: Instant::now(),
        };
        let done = match action {
            Action::Put => upload::file(&mut task, exchange),
            Action::PutFolder => upload::folder(&mut task, exchange),
            Action::PutTar => archive::unpack(&mut task, exchange),
            Action::Delete => removal::delete(&mut task, exchange),
            Action::GetTar => archive::pack(&mut task, exchange),
            Action::Stat => listing::stat(&mut task, exchange),
            Action::Get | Action::List => download::get(&mut task, exchange),
        };
        done.inspect_err(|refusal| task.ended_badly(refusal))
    }

    /// What a request names. One that names nothing sound stands in the audit log as it was sent.
    fn address(&self, exchange: &Exchange) -> Result<Option<Address>, Refusal> {
        let request = &exchange.request;
        Address::parse(request.path()).inspect_err(|refusal| {
            let address = Address {
                root: String::new(),
                path: request.path().as_bytes().to_vec(),
            };
            Trail::new(self, Action::Stat, request, &address).refused(refusal);
        })
    }

    fn root(&self, name: &str) -> Result<&Root, Refusal> {
        self.roots.get(name).map(|root| &**root).ok_or_else(|| {
            Refusal::new(
                Reason::UnknownRoot,
                format!("there is no root {name:?}"),
                "GET /v0/files lists the roots; plugins.file-transfer.roots in the agent's configuration names them",
            )
        })
    }

    fn list_roots(&self, exchange: &mut Exchange) -> Result<(), Refusal> {
        if !matches!(exchange.request.method(), "GET" | "HEAD") {
            return Err(Refusal::new(
                Reason::Method,
                "this path is the list of roots",
                "name a root and a path beneath it",
            )
            .header("allow", "GET, HEAD"));
        }
        Query::parse(exchange.request.query())?;
        let roots = self.roots.values().map(|root| listing::describe_root(root));
        let mut object = Map::new();
        object.insert("roots".into(), roots.collect());
        exchange.json(200, Headers::default(), object)
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

/// What is to be done.
fn action(exchange: &Exchange, query: &Query) -> Result<Action, Refusal> {
    let request = &exchange.request;
    Ok(match request.method() {
        "PUT" if query.folder => Action::PutFolder,
        "PUT" if is_tar(request.header("content-type")) => Action::PutTar,
        "PUT" => Action::Put,
        "DELETE" => Action::Delete,
        "GET" | "HEAD" if query.stat => Action::Stat,
        "HEAD" if request.header("x-upload-id").is_some() => Action::Stat,
        "GET" if query.tar => Action::GetTar,
        "GET" | "HEAD" => Action::Get,
        method => {
            return Err(Refusal::new(
                Reason::Method,
                format!("{method} is not a method of files"),
                "use GET, HEAD, PUT or DELETE",
            )
            .header("allow", "GET, HEAD, PUT, DELETE"));
        }
    })
}

fn is_tar(content_type: Option<&str>) -> bool {
    content_type.is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or_default();
        kind.trim().eq_ignore_ascii_case("application/x-tar")
    })
}

impl Task<'_> {
    /// Says in the audit log that something is about to be changed.
    pub(crate) fn start_change(
        &mut self,
        more: Map<String, gaxx_sdk::serde_json::Value>,
    ) -> Result<(), Refusal> {
        self.trail.start(more)?;
        self.started = true;
        Ok(())
    }

    /// Says in the audit log that something is about to be read.
    pub(crate) fn start_reading(&mut self) -> Result<(), Refusal> {
        self.trail.begin(Map::new())?;
        self.started = true;
        Ok(())
    }

    /// Counts a transfer that was done, and says so in the audit log.
    pub(crate) fn transferred(&self, done: Done) -> Result<(), Refusal> {
        if let Some(direction) = self.direction {
            let instruments = &self.service.instruments;
            instruments.transferred(direction, self.moved, self.began.elapsed());
        }
        if self.direction == Some(Direction::Sent) {
            self.trail.read(done);
            return Ok(());
        }
        self.trail.changed(done)
    }

    /// Ends where the agent is being stopped.
    pub(crate) fn go_on(&self) -> Result<(), Refusal> {
        if self.service.is_stopping() {
            return Err(Refusal::new(
                Reason::Interrupted,
                "the agent is being stopped",
                "send it again; an upload with X-Upload-Id goes on where it ended",
            ));
        }
        Ok(())
    }

    fn ended_badly(&self, refusal: &Refusal) {
        if !self.started {
            self.trail.refused(refusal);
            return;
        }
        if self.trail.has_ended() {
            return;
        }
        self.trail.failed(refusal, self.moved);
        if let Some(direction) = self.direction {
            self.service.instruments.broke_off(direction, self.moved);
        }
    }
}
