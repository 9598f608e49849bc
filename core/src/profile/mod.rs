//! Profiles of this process, and of the processes of plugins.
//!
//! ```text
//! order ─▶ sessions ─▶ cpu     samples of who runs, by stack and by whose call it is
//!              │  ├──▶ heap    what is allocated, by stack
//!              │  └──▶ a plugin's process, which does the same
//!              └─────▶ raw     addresses and mappings in pprof's format
//! ```

mod cpu;
mod error;
mod heap;
pub mod label;
mod order;
mod raw;
mod sessions;

pub use error::ProfileError;
pub use order::Order;
pub use sessions::Profiler;
