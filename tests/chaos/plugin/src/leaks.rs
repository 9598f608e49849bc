//! Takes what it does not give back.

use std::{
    fs::File,
    mem,
    process::{self, Command, Stdio},
    thread,
    time::Duration,
};

use gaxx_sdk::Result;

use crate::{actor::Scene, deeds::hang};

/// A plugin that has leaked all it can goes on for so long, and then ends.
const LINGER: Duration = Duration::from_millis(500);
/// Where nothing stops it, it stops itself, so that the machine lives: 512 MiB.
const PIECES: usize = 512;
const PIECE: usize = 1 << 20;
const FILES: usize = 20_000;
const THREADS: usize = 200;
/// What the threads that it leaks need.
const STACK: usize = 64 << 10;

/// Memory, until there is none; the allocator ends the process then.
pub(crate) fn memory(_: &Scene<'_>) -> Result<()> {
    for _ in 0..PIECES {
        mem::forget(vec![1_u8; PIECE]);
    }
    process::abort()
}

/// Descriptors, until there are none.
pub(crate) fn files(_: &Scene<'_>) -> Result<()> {
    end_soon()?;
    let files = (0..FILES).map_while(|_| File::open("/dev/null").ok());
    mem::forget(files.collect::<Vec<_>>());
    Ok(())
}

/// Threads, as many as it gets.
pub(crate) fn threads(_: &Scene<'_>) -> Result<()> {
    end_soon()?;
    for _ in 0..THREADS {
        let thread = thread::Builder::new().stack_size(STACK);
        thread.spawn(|| hang())?;
    }
    Ok(())
}

/// Ends and leaves a process behind.
pub(crate) fn orphan(scene: &Scene<'_>) -> Result<()> {
    let mut sleep = Command::new("sleep");
    // The folder is what the run knows such processes by.
    sleep.arg("3600").current_dir(scene.folder);
    let nothing = Stdio::null;
    sleep.stdin(nothing()).stdout(nothing()).stderr(nothing());
    let started = sleep.spawn()?;
    mem::forget(started);
    process::abort()
}

fn end_soon() -> Result<()> {
    let end = || {
        thread::sleep(LINGER);
        process::abort();
    };
    thread::Builder::new().spawn(end)?;
    Ok(())
}
