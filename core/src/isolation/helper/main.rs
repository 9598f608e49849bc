//! The helper's side: a process with one thread, which runs what the plugin declares.

use std::{
    ffi::{CStr, OsString},
    io,
    os::fd::{IntoRawFd, OwnedFd},
    process::ExitCode,
};

use gaxx_abi::Fault;
use rustix::{
    fs::{FileType, fstat},
    thread::set_name,
};

use super::descriptors::close_inherited;
use crate::isolation::{
    Code,
    child::{code, complain, confine},
    wire::message::Told,
};

/// How the process is named.
const NAME: &CStr = c"gaxx-helper";
/// Its status where it does not come so far as to run the plugin's code.
const NOT_BEGUN: u8 = 2;

/// Why a helper has not done what it is there for.
#[derive(Debug, thiserror::Error)]
enum HelperError {
    /// Somebody else than the program started it.
    #[error("plugin-helper is not a command for people: gaxx-mon starts it for a plugin")]
    NotForPeople,
    /// The system refused something that every process may do.
    #[error("cannot {0}: {1}")]
    System(&'static str, io::Error),
    /// Its code is not there.
    #[error("its code cannot be loaded: {error}; {remedy}")]
    Refused { error: String, remedy: String },
    /// What the plugin answered in the end.
    #[error("{}", told(.0))]
    Ended(Fault),
}

/// Runs this process as a helper, until the plugin's code returns; `arguments` are those behind
/// `plugin-helper`: the plugin's name, the helper's, and the private copy of the plugin's library,
/// if it is one. The socket is standard input.
pub(crate) fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            match error {
                HelperError::Ended(_) => ExitCode::FAILURE,
                _ => ExitCode::from(NOT_BEGUN),
            }
        }
    }
}

fn run(mut arguments: impl Iterator<Item = OsString>) -> Result<(), HelperError> {
    let mut word = || arguments.next()?.into_string().ok();
    let (Some(plugin), Some(name)) = (word(), word()) else {
        return Err(HelperError::NotForPeople);
    };
    let code = match arguments.next() {
        Some(copy) => Code::Library(copy.into()),
        None => Code::Linked(plugin),
    };
    let socket = enter()?;
    let plugin = code::plugin(&code).map_err(refused)?;
    plugin
        .helper(name.as_str().into(), socket.into_raw_fd())
        .into_result()
        .map_err(HelperError::Ended)
}

/// Leaves behind what this process was begun with, and gives its socket.
fn enter() -> Result<OwnedFd, HelperError> {
    let system = |what| move |error| HelperError::System(what, error);
    close_inherited().map_err(system("close what it was begun with"))?;
    let input = fstat(io::stdin()).map_err(|errno| system("look at its input")(errno.into()))?;
    if FileType::from_raw_mode(input.st_mode) != FileType::Socket {
        return Err(HelperError::NotForPeople);
    }
    // Started through a link, it would be shown by that link's name.
    set_name(NAME).map_err(|errno| system("name the process")(errno.into()))?;
    confine::outlive_stops().map_err(system("take the signals of a stop"))?;
    confine::take_input().map_err(system("take its socket"))
}

fn refused(told: Told) -> HelperError {
    match told {
        Told::Refused { error, remedy, .. } => HelperError::Refused { error, remedy },
        other => HelperError::Refused {
            error: format!("{other:?}"),
            remedy: String::new(),
        },
    }
}

fn told(fault: &Fault) -> String {
    let (message, remedy) = (&fault.message, &fault.remedy);
    if remedy.is_empty() {
        message.to_string()
    } else {
        format!("{message}; {remedy}")
    }
}
