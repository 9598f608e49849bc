//! A line: one socket, one thread, one call at a time.

use std::{
    mem,
    os::fd::OwnedFd,
    sync::{Arc, Weak},
    thread,
    time::Duration,
};

use gaxx_abi::{EndpointBox, Fault, Point, Request, abi_std::RVec, fault::kind};

use super::{LONGEST, Loaded, Shared, complain, exchange, fault, held::Held, passed};
use crate::{
    isolation::wire::{
        Channel, WireError,
        message::{Ask, Code, PROFILE, Told},
    },
    profile::{ProfileError, Samples, label::Label},
};

/// Serves this line on a thread of its own, as long as the core keeps its other end.
pub(super) fn begin(shared: &Arc<Shared>, line: OwnedFd) {
    let mut servant = Servant {
        shared: Arc::clone(shared),
        line: Channel::new(line, LONGEST),
        place: Place::Free,
        points: RVec::new(),
    };
    let begun = thread::Builder::new()
        .name("line".to_owned())
        .spawn(move || match servant.serve() {
            Ok(()) | Err(WireError::Closed) => {}
            Err(error) => complain(&format_args!("a line: {error}")),
        });
    if let Err(error) = begun {
        // The line is closed with what was moved, and the core sees that.
        complain(&format_args!("no thread for a line: {error}"));
    }
}

/// What a line is for.
enum Place {
    Free,
    Component(Held),
    /// Requests to an endpoint, which is another line's component.
    Endpoint(Weak<EndpointBox>, Label),
    /// One profile of this process.
    Samples(Box<dyn Samples>),
}

struct Servant {
    shared: Arc<Shared>,
    line: Channel,
    place: Place,
    /// Room for the numbers of a call, kept for the next one.
    points: RVec<Point>,
}

impl Servant {
    fn serve(&mut self) -> Result<(), WireError> {
        loop {
            let told = match self.line.receive(None)? {
                Ask::Load(code) => self.load(&code),
                Ask::Make(make) => self.make(|shared| {
                    let held = Held::make(shared, *make)?;
                    Ok(Place::Component(held))
                }),
                Ask::Attach(number) => self.make(|shared| {
                    let endpoint = shared.components.endpoint(number);
                    let (endpoint, label) = endpoint.ok_or_else(no_endpoint)?;
                    Ok(Place::Endpoint(endpoint, label))
                }),
                Ask::Handle(request, deadline) => {
                    let sockets = passed(&self.line)?;
                    self.handle(*request, sockets, deadline)
                }
                Ask::Sample { hertz, deadline } => self.make(|shared| {
                    let subject = (shared.profiled)();
                    let samples = subject.sample(hertz, Duration::from_nanos(deadline));
                    Ok(Place::Samples(samples?))
                }),
                Ask::Sampled(deadline) => self.sampled(deadline),
                Ask::Heap(deadline) => {
                    let subject = (self.shared.profiled)();
                    passing(subject.heap(Duration::from_nanos(deadline)))
                }
                Ask::Stop(deadline) => {
                    let told = self.stop(deadline).unwrap_or_else(Told::Fault);
                    return self.line.send(&told, None);
                }
                ask => self.call(ask),
            };
            let told = told.unwrap_or_else(Told::Fault);
            self.line.send(&told, None)?;
            if let Told::Points(mut points) | Told::Verdict(_, mut points) = told {
                points.clear();
                self.points = points;
            }
        }
    }

    fn load(&self, code: &Code) -> Result<Told, Fault> {
        let loaded = &self.shared.loaded;
        if loaded.get().is_some() {
            return Err(fault(kind::UNKNOWN, "the plugin is loaded already"));
        }
        Ok(match (self.shared.load)(code) {
            Ok((plugin, manifest)) => {
                let name = manifest.name.to_string();
                // Of two lines that load at once both give the same plugin.
                let _ = loaded.set(Loaded { name, plugin });
                Told::Manifest(Box::new(manifest))
            }
            Err(refused) => refused,
        })
    }

    /// Makes this line one for something, once.
    fn make(
        &mut self,
        make: impl FnOnce(&Arc<Shared>) -> Result<Place, Fault>,
    ) -> Result<Told, Fault> {
        if !matches!(self.place, Place::Free) {
            return Err(fault(kind::UNKNOWN, "this line is taken"));
        }
        self.place = make(&self.shared)?;
        Ok(Told::Done)
    }

    fn call(&mut self, ask: Ask) -> Result<Told, Fault> {
        match &mut self.place {
            Place::Component(held) => held.call(ask, mem::take(&mut self.points)),
            Place::Free | Place::Endpoint(..) | Place::Samples(_) => Err(no_component()),
        }
    }

    fn sampled(&mut self, deadline: u64) -> Result<Told, Fault> {
        match mem::replace(&mut self.place, Place::Free) {
            Place::Samples(samples) => passing(samples.finish(Duration::from_nanos(deadline))),
            other => {
                self.place = other;
                Err(fault(kind::UNKNOWN, "nothing is sampled for this line"))
            }
        }
    }

    fn handle(
        &self,
        request: Request,
        [body, reply]: [OwnedFd; 2],
        deadline: u64,
    ) -> Result<Told, Fault> {
        let Place::Endpoint(endpoint, label) = &self.place else {
            return Err(no_endpoint());
        };
        let _entered = label.enter();
        // For as long as the call takes: one that is being stopped ends with its last request.
        let endpoint = endpoint.upgrade().ok_or_else(no_endpoint)?;
        let (body, reply) = (exchange::body(body), exchange::reply(reply));
        endpoint
            .handle(request, body, reply, deadline)
            .into_result()?;
        Ok(Told::Done)
    }

    fn stop(&mut self, deadline: u64) -> Result<Told, Fault> {
        match mem::replace(&mut self.place, Place::Free) {
            Place::Component(held) => {
                held.stop(deadline);
                Ok(Told::Done)
            }
            Place::Free | Place::Endpoint(..) | Place::Samples(_) => Err(no_component()),
        }
    }
}

/// A profile, unless it is longer than what passes.
fn passing(profile: Result<Vec<u8>, ProfileError>) -> Result<Told, Fault> {
    let profile = profile?;
    if profile.len() > PROFILE {
        let (has, most) = (profile.len(), PROFILE);
        let message = format!("the profile has {has} bytes, and {most} may pass");
        return Err(fault(kind::LIMIT, message));
    }
    Ok(Told::Bytes(profile))
}

fn no_component() -> Fault {
    fault(kind::UNKNOWN, "this line has no component")
}

fn no_endpoint() -> Fault {
    fault(kind::UNKNOWN, "there is no such endpoint")
}
