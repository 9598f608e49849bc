//! The allocator's figures under the names of Go's `runtime.MemStats`, where they are the same.
//!
//! | Go | jemalloc |
//! |---|---|
//! | `HeapAlloc`, live objects | `allocated` |
//! | `HeapInuse`, pages that hold some | `active` |
//! | `HeapReleased`, address space without memory | `retained` |
//! | `HeapIdle`, pages that hold none | `retained`, and what is resident beyond `active` and `metadata` |
//! | `HeapSys` | the sum of in use and idle |
//! | `Sys` | that and `metadata` |

use gaxx_sdk::serde_json::{Map, Value, json};

const MIB: f64 = (1 << 20) as f64;

/// `memory`: in MiB, as fractions.
pub(super) fn memory(statistics: &Value) -> Value {
    let figure = |name: &str| statistics.get("heap")?.get(name)?.as_f64();
    let (active, metadata, resident, retained) = (
        figure("active"),
        figure("metadata"),
        figure("resident"),
        figure("retained"),
    );
    let dirty = sum(&[resident, active.map(|it| -it), metadata.map(|it| -it)]);
    // They are not all read at one moment.
    let idle = sum(&[retained, dirty.map(|dirty| dirty.max(0.0))]);
    let heap_sys = sum(&[active, idle]);
    let mut memory = Map::new();
    for (name, bytes) in [
        ("alloc_mb", figure("allocated")),
        ("total_alloc_mb", figure("allocated_total")),
        ("sys_mb", sum(&[heap_sys, metadata])),
        ("heap_alloc_mb", figure("allocated")),
        ("heap_sys_mb", heap_sys),
        ("heap_idle_mb", idle),
        ("heap_inuse_mb", active),
        ("heap_released_mb", retained),
    ] {
        if let Some(bytes) = bytes {
            memory.insert(name.to_owned(), json!(bytes / MIB));
        }
    }
    let objects = statistics.pointer("/heap/objects");
    if let Some(objects) = objects.filter(|objects| objects.is_u64()) {
        memory.insert("heap_objects".to_owned(), objects.clone());
    }
    Value::Object(memory)
}

/// `gc`: purges, of which those that were asked for have a duration. Nothing waits for one.
pub(super) fn gc(statistics: &Value) -> Value {
    let purges = |name: &str| statistics.get("purges")?.get(name);
    let mut gc = Map::new();
    for (name, from) in [("num_gc", "count"), ("num_forced_gc", "asked")] {
        if let Some(count) = purges(from).filter(|count| count.is_u64()) {
            gc.insert(name.to_owned(), count.clone());
        }
    }
    let nanos = |seconds: &Value| Some((seconds.as_f64()? * 1e9).round());
    if let Some(total) = purges("total_seconds").and_then(nanos) {
        gc.insert("pause_total_ns".to_owned(), whole(total));
    }
    if let Some(recent) = purges("recent_seconds").and_then(Value::as_array) {
        let recent = recent.iter().filter_map(nanos).map(whole);
        gc.insert("pause_ns".to_owned(), recent.collect());
    }
    Value::Object(gc)
}

/// The sum, if all of it is known.
fn sum(parts: &[Option<f64>]) -> Option<f64> {
    parts.iter().copied().sum()
}

/// A number without a fraction.
fn whole(number: f64) -> Value {
    // It is not negative, and what is too large is the largest.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let number = number as u64;
    json!(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_gos_names() {
        let mib = |count: u64| count << 20;
        let statistics = json!({
            "heap": {
                "allocated": mib(3), "active": mib(4), "metadata": mib(1), "resident": mib(7),
                "mapped": mib(8), "retained": mib(10), "objects": 12, "allocated_total": mib(100),
            },
            "purges": {
                "count": 9, "asked": 2, "total_seconds": 0.003,
                "recent_seconds": [0.002, 0.001],
            },
        });
        assert_eq!(
            memory(&statistics),
            json!({
                "alloc_mb": 3.0, "total_alloc_mb": 100.0, "sys_mb": 17.0, "heap_alloc_mb": 3.0,
                "heap_sys_mb": 16.0, "heap_idle_mb": 12.0, "heap_inuse_mb": 4.0,
                "heap_released_mb": 10.0, "heap_objects": 12,
            })
        );
        assert_eq!(
            gc(&statistics),
            json!({
                "num_gc": 9, "num_forced_gc": 2, "pause_total_ns": 3_000_000,
                "pause_ns": [2_000_000, 1_000_000],
            })
        );
    }

    #[test]
    fn what_is_not_known_is_not_made_up() {
        let statistics = json!({ "heap": { "allocated": 1 << 20, "objects": null } });
        let known = json!({ "alloc_mb": 1.0, "heap_alloc_mb": 1.0 });
        assert_eq!(memory(&statistics), known);
        assert_eq!(gc(&statistics), json!({}));
    }
}
