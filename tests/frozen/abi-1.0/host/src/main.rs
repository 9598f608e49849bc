//! The least host that speaks ABI 1.0: it runs each collector of a plugin once and prints what came.
//!
//! It shows what an old host does with a plugin built against a newer ABI of the same major.

mod host;

use std::{env, path::Path, process::ExitCode};

use abi_stable::library::lib_header_from_path;
use gaxx_abi::{PluginLibraryRef, abi_std::RVec, manifest::kind};

use host::Printer;

const SECOND: u64 = 1_000_000_000;

fn main() -> ExitCode {
    let Some(library) = env::args_os().nth(1) else {
        eprintln!("usage: gaxx-frozen-host LIBRARY");
        return ExitCode::FAILURE;
    };
    match run(Path::new(&library)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(library: &Path) -> Result<(), String> {
    let header = lib_header_from_path(library).map_err(|error| error.to_string())?;
    let root = header
        .init_root_module::<PluginLibraryRef>()
        .map_err(|error| error.to_string())?;
    for plugin in root.plugins()() {
        for component in plugin.manifest().components {
            if component.kind != kind::COLLECTOR {
                continue;
            }
            let printer = Printer::default();
            let mut points = RVec::new();
            plugin
                .collector(component.name.as_rstr(), "{}".into(), printer.reference())
                .into_result()
                .and_then(|mut collector| {
                    collector.start(SECOND).into_result()?;
                    collector.collect(SECOND, &mut points).into_result()?;
                    collector.stop(SECOND);
                    Ok(())
                })
                .map_err(|fault| fault.message.to_string())?;
            printer.print(&points);
        }
    }
    Ok(())
}
