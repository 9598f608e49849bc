//! Everything the plugin may be ordered to do.

use std::{hint::black_box, process, thread, time::Duration};

use gaxx_sdk::{Error, Result};
use rustix::process::{Signal, getpid, kill_process};

use crate::{actor::Scene, floods, frames, leaks};

/// Does it. What comes back is what the component answers.
pub(crate) type Deed = fn(&Scene<'_>) -> Result<()>;

const DEEDS: [(&str, Deed); 24] = [
    ("panic", |_| panic!("ordered to panic")),
    ("error", |_| Err(Error::failed(awful_text()))),
    ("late", |scene| {
        late(scene);
        Ok(())
    }),
    ("hang", |_| hang()),
    ("spin", |_| spin()),
    ("abort", |_| process::abort()),
    ("exit", |_| process::exit(0)),
    ("segfault", |_| signal(Signal::SEGV)),
    ("kill", |_| signal(Signal::KILL)),
    ("stop", |_| signal(Signal::STOP)),
    ("overflow", overflow),
    ("leak-memory", leaks::memory),
    ("leak-files", leaks::files),
    ("leak-threads", leaks::threads),
    ("orphan", leaks::orphan),
    ("flood-series", |scene| {
        floods::series(scene);
        Ok(())
    }),
    ("flood-log", |_| {
        floods::log();
        Ok(())
    }),
    ("flood-output", floods::output),
    ("flood-host", floods::host),
    ("garbage", frames::garbage),
    ("huge-frame", frames::huge),
    ("half-frame", frames::half),
    ("hang-up", frames::hang_up),
    ("silent", frames::silent),
];

/// The deed of that name.
pub(crate) fn named(word: &str) -> Option<Deed> {
    DEEDS
        .iter()
        .find(|(name, _)| *name == word)
        .map(|(_, deed)| *deed)
}

/// What a text should never be: long, with markup, line breaks and a terminal's escapes.
pub(crate) fn awful_text() -> String {
    "<script>alert(1)</script>\n\u{1b}[2J\0\"'".repeat(4_000)
}

/// Never returns, and waits.
pub(crate) fn hang() -> ! {
    loop {
        thread::sleep(Duration::from_hours(1));
    }
}

/// Never returns, and computes.
fn spin() -> ! {
    loop {
        black_box(());
    }
}

/// Returns, but too late.
fn late(scene: &Scene<'_>) {
    thread::sleep(scene.deadline.remaining() * 3);
}

/// Sends a signal to its own process, as the kernel does for an invalid pointer, for want of memory,
/// or at an operator's command.
fn signal(signal: Signal) -> Result<()> {
    kill_process(getpid(), signal)?;
    Ok(())
}

fn overflow(_: &Scene<'_>) -> Result<()> {
    if descend(0) == 0 {
        return Ok(());
    }
    Err(Error::failed("the stack has no end"))
}

/// Uses up the stack.
fn descend(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    if depth == black_box(u64::MAX) {
        return 0;
    }
    descend(depth + 1) + frame[0]
}
