//! The agent: heartbeats, commands, files and memory, beside what people use for these.

mod connection;
mod exec;
mod files;
mod heartbeat;
mod many_files;
mod memory;
mod peers;

pub(crate) use self::{
    exec::measure as exec, files::measure as files, heartbeat::measure as heartbeat,
    many_files::measure as many_files, memory::measure as memory,
};
