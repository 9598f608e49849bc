//! The messages. Both sides are the same program, so these can change with every version of it.

use std::path::PathBuf;

use gaxx_abi::{
    Attribute, ExportFamily, ExportSeries, FamilySpec, Fault, Header, Manifest, Point, Request,
    Verdict,
    abi_std::{RString, RVec},
};
use serde::{Deserialize, Serialize};

/// The most bytes of a body or of a reply that pass at once.
pub(in crate::isolation) const PIECE: usize = 256 << 10;
/// The longest [`BodyAsk`], in bytes: two numbers.
pub(in crate::isolation) const BODY: usize = 32;
/// The longest [`ReplyAsk`], in bytes: a piece, or a head with all of its headers.
pub(in crate::isolation) const REPLY: usize = 2 << 20;
/// The longest profile that passes, in bytes, compressed.
pub(in crate::isolation) const PROFILE: usize = 8 << 20;

/// On the control socket, from the core. The end of that socket is the end of the child.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::isolation) enum Control {
    /// One descriptor follows: the host socket. The first message of all.
    Host,
    /// One descriptor follows: a line.
    Line,
    /// The component of this number is being stopped.
    Cancel(u32),
}

/// What a child loads.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Code {
    /// The private copy of a library that was checked.
    Library(PathBuf),
    /// The plugin of this name that is linked in.
    Linked(String),
}

/// On a line, from the core; each is answered by a [`Told`]. Deadlines are in nanoseconds from
/// when it is read.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::isolation) enum Ask {
    /// Loads the plugin, once; answered by [`Told::Manifest`].
    Load(Code),
    /// Makes a component, which is this line's from then on; answered by [`Told::Done`].
    Make(Box<Make>),
    /// Makes this line one for requests to the endpoint of this number.
    Attach(u32),
    /// The component's first call.
    Start(u64),
    /// Answered by [`Told::Points`].
    Collect(u64),
    /// Answered by [`Told::Verdict`].
    Check(u64),
    /// Answered by [`Told::Points`]: the exporter's own numbers.
    Export(Box<Export>, u64),
    /// The same, of changes of health, as JSON.
    Notify(String, u64),
    /// Answered by [`Told::Points`].
    Flush(u64),
    /// The endpoint's own numbers; answered by [`Told::Points`].
    Points,
    /// Answered by [`Told::Saved`].
    Save(u64),
    /// The component's last call. It is dropped then, and the line ends.
    Stop(u64),
    /// A request to the line's endpoint. Two descriptors follow: the sockets of its body
    /// ([`BodyAsk`]) and of its reply ([`ReplyAsk`]).
    Handle(Box<Request>, u64),
    /// Begins to sample who uses this process's CPU, for as long as the line is there, which is one
    /// for nothing else.
    Sample { hertz: u32, deadline: u64 },
    /// Ends that; answered by [`Told::Bytes`].
    Sampled(u64),
    /// What this process has allocated; answered by [`Told::Bytes`].
    Heap(u64),
}

/// A component to make.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::isolation) struct Make {
    /// By this number it is known in all that the child asks of its host.
    pub(in crate::isolation) component: u32,
    /// A constant of [`gaxx_abi::manifest::kind`].
    pub(in crate::isolation) kind: u32,
    pub(in crate::isolation) name: String,
    /// A JSON object.
    pub(in crate::isolation) settings: String,
    /// What its host answers without being asked again.
    pub(in crate::isolation) host: HostFacts,
}

/// What a component's host answers the same way for as long as it lives.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::isolation) struct HostFacts {
    pub(in crate::isolation) minor: u32,
    pub(in crate::isolation) instance: String,
    pub(in crate::isolation) role: String,
    pub(in crate::isolation) log_level: u32,
    #[serde(with = "serde_bytes")]
    pub(in crate::isolation) inherited: Option<Vec<u8>>,
}

/// A batch for an exporter.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::isolation) struct Export {
    pub(in crate::isolation) time: u64,
    pub(in crate::isolation) generation: u64,
    /// Only with the first batch of a generation: the child keeps it.
    pub(in crate::isolation) described: Option<Described>,
    pub(in crate::isolation) points: Vec<Point>,
}

/// What batches of one generation share.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::isolation) struct Described {
    pub(in crate::isolation) resource: Vec<Attribute>,
    pub(in crate::isolation) families: Vec<ExportFamily>,
    pub(in crate::isolation) series: Vec<ExportSeries>,
}

/// On a line, from the child.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::isolation) enum Told {
    Done,
    Manifest(Box<Manifest>),
    Points(RVec<Point>),
    /// What the check says, and the check's own numbers.
    Verdict(Verdict, RVec<Point>),
    Saved(#[serde(with = "serde_bytes")] Option<Vec<u8>>),
    /// A profile, of at most [`PROFILE`] bytes.
    Bytes(#[serde(with = "serde_bytes")] Vec<u8>),
    Fault(Fault),
    /// The library could not be loaded: a word for why from a closed set, what is wrong, and
    /// what to do.
    Refused {
        reason: String,
        error: String,
        remedy: String,
    },
}

/// On the host socket, from the child: the number of the component that asks, and what.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::isolation) struct HostAsk {
    pub(in crate::isolation) component: u32,
    pub(in crate::isolation) what: HostCall,
}

/// What a plugin asks of its host. All but the last two are answered by a [`HostTold`].
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::isolation) enum HostCall {
    Family(Box<FamilySpec>),
    Series {
        family: u32,
        labels: RVec<RString>,
    },
    StateFolder,
    Metrics,
    Health,
    Process {
        what: u32,
        deadline: u64,
    },
    /// Answered by [`HostTold::Done`].
    Audit {
        record: String,
        deadline: u64,
    },
    /// Answered by [`HostTold::Descriptor`].
    Helper(String),
    /// Answered by [`HostTold::Bytes`].
    Select {
        selector: String,
        deadline: u64,
    },
    /// Answered by [`HostTold::Bytes`].
    Profile {
        order: String,
        deadline: u64,
    },
    Retire(u32),
    Log {
        level: u32,
        target: String,
        message: String,
    },
}

/// On the host socket, from the core.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::isolation) enum HostTold {
    Number(u32),
    Text(RString),
    Bytes(#[serde(with = "serde_bytes")] Vec<u8>),
    Done,
    /// One descriptor follows.
    Descriptor,
    Fault(Fault),
}

/// On the socket of a request's body, from the child, each answered by a [`BodyTold`]. Its end
/// says that the plugin reads no more.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::isolation) struct BodyAsk {
    pub(in crate::isolation) most: u64,
    pub(in crate::isolation) deadline: u64,
}

/// On the socket of a request's body, from the core. A piece has at most [`PIECE`] bytes.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::isolation) enum BodyTold {
    Piece(#[serde(with = "serde_bytes")] Vec<u8>),
    End,
    Fault(Fault),
}

/// On the socket of a reply, from the child, each answered by a [`ReplyTold`]; what a plugin
/// writes passes in pieces of at most [`PIECE`] bytes. Its end says that the plugin dropped the
/// reply.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::isolation) enum ReplyAsk {
    Head { status: u16, headers: RVec<Header> },
    Write(#[serde(with = "serde_bytes")] Vec<u8>, u64),
    Finish,
    IsCancelled,
}

/// On the socket of a reply, from the core.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::isolation) enum ReplyTold {
    Done,
    Cancelled(bool),
    Fault(Fault),
}
