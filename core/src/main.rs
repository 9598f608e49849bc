//! The program `gaxx-mon`.

use std::process::ExitCode;

// Its figures are those that /metrics shows, and it gives memory back when asked.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    gaxx_core::cli::main()
}
