//! `/debug/build`: what the program was built from.

use gaxx_sdk::{Process, json, serde_json::Value};

use super::{Visit, host::go_names};
use crate::{answer::Answer, refusal::Refusal};

pub(super) fn page(visit: &Visit<'_>) -> Result<Answer, Refusal> {
    let mut build = visit.process(Process::Build)?;
    let names = go_names(&build);
    // Without figures there are less of them.
    let statistics = visit.process(Process::Statistics).unwrap_or(Value::Null);
    let Some(shown) = build.as_object_mut() else {
        return Err(Refusal::Unreadable("it is no object".to_owned()));
    };
    // /debug/pprof/cmdline has them.
    shown.shift_remove("arguments");
    if let Some((system, architecture)) = names {
        shown.insert("go_os".to_owned(), json!(system));
        shown.insert("go_arch".to_owned(), json!(architecture));
    }
    shown.insert("compiler".to_owned(), json!("rustc"));
    for (name, pointer) in [("num_cpu", "/cpu_cores"), ("max_procs", "/runtime/workers")] {
        if let Some(number) = statistics.pointer(pointer).filter(|it| it.is_u64()) {
            shown.insert(name.to_owned(), number.clone());
        }
    }
    Ok(Answer::json(&build))
}
