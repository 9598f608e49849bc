//! What runs a client's command.

use std::process::ExitCode;

use crate::{cli::load::refuse, task};

/// Runs a command to its end.
pub(super) fn run(command: impl Future<Output = ExitCode>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(task::record("main", command));
            // A reader of a standard input that never ends must not keep the program.
            runtime.shutdown_background();
            code
        }
        Err(error) => refuse(&format!("cannot start: {error}")),
    }
}
