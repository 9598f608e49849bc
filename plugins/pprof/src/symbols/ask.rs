//! The asking side: starts a helper for a job, and waits for its answer as long as it is wanted.

use std::{
    io::{self, ErrorKind, Read, Write},
    os::{fd::OwnedFd, unix::net::UnixStream},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use gaxx_sdk::{Error, ErrorKind::Limit, Host};

use super::{Job, Outcome, wire};
use crate::places::Places;

/// How many helpers there are at a time.
const MOST: usize = 2;
/// How long a job may take, its wait for a place included.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often it is looked whether the answer is still wanted.
const LOOK: Duration = Duration::from_millis(100);

/// Whoever names functions.
#[derive(Debug)]
pub(crate) struct Symbols {
    host: Host,
    places: Arc<Places>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    #[error("nobody waits for it any more")]
    Unwanted,
    #[error("the profile has no such values")]
    NoSuchType,
    #[error("the helper that names functions cannot be had: {0}")]
    NoHelper(Error),
    #[error("the helper that names functions did not answer: {0}")]
    Helper(#[from] io::Error),
    #[error("{error}")]
    Failed { error: String, remedy: String },
}

impl Symbols {
    pub(crate) fn new(host: Host) -> Self {
        Self {
            host,
            places: Places::new(MOST),
        }
    }

    /// Has a helper do a job with these profiles, while the answer is wanted.
    pub(crate) fn ask(
        &self,
        job: &Job,
        profiles: &[&[u8]],
        is_wanted: &dyn Fn() -> bool,
    ) -> Result<Vec<u8>, NoAnswer> {
        let until = Instant::now() + PATIENCE;
        let Some(_place) = self.places.enter_until(until, LOOK, is_wanted) else {
            if !is_wanted() {
                return Err(NoAnswer::Unwanted);
            }
            return Err(io::Error::from(ErrorKind::TimedOut).into());
        };
        let socket = self.start(until, is_wanted)?;
        let mut helper = Patient::new(socket.into(), until, is_wanted)?;
        converse(&mut helper, job, profiles).map_err(|error| match error {
            NoAnswer::Helper(_) if !is_wanted() => NoAnswer::Unwanted,
            error => error,
        })
    }

    /// Starts a helper. The host lets so many begin in a second: who takes one profile upon the
    /// other waits a moment for the names.
    fn start(&self, until: Instant, is_wanted: &dyn Fn() -> bool) -> Result<OwnedFd, NoAnswer> {
        loop {
            match self.host.helper("symbols") {
                Err(error) if error.kind() == Limit && Instant::now() < until => {}
                started => return started.map_err(NoAnswer::NoHelper),
            }
            if !is_wanted() {
                return Err(NoAnswer::Unwanted);
            }
            thread::sleep(LOOK);
        }
    }
}

fn converse(
    helper: &mut (impl Read + Write),
    job: &Job,
    profiles: &[&[u8]],
) -> Result<Vec<u8>, NoAnswer> {
    wire::tell(helper, job)?;
    for profile in profiles {
        wire::send(helper, profile)?;
    }
    let ended = || io::Error::new(ErrorKind::UnexpectedEof, "it has ended");
    match wire::hear(helper)?.ok_or_else(ended)? {
        Outcome::Done => Ok(wire::receive(helper)?.ok_or_else(ended)?),
        Outcome::NoSuchType => Err(NoAnswer::NoSuchType),
        Outcome::Failed { error, remedy } => Err(NoAnswer::Failed { error, remedy }),
    }
}

/// A socket that is waited for up to a moment, and only while somebody wants what comes.
struct Patient<'a> {
    socket: UnixStream,
    until: Instant,
    is_wanted: &'a dyn Fn() -> bool,
}

impl<'a> Patient<'a> {
    fn new(
        socket: UnixStream,
        until: Instant,
        is_wanted: &'a dyn Fn() -> bool,
    ) -> io::Result<Self> {
        socket.set_read_timeout(Some(LOOK))?;
        socket.set_write_timeout(Some(LOOK))?;
        Ok(Self {
            socket,
            until,
            is_wanted,
        })
    }

    fn patiently<T>(
        &mut self,
        mut attempt: impl FnMut(&mut UnixStream) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            match attempt(&mut self.socket) {
                // Or a signal came, as they do while the process is sampled.
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                outcome => return outcome,
            }
            if Instant::now() >= self.until || !(self.is_wanted)() {
                return Err(ErrorKind::TimedOut.into());
            }
        }
    }
}

impl Read for Patient<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.patiently(|socket| socket.read(room))
    }
}

impl Write for Patient<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.patiently(|socket| socket.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_nobody_wants_is_not_waited_for() {
        let (near, far) = UnixStream::pair().unwrap();
        let later = Instant::now() + Duration::from_hours(1);
        let mut unwanted = Patient::new(near, later, &|| false).unwrap();
        let error = unwanted.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        // What is there is taken all the same.
        (&far).write_all(b"a").unwrap();
        assert_eq!(unwanted.read(&mut [0]).unwrap(), 1);
        // A socket that nobody reads is full in the end.
        let error = unwanted.write_all(&vec![0; 16 << 20]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn nothing_is_waited_for_beyond_its_time() {
        let (near, _far) = UnixStream::pair().unwrap();
        let mut late = Patient::new(near, Instant::now(), &|| true).unwrap();
        let error = late.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
}
