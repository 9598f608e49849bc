//! The program `gaxx-mon`.

use std::process::ExitCode;

fn main() -> ExitCode {
    gaxx_core::cli::main()
}
