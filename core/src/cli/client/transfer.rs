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
    let sent = moved.bytes.saturating_sub(moved.resumed);
    let mut parts = vec![
        format!("{what}: {} in {seconds:.2} s", HumanBytes(moved.bytes)),
        format!("{:.1} MB/s", sent as f64 / 1e6 / seconds.max(1e-9)),
    ];
    if manner.recursive {
        parts.push(format!("{} files", moved.files));
    }
    if moved.resumed > 0 {
        parts.push(format!(
            "{} of it were there already",
            HumanBytes(moved.resumed)
        ));
    }
    if manner.verify {
        parts.push("verified".to_owned());
    }
    parts.join(", ") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_counts_only_what_was_sent_for_its_rate() {
        let manner = Manner {
            recursive: false,
            verify: true,
            quiet: false,
        };
        let moved = Moved {
            bytes: 3 << 20,
            resumed: 2 << 20,
            files: 1,
        };
        assert_eq!(
            summary("a to b", &manner, &moved, Duration::from_secs(2)),
            "a to b: 3.00 MiB in 2.00 s, 0.5 MB/s, 2.00 MiB of it were there already, verified\n"
        );
    }
}
