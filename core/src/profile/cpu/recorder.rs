//! Takes samples, within a signal handler.

use std::{
    mem,
    sync::{
        Mutex, MutexGuard, TryLockError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use super::{
    cannot,
    log::Log,
    memory::{Own, Pages},
    walk::{DEPTH, Registers, walk},
};
use crate::profile::{ProfileError, label::Label};

/// The most samples that are taken at the same moment.
const MOST: usize = 8;

/// What takes samples: as many as threads run at once, and none while none are wanted. The first
/// ones are there.
///
/// Nobody ever waits for one, neither a handler nor others: so who lets go of it need not wake
/// anyone, which a handler could not do everywhere.
static RECORDERS: [Mutex<Option<Box<Recorder>>>; MOST] = [const { Mutex::new(None) }; MOST];

/// Samples that could not be taken, of all times.
static LOST: AtomicU64 = AtomicU64::new(0);

struct Recorder {
    memory: Pages<Own>,
    calls: [u64; DEPTH],
    log: Log,
}

/// Samples are recorded as long as this is there.
#[derive(Debug)]
pub(super) struct Recording {
    lost_before: u64,
}

impl Recording {
    /// Takes what memory is needed, once for all. There is one at a time.
    pub(super) fn begin() -> Result<Self, ProfileError> {
        let lost_before = LOST.load(Ordering::Relaxed);
        let count = thread::available_parallelism().map_or(1, usize::from);
        let (first, others) = RECORDERS.split_first().expect("there are some places");
        let recorder = Recorder::new()?;
        let mut place = now(first);
        if place.is_some() {
            return Err(ProfileError::Busy);
        }
        *place = Some(recorder);
        drop(place);
        // From here on nobody else begins.
        let recording = Self { lost_before };
        for place in others.iter().take(count.saturating_sub(1)) {
            let recorder = Recorder::new()?;
            *now(place) = Some(recorder);
        }
        Ok(recording)
    }

    /// Samples that could not be taken since it began.
    pub(super) fn lost(&self) -> u64 {
        LOST.load(Ordering::Relaxed) - self.lost_before
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        // The first place goes last: whoever finds it free finds all free.
        for place in RECORDERS.iter().rev() {
            // Its memory goes when nobody is kept from the place any more.
            let recorder = now(place).take();
            drop(recorder);
        }
    }
}

impl Recorder {
    fn new() -> Result<Box<Self>, ProfileError> {
        Ok(Box::new(Self {
            memory: Pages::new(Own::new().map_err(cannot)?),
            calls: [0; DEPTH],
            log: Log::new(),
        }))
    }

    fn record(&mut self, registers: Registers, thread_name: [u8; 16]) -> bool {
        let depth = walk(registers, &mut self.memory, &mut self.calls);
        let calls = self.calls.get(..depth).unwrap_or_default();
        self.log.add(Label::current(), thread_name, calls)
    }
}

/// Takes a sample of the thread that was interrupted here. Safe in a signal handler.
pub(super) fn record(registers: Registers, thread_name: [u8; 16]) {
    let recorded = RECORDERS.iter().any(|place| {
        let recorder = place.try_lock();
        recorder.is_ok_and(|mut place| {
            let recorder = place.as_deref_mut();
            recorder.is_some_and(|recorder| recorder.record(registers, thread_name))
        })
    });
    if !recorded {
        LOST.fetch_add(1, Ordering::Relaxed);
    }
}

/// Shows what was recorded since the last time. `room` is an empty log, as it is after that.
pub(super) fn take(room: &mut Log, mut each: impl FnMut(&Log)) {
    for place in &RECORDERS {
        if let Some(recorder) = &mut *now(place) {
            mem::swap(&mut recorder.log, room);
        }
        each(room);
        room.clear();
    }
}

/// A place, as soon as no handler has it: each has it for some microseconds.
fn now(place: &Mutex<Option<Box<Recorder>>>) -> MutexGuard<'_, Option<Box<Recorder>>> {
    loop {
        match place.try_lock() {
            Ok(place) => return place,
            Err(TryLockError::Poisoned(place)) => return place.into_inner(),
            Err(TryLockError::WouldBlock) => thread::yield_now(),
        }
    }
}
