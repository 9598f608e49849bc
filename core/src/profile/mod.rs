//! Profiles of this process, and of the processes of plugins.
//!
//! ```text
//! order ─▶ sessions ─▶ subject ─▶ cpu   samples of who runs, by stack and by whose call it is
//!                         │   └──▶ heap  what is allocated, by stack
//!                         │         └──▶ raw  addresses and mappings in pprof's format
//!                         └─ of a plugin's process, which does the same
//! ```

mod cpu;
mod error;
mod heap;
pub mod label;
mod maps;
mod order;
mod raw;
mod sessions;
mod subject;

pub use error::ProfileError;
pub use heap::HeapError;
pub use heap::watch as watch_allocations;
pub use order::Order;
pub use sessions::Sessions;
pub use subject::{Own, Samples, Subject};
