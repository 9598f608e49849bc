//! The helper's side: does the one job that it is given, and ends.

use std::{
    io::{self, Write},
    os::{fd::OwnedFd, unix::net::UnixStream},
    time::{Duration, Instant},
};

use gaxx_sdk::Result;
use pprof::protos;
use rustix::process::{Resource, Rlimit, setrlimit};

use super::{Form, Job, Outcome, maps, symboliser::symbolise, wire};
use crate::{
    flamegraph::{self, Kind},
    profile::{self, Location, Profile, ProfileError},
    text,
};

/// How long names are looked for; what has none by then is sent without.
const TIME: Duration = Duration::from_secs(40);
/// What this process may use: seconds of a processor, and bytes that it may write to. A job that is
/// not wanted any more ends here at the latest.
const CPU: u64 = 60;
const MEMORY: u64 = 2 << 30;

/// Why a job is not done.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Profile(#[from] ProfileError),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("there is no flame graph of {0}")]
    Kind(String),
    #[error("{0}")]
    FlameGraph(gaxx_sdk::Error),
}

/// What the helper process runs.
pub(super) fn main(socket: OwnedFd) -> Result<()> {
    limit();
    let mut socket = UnixStream::from(socket);
    let Some(job) = wire::hear::<Job>(&mut socket)? else {
        return Ok(());
    };
    let mut profiles = Vec::new();
    for _ in 0..job.profiles() {
        match wire::receive(&mut socket)? {
            Some(profile) => profiles.push(profile),
            None => return Ok(()),
        }
    }
    Ok(answer(&mut socket, do_job(&job, &profiles))?)
}

/// Where the system sets no limits there are none.
fn limit() {
    for (what, most) in [(Resource::Cpu, CPU), (Resource::Data, MEMORY)] {
        let most = Some(most);
        let _ = setrlimit(
            what,
            Rlimit {
                current: most,
                maximum: most,
            },
        );
    }
}

fn answer(socket: &mut impl Write, done: std::result::Result<Vec<u8>, Failure>) -> io::Result<()> {
    let failure = match done {
        Ok(content) => {
            wire::tell(socket, &Outcome::Done)?;
            return wire::send(socket, &content);
        }
        Err(failure) => failure,
    };
    let outcome = match &failure {
        Failure::Profile(ProfileError::NoSuchType(_)) => Outcome::NoSuchType,
        Failure::Profile(error) => Outcome::Failed {
            error: error.to_string(),
            remedy: error.remedy().to_owned(),
        },
        error => Outcome::Failed {
            error: error.to_string(),
            remedy: "look into the log of gaxx-mon".to_owned(),
        },
    };
    wire::tell(socket, &outcome)
}

fn do_job(job: &Job, profiles: &[Vec<u8>]) -> std::result::Result<Vec<u8>, Failure> {
    let until = Instant::now() + TIME;
    match job {
        Job::Profile {
            looked_at, form, ..
        } => {
            let mut decoded = profiles.iter().map(|bytes| profile::decode(bytes));
            // There is one at least, and another one where a difference is wanted.
            let first = decoded.next().transpose()?.unwrap_or_default();
            let mut profile = match decoded.next().transpose()? {
                Some(second) => profile::difference(&first, second),
                None => first,
            };
            if let Some(name) = looked_at {
                let found = profile.type_named(name);
                let missing = || ProfileError::NoSuchType(name.clone());
                profile.default_type = found.ok_or_else(missing)?;
            }
            symbolise(&mut profile, until);
            profile::prune(&mut profile);
            render(&profile, form)
        }
        Job::Addresses { process, addresses } => {
            let mut profile = at_addresses(*process, addresses)?;
            symbolise(&mut profile, until);
            Ok(text::symbols(&profile).into())
        }
    }
}

fn render(profile: &Profile, form: &Form) -> std::result::Result<Vec<u8>, Failure> {
    match form {
        Form::Pprof => Ok(profile::encode(profile)?),
        Form::Text => Ok(text::heap(profile).into()),
        Form::FlameGraph { kind } => {
            let kind = Kind::named(kind).ok_or_else(|| Failure::Kind(kind.clone()))?;
            let coded: protos::Profile = profile::coded(profile);
            let raw = profile::compressed(&coded)?;
            flamegraph::data(&coded, kind, &raw).map_err(Failure::FlameGraph)
        }
    }
}

/// A profile without samples, of these addresses of a process.
fn at_addresses(process: u32, addresses: &[u64]) -> io::Result<Profile> {
    let mappings = maps::of(process)?;
    let locations = addresses.iter().map(|address| Location {
        address: *address,
        mapping: mappings
            .iter()
            .position(|it| (it.start..it.end).contains(address)),
        lines: Vec::new(),
    });
    Ok(Profile {
        locations: locations.collect(),
        mappings,
        ..Profile::default()
    })
}
