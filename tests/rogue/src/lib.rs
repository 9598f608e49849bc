//! A plugin whose components misbehave on purpose, each in the way that its name says.
//!
//! They behave until the file `told` in the home folder names them, separated by commas; it is read
//! at every call. `calm` never misbehaves and shows that the others leave it alone.

mod checks;
mod collectors;
mod deadly;
mod endpoints;
mod exporters;
mod helpers;
mod raw;
mod sabotage;

use std::{env, fs, thread, time::Duration};

/// Whether a component has been told to misbehave.
fn told(name: &str) -> bool {
    // Of the environment, this is what a process of its own has too.
    let file = env::home_dir().map(|home| home.join("told"));
    let names = file.and_then(|file| fs::read_to_string(file).ok());
    names.is_some_and(|names| names.split(',').any(|word| word.trim() == name))
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
