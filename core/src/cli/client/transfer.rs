//! What `push` and `pull` have in common.

use std::{
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Args;
use indicatif::HumanBytes;

use super::{bar::Bar, interrupt::Interrupt, runtime, status::CANCELLED};
use crate::{
    cli::{load::refuse, style},
    client::transfer::{Moved, Progress, TransferError},
};

/// How something is moved.
#[derive(Debug, Args)]
pub(in crate::cli) struct Manner {
    /// Move a folder with all that is in it
    #[arg(long, short)]
    pub(super) recursive: bool,
    /// Have both ends make the BLAKE3 of what has arrived, and compare
    #[arg(long)]
    pub(super) verify: bool,
    /// Say nothing unless something is wrong
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// Moves something, and shows how far it is; an interruption leaves what has come for a later try.
pub(super) fn run<F, M>(manner: &Manner, what: &str, moving: F) -> ExitCode
where
    F: FnOnce(Arc<dyn Progress>) -> M,
    M: Future<Output = Result<Moved, TransferError>>,
{
    let bar = Arc::new(Bar::new(manner.quiet));
    runtime::run(async {
        let mut interrupt = match Interrupt::new() {
            Ok(interrupt) => interrupt,
            Err(error) => return refuse(&format!("cannot follow signals: {error}")),
        };
        let begin = Instant::now();
        let progress = Arc::clone(&bar) as Arc<dyn Progress>;
        let moved = tokio::select! {
            moved = moving(progress) => moved,
            () = interrupt.next() => {
                bar.clear();
                let goes_on = if manner.recursive { "" } else { "; the same command goes on where it was" };
                eprintln!("gaxx-mon: {what} was interrupted{goes_on}");
                return CANCELLED.into();
            }
        };
        bar.clear();
        match moved {
            Ok(moved) => {
                if !manner.quiet {
                    style::say(&summary(what, manner, &moved, begin.elapsed()));
                }
                ExitCode::SUCCESS
            }
            Err(error) => refuse(&format!("gaxx-mon: {what}: {error}")),
        }
    })
}

fn summary(what: &str, manner: &Manner, moved: &Moved, time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let rate = (moved.bytes - moved.resumed.min(moved.bytes)) as f64 / 1e6 / seconds.max(1e-9);
    let mut text = format!("{what}: {}", HumanBytes(moved.bytes));
    if manner.recursive {
        text += &format!(" in {} files", moved.files);
    }
    text += &format!(" in {seconds:.2} s, {rate:.1} MB/s");
    if moved.resumed > 0 {
        text += &format!(", {} of it were there already", HumanBytes(moved.resumed));
    }
    if manner.verify {
        text += ", verified";
    }
    text + "\n"
}
