//! More of everything than anybody can want.

use std::io::{Write, stderr};

use gaxx_sdk::{Result, prelude::warn};

use crate::actor::Scene;

const SERIES: u32 = 2_000;
const LINES: u32 = 100_000;
const QUESTIONS: u32 = 100_000;
/// Bytes, a mebibyte at a time.
const OUTPUT: usize = 64;

/// Series, of which the plugin may have far fewer.
pub(crate) fn series(scene: &Scene<'_>) {
    for number in 0..SERIES {
        (scene.series)(number).set(1.0);
    }
}

/// Lines of the log.
pub(crate) fn log() {
    for line in 0..LINES {
        warn!("ordered to talk: {line}");
    }
}

/// Output beside the log, without a line's end.
pub(crate) fn output(_: &Scene<'_>) -> Result<()> {
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..OUTPUT {
        stderr().write_all(&piece)?;
    }
    Ok(())
}

/// Questions to the host.
pub(crate) fn host(scene: &Scene<'_>) -> Result<()> {
    for _ in 0..QUESTIONS {
        scene.host.state_folder()?;
    }
    Ok(())
}
