//! A plugin whose components misbehave on purpose, each in the way that its name says.
//!
//! They behave until the environment variable `ROGUE` names them, separated by commas, or the file
//! that `ROGUE_FILE` names does, which is read at every call. In a process of its own a plugin has
//! neither variable: there it is the file `told` in the home folder. `calm` never misbehaves and
//! shows that the others leave it alone.

mod checks;
mod collectors;
mod deadly;
mod endpoints;
mod exporters;
mod raw;
mod sabotage;

use std::{env, fs, path::PathBuf, thread, time::Duration};

/// Whether a component has been told to misbehave.
fn told(name: &str) -> bool {
    let listed = |names: String| names.split(',').any(|word| word.trim() == name);
    let file = env::var_os("ROGUE_FILE").map(PathBuf::from);
    let file = file.or_else(|| Some(env::home_dir()?.join("told")));
    env::var("ROGUE").is_ok_and(listed)
        || file.is_some_and(|file| fs::read_to_string(file).is_ok_and(listed))
}

/// Never returns.
fn hang() -> ! {
    loop {
        thread::sleep(Duration::from_hours(1));
    }
}

/// What a fault's text should never be: long, with markup, line breaks and a terminal's escapes.
fn awful_text() -> String {
    "<script>alert(1)</script>\n\u{1b}[2J\0\"'".repeat(40_000)
}

gaxx_sdk::plugin! {
    name = "rogue";
    description = "Misbehaves on purpose.";
}
