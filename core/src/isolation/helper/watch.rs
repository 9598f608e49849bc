//! The thread that watches a helper to its end.

use std::{
    io,
    os::fd::AsFd,
    os::unix::process::ExitStatusExt,
    process::ExitStatus,
    thread,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags};

use super::{helpers::Place, start::Started};
use crate::{
    isolation::process::{Output, Reaper, signal_in_words, wait},
    registry::Owner,
};

/// How long one that prints too much is left to wait.
const PAUSE: Duration = Duration::from_millis(50);
/// Nothing need be looked at for so long.
const LONG: Duration = Duration::from_hours(1);

/// Begins to watch a helper. Where no thread can, it is ended.
pub(super) fn begin(started: Started, place: Place, owner: &Owner, name: &str) -> io::Result<()> {
    let (owner, name) = (owner.clone(), name.to_owned());
    thread::Builder::new()
        .name("helper".to_owned())
        .spawn(move || {
            let Started {
                handle,
                mut output,
                reaper,
            } = started;
            let ended = watch(&handle, &mut output, &place);
            tell(ended, output, reaper, &owner, &name);
            drop(place);
        })
        .map(drop)
}

/// Waits for the end of the process, and takes what it prints; false where it does not end though
/// it should have by now.
fn watch(handle: &impl AsFd, output: &mut Output, place: &Place) -> bool {
    let mut kill_at = None;
    loop {
        let now = Instant::now();
        if kill_at.is_none() && place.pool().is_ended() {
            kill_at = Some(now + place.pool().grace());
        }
        if kill_at.is_some_and(|at| at <= now) {
            return false;
        }
        let mut until = kill_at.unwrap_or(now + LONG);
        let may_read = output.may_read(now);
        if !may_read {
            until = until.min(now + PAUSE);
        }
        let of = |fd| Some(PollFd::from_borrowed_fd(fd, PollFlags::IN));
        let pipe = output.pipe().filter(|_| may_read);
        // Once it was heard it says nothing new.
        let bell = place.pool().bell().filter(|_| kill_at.is_none());
        let all = [
            of(handle.as_fd()),
            bell.and_then(|fd| of(fd.as_fd())),
            pipe.and_then(|fd| of(fd.as_fd())),
        ];
        let [ended, _rung, printed] = wait(all, until);
        if printed {
            output.step(Instant::now());
        }
        if ended {
            return true;
        }
    }
}

/// Takes the status of a helper, which is killed if it has not ended, and says how it ended.
fn tell(ended: bool, output: Output, reaper: Reaper, owner: &Owner, name: &str) {
    let component = owner;
    if !ended {
        // With all of its group.
        let _ = reaper.reap();
        output.finish();
        tracing::warn!(
            %component,
            remedy = "tell the plugin's author: a helper ends when its socket does",
            "its helper {name} did not end with the component: it was killed"
        );
        return;
    }
    let last = output.finish();
    let how = match reaper.release() {
        Ok(status) if status.success() => {
            return tracing::debug!(%component, "its helper {name} has ended");
        }
        Ok(status) => in_words(status),
        Err(error) => format!("ended, and nobody knows how: {error}"),
    };
    let last = last.map_or_else(String::new, |line| format!("; it printed: {line}"));
    tracing::warn!(%component, "its helper {name} {how}{last}");
}

fn in_words(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => {
            let words = signal_in_words(signal);
            format!("was ended by signal {signal} ({words})")
        }
        (None, code) => format!("exited with status {}", code.unwrap_or_default()),
    }
}
