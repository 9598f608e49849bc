//! Batches that wait for one exporter: on disk, and in memory where they cannot be there.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use super::{
    cargo::Cargo,
    codec,
    condition::Condition,
    spool::{Budget, Entry, Next, Spool, SpoolError},
};
use crate::{
    instruments::{ExporterMetrics, Loss},
    registry::Descriptors,
};

/// How long after a spool could not be opened it is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Batches that wait, oldest first. All that it does may wait for the disk.
pub(super) struct Outbox {
    place: Option<(PathBuf, Budget)>,
    spool: Option<Spool>,
    next_open: Instant,
    /// Whether the log says that the spool does not work.
    told: bool,
    /// What the disk did not take; newer than what it has.
    held: VecDeque<Cargo>,
    most: usize,
    metrics: ExporterMetrics,
    lost: Option<(Instant, Loss)>,
    /// The bytes of the last descriptions that were written, and their generation.
    written: Option<(u64, Vec<u8>)>,
    /// The last descriptions that were read, and their checksum.
    read: Option<(u64, Arc<Descriptors>)>,
    generations: Generations,
}

/// A batch that is being delivered.
pub(super) struct Waiting {
    pub(super) cargo: Cargo,
    /// The number of its descriptions, as the exporter knows them; 0 where it has none.
    pub(super) generation: u64,
    place: Place,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    /// On disk, by its number there.
    Spool(u64),
    Memory,
}

impl Outbox {
    /// One that keeps batches in this place, and `most` in memory.
    pub(super) fn new(
        place: Option<(PathBuf, Budget)>,
        most: usize,
        metrics: ExporterMetrics,
    ) -> Self {
        Self {
            place,
            spool: None,
            next_open: Instant::now(),
            told: false,
            held: VecDeque::new(),
            most: most.max(1),
            metrics,
            lost: None,
            written: None,
            read: None,
            generations: Generations::default(),
        }
    }

    /// Whether it works without a disk.
    pub(super) fn is_in_memory(&self) -> bool {
        self.place.is_none()
    }

    /// Takes in what an earlier program left, if the spool can be opened.
    pub(super) fn open(&mut self) {
        let Some((folder, budget)) = self.place.as_ref().filter(|_| self.spool.is_none()) else {
            return;
        };
        if Instant::now() < self.next_open {
            return;
        }
        match Spool::open(folder, *budget) {
            Ok((spool, recovery)) => {
                if recovery.damaged_bytes > 0 || recovery.lost_cursor {
                    tracing::warn!(
                        spool = %folder.display(),
                        damaged_bytes = recovery.damaged_bytes,
                        lost_cursor = recovery.lost_cursor,
                        "the spool was damaged: what is whole of it is delivered"
                    );
                    self.metrics
                        .damaged_bytes
                        .inc_by(recovery.damaged_bytes as f64);
                }
                if recovery.waiting > 0 {
                    tracing::info!(
                        spool = %folder.display(),
                        batches = recovery.waiting,
                        "batches of an earlier run wait to be delivered"
                    );
                }
                self.spool = Some(spool);
                self.told = false;
                self.show();
            }
            Err(error) => {
                self.next_open = Instant::now() + AGAIN;
                self.complain(&error);
            }
        }
    }

    /// Takes a batch in. Where its places are spent the oldest goes, counted.
    pub(super) fn push(&mut self, cargo: Cargo) {
        self.held.push_back(cargo);
        self.open();
        self.store();
        while self.held.len() > self.most {
            self.held.pop_front();
            self.lose(Loss::Queue, 1);
        }
        self.show();
    }

    /// Moves what is held to the disk, as far as that takes it.
    fn store(&mut self) {
        let now = SystemTime::now();
        while let (Some(spool), Some(cargo)) = (&mut self.spool, self.held.front()) {
            let expired = spool.expire(now);
            let context = match cargo {
                Cargo::News(_) => (0, codec::NO_CONTEXT),
                Cargo::Measurements(batch) => {
                    let generation = batch.descriptors.generation;
                    let written = match self.written.take() {
                        Some(written) if written.0 == generation => self.written.insert(written),
                        _ => self
                            .written
                            .insert((generation, codec::context(&batch.descriptors))),
                    };
                    (generation, written.1.as_slice())
                }
            };
            let payload = codec::payload(cargo);
            let stored = spool
                .append(context, &payload, now)
                .and_then(|pushed_out| spool.sync().map(|()| pushed_out));
            self.lose(Loss::Age, expired);
            match stored {
                Ok(pushed_out) => {
                    self.lose(Loss::Size, pushed_out);
                    self.told = false;
                    self.held.pop_front();
                }
                Err(error @ SpoolError::TooLarge { .. }) => {
                    self.complain(&error);
                    self.held.pop_front();
                    self.lose(Loss::Size, 1);
                }
                Err(error) => {
                    self.complain(&error);
                    return;
                }
            }
        }
    }

    /// The oldest batch, to be delivered.
    pub(super) fn next(&mut self) -> Option<Waiting> {
        while let Some(spool) = &mut self.spool {
            match spool.peek() {
                Ok(Next::Entry(entry)) => {
                    let sequence = entry.sequence;
                    if let Some((cargo, generation)) = self.decode(&entry) {
                        return Some(Waiting {
                            cargo,
                            generation,
                            place: Place::Spool(sequence),
                        });
                    }
                    self.acknowledge(sequence);
                    self.lose(Loss::Damaged, 1);
                }
                Ok(Next::Damaged) => self.lose(Loss::Damaged, 1),
                Ok(Next::Nothing) => break,
                Err(error) => {
                    self.complain(&error);
                    return None;
                }
            }
        }
        let cargo = self.held.pop_front()?;
        let generation = match &cargo {
            Cargo::Measurements(batch) => {
                let live = Source::Live(batch.descriptors.generation);
                self.generations.of(live)
            }
            Cargo::News(_) => 0,
        };
        Some(Waiting {
            cargo,
            generation,
            place: Place::Memory,
        })
    }

    fn decode(&mut self, entry: &Entry) -> Option<(Cargo, u64)> {
        if codec::is_news(&entry.payload) {
            let news = codec::news(&entry.payload)?;
            return Some((Cargo::News(Arc::new(news)), 0));
        }
        let sum = entry.context;
        let descriptors = match &self.read {
            Some((known, descriptors)) if *known == sum => Arc::clone(descriptors),
            _ => {
                let bytes = self.spool.as_ref()?.context(sum).ok()??;
                let generation = self.generations.of(Source::Spool(sum));
                let descriptors = Arc::new(codec::descriptors(&bytes, generation)?);
                self.read = Some((sum, Arc::clone(&descriptors)));
                descriptors
            }
        };
        let batch = codec::batch(&entry.payload, descriptors)?;
        let generation = batch.descriptors.generation;
        Some((Cargo::Measurements(Arc::new(batch)), generation))
    }

    /// A batch need not be delivered any more.
    pub(super) fn done(&mut self, waiting: &Waiting) {
        if let Place::Spool(sequence) = waiting.place {
            self.acknowledge(sequence);
        }
        self.show();
    }

    /// The receiver will never take a batch.
    pub(super) fn reject(&mut self, waiting: &Waiting) {
        self.lose(Loss::Rejected, 1);
        self.done(waiting);
    }

    /// A batch was not delivered, and waits again.
    pub(super) fn put_back(&mut self, waiting: Waiting) {
        if matches!(waiting.place, Place::Memory) {
            if self.held.len() < self.most {
                self.held.push_front(waiting.cargo);
            } else {
                self.lose(Loss::Queue, 1);
            }
        }
        self.show();
    }

    /// What is only in memory is lost when the program ends; answers how much that is.
    pub(super) fn close(&mut self) -> u64 {
        self.store();
        if let Some(spool) = &mut self.spool
            && let Err(error) = spool.sync()
        {
            tracing::warn!(%error, "the spool may not outlast a loss of power");
        }
        let lost = self.held.len() as u64;
        self.held.clear();
        self.lose(Loss::Stopped, lost);
        self.show();
        lost
    }

    /// How many batches wait.
    pub(super) fn waiting(&self) -> u64 {
        self.spool.as_ref().map_or(0, Spool::waiting) + self.held.len() as u64
    }

    /// What is to be said of it.
    pub(super) fn tell(&self, condition: &mut Condition) {
        condition.waiting = self.waiting();
        condition.oldest = self.oldest();
        condition.lost = self.lost.map(|(at, loss)| (at, loss.why()));
    }

    fn oldest(&self) -> Option<SystemTime> {
        let spooled = self.spool.as_ref().and_then(Spool::oldest);
        spooled.or_else(|| self.held.front().map(Cargo::time))
    }

    fn acknowledge(&mut self, sequence: u64) {
        let Some(spool) = &mut self.spool else { return };
        if let Err(error) = spool.acknowledge(sequence) {
            self.complain(&error);
        }
    }

    fn lose(&mut self, loss: Loss, batches: u64) {
        if batches > 0 {
            self.metrics.lose(loss, batches);
            self.lost = Some((Instant::now(), loss));
        }
    }

    fn complain(&mut self, error: &SpoolError) {
        self.metrics.spool_errors.inc();
        if !std::mem::replace(&mut self.told, true) {
            tracing::warn!(
                remedy = error.remedy(),
                "{error}: until it works batches wait in memory"
            );
        }
    }

    fn show(&self) {
        let age = self.oldest().and_then(|oldest| oldest.elapsed().ok());
        self.metrics.queue.set(self.waiting() as f64);
        self.metrics.age.set(age.unwrap_or_default().as_secs_f64());
        let bytes = self.spool.as_ref().map_or(0, Spool::bytes);
        self.metrics.spool_bytes.set(bytes as f64);
    }
}

/// Numbers for descriptions, as an exporter is told of them: they come from this run and from earlier
/// ones, whose own numbers may be the same.
#[derive(Debug, Default)]
struct Generations {
    last: u64,
    of: Option<Source>,
}

/// Where descriptions come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The registry, by its own number.
    Live(u64),
    /// The spool, by their checksum.
    Spool(u64),
}

impl Generations {
    fn of(&mut self, source: Source) -> u64 {
        if self.of != Some(source) {
            self.of = Some(source);
            self.last += 1;
        }
        self.last
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{fs, path::Path};

    use gaxx_abi::{Point, abi_std::RVec};

    use super::*;
    use crate::{export::cargo::News, instruments::Instruments, registry::Exported, role::Role};

    const BUDGET: Budget = Budget {
        bytes: 1 << 20,
        age: Duration::from_hours(1),
    };

    fn outbox(folder: Option<&Path>, most: usize) -> Outbox {
        let metrics = Instruments::new(Role::Main).exports.of("x");
        let place = folder.map(|folder| (folder.to_owned(), BUDGET));
        Outbox::new(place, most, metrics)
    }

    fn batch(generation: u64, value: f64) -> Cargo {
        Cargo::Measurements(exported(generation, value))
    }

    fn exported(generation: u64, value: f64) -> Arc<Exported> {
        Arc::new(Exported {
            time: SystemTime::now(),
            descriptors: Arc::new(Descriptors {
                generation,
                families: RVec::new(),
                series: RVec::new(),
            }),
            points: vec![Point::new(0, value)].into(),
        })
    }

    fn described(waiting: &Waiting) -> &Exported {
        match &waiting.cargo {
            Cargo::Measurements(batch) => batch,
            Cargo::News(_) => panic!("it was given measurements"),
        }
    }

    #[test]
    fn changes_of_health_wait_as_well() {
        let folder = tempfile::tempdir().unwrap();
        let news = |json: &str| News {
            time: SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_001),
            changes: 2,
            json: json.to_owned(),
        };
        let mut first = outbox(Some(folder.path()), 1);
        for json in ["{}", "{\"a\":1}"] {
            first.push(Cargo::News(Arc::new(news(json))));
        }
        drop(first);
        let mut second = outbox(Some(folder.path()), 1);
        second.open();
        for json in ["{}", "{\"a\":1}"] {
            let waiting = second.next().unwrap();
            assert!(matches!(&waiting.cargo, Cargo::News(it) if **it == news(json)));
            second.done(&waiting);
        }
        assert_eq!(second.waiting(), 0);
    }

    /// Delivers all that waits: the value of each.
    fn deliver(outbox: &mut Outbox) -> Vec<f64> {
        let mut values = Vec::new();
        while let Some(waiting) = outbox.next() {
            values.push(described(&waiting).points[0].value);
            outbox.done(&waiting);
        }
        values
    }

    #[test]
    fn what_is_accepted_outlasts_the_program() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = outbox(Some(folder.path()), 1);
        (0..5).for_each(|at| first.push(batch(1, f64::from(at))));
        let waiting = first.next().unwrap();
        first.done(&waiting);
        // As if it had been killed: nothing is closed.
        drop(first);
        let mut second = outbox(Some(folder.path()), 1);
        second.push(batch(1, 5.0));
        assert_eq!(second.waiting(), 5);
        assert_eq!(deliver(&mut second), [1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(second.waiting(), 0);
    }

    #[test]
    fn without_a_disk_the_oldest_goes_and_is_counted() {
        let mut outbox = outbox(None, 2);
        (0..3).for_each(|at| outbox.push(batch(1, f64::from(at))));
        let mut condition = Condition::default();
        outbox.tell(&mut condition);
        assert_eq!(condition.lost.unwrap().1, Loss::Queue.why());
        assert_eq!(deliver(&mut outbox), [1.0, 2.0]);
        assert!((outbox.metrics.lost(Loss::Queue) - 1.0).abs() < 0.1);
    }

    #[test]
    fn a_spool_that_cannot_be_had_now_is_used_later() {
        let folder = tempfile::tempdir().unwrap();
        let mut owner = outbox(Some(folder.path()), 8);
        owner.push(batch(1, 0.0));
        let mut late = outbox(Some(folder.path()), 8);
        late.push(batch(1, 1.0));
        assert_eq!((late.held.len(), late.told), (1, true));
        drop(owner);
        late.next_open = Instant::now();
        late.push(batch(1, 2.0));
        assert!(late.held.is_empty());
        assert_eq!(deliver(&mut late), [0.0, 1.0, 2.0]);
    }

    #[test]
    fn what_was_not_delivered_is_first_again() {
        let folder = tempfile::tempdir().unwrap();
        for folder in [None, Some(folder.path())] {
            let mut outbox = outbox(folder, 2);
            (0..2).for_each(|at| outbox.push(batch(1, f64::from(at))));
            let waiting = outbox.next().unwrap();
            outbox.put_back(waiting);
            assert_eq!(deliver(&mut outbox), [0.0, 1.0]);
        }
    }

    #[test]
    fn descriptions_of_two_runs_have_numbers_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = outbox(Some(folder.path()), 1);
        first.push(batch(1, 0.0));
        drop(first);
        let mut second = outbox(Some(folder.path()), 1);
        // Another description by the same number.
        let mut other = Exported::clone(&exported(1, 1.0));
        other.descriptors = Arc::new(Descriptors {
            generation: 1,
            families: vec![gaxx_abi::ExportFamily {
                name: "a".into(),
                help: "".into(),
                unit: "".into(),
                kind: 0,
                labels: RVec::new(),
                bounds: RVec::new(),
                attributes: RVec::new(),
            }]
            .into(),
            series: RVec::new(),
        });
        second.push(Cargo::Measurements(Arc::new(other)));
        let one = second.next().unwrap();
        second.done(&one);
        let two = second.next().unwrap();
        assert_ne!(one.generation, two.generation);
        assert_eq!(described(&two).descriptors.families.len(), 1);
    }

    #[test]
    fn a_damaged_spool_costs_what_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = outbox(Some(folder.path()), 1);
        (0..4).for_each(|at| first.push(batch(1, f64::from(at))));
        drop(first);
        let segment = fs::read_dir(folder.path()).unwrap().find_map(|entry| {
            let path = entry.unwrap().path();
            (path.extension()? == "spool").then_some(path)
        });
        let segment = segment.unwrap();
        let mut bytes = fs::read(&segment).unwrap();
        // In the numbers of the last batch.
        let last = bytes.len() - 3;
        bytes[last] ^= 0x55;
        fs::write(&segment, bytes).unwrap();
        let mut second = outbox(Some(folder.path()), 1);
        second.push(batch(1, 4.0));
        assert_eq!(deliver(&mut second), [0.0, 1.0, 2.0, 4.0]);
    }
}
