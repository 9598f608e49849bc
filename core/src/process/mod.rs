//! What belongs to the process: its allocator, its threads.

pub mod code;
pub mod heap;
pub mod own;
pub mod threads;

use gaxx_abi::{Fault, abi_std::RVec, fault, host::process as ask};
use serde_json::json;

/// Answers what a plugin asks of the process; see [`gaxx_abi::host::process`].
pub fn answer(what: u32) -> Result<Vec<u8>, Fault> {
    let refused = |message: &str, remedy: &str| Fault {
        kind: fault::kind::REFUSED,
        message: message.into(),
        remedy: remedy.into(),
        retry_after: 0,
        attributes: RVec::new(),
    };
    let value = match what {
        ask::PURGE => heap::purge()
            .map(|released| json!({ "released_bytes": released }))
            .ok_or_else(|| refused("the allocator refused to purge", "report this"))?,
        ask::STATISTICS => json!({ "heap": heap::figures(), "threads": threads::list().len() }),
        ask::THREADS => json!(threads::list()),
        ask::TASKS | ask::HEAP => {
            return Err(refused(
                "this version keeps no profile of tasks or of the heap",
                "use /metrics: gaxx_goroutines_total and gaxx_memory_heap_bytes",
            ));
        }
        _ => {
            return Err(refused(
                &format!("this version of gaxx-mon does not know request {what}"),
                "update gaxx-mon",
            ));
        }
    };
    Ok(value.to_string().into_bytes())
}
