//! Where the numbers of a component lie until the host reads them.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU32, AtomicU64, Ordering},
};

use gaxx_abi::{Point, abi_std::RVec};

use super::{
    histogram::Buckets,
    kept::{Counts, Inherited, Keep},
};

/// The bits of a number that is not there. It is a NaN that no arithmetic yields.
const ABSENT: u64 = 0x7ff0_0000_0000_0002;
/// The slot of a cell that the host does not know.
const NOWHERE: u32 = u32::MAX;
/// Cells in a block: large enough that reading is a linear walk, small enough to waste little.
const BLOCK: usize = 64;

#[derive(Debug)]
struct Block {
    values: [AtomicU64; BLOCK],
    slots: [AtomicU32; BLOCK],
}

/// All numbers of one component.
#[derive(Debug, Default)]
pub(crate) struct Store {
    inner: Mutex<Inner>,
    /// Families whose counts are kept.
    kept: Mutex<Vec<Arc<dyn Keep>>>,
    /// What the version before counted.
    inherited: Mutex<Inherited>,
}

#[derive(Debug, Default)]
struct Inner {
    blocks: Vec<Arc<Block>>,
    /// Cells given out in the last block.
    used: usize,
    /// Cells that were given back.
    free: Vec<Cell>,
    histograms: Vec<(u32, Arc<Buckets>)>,
}

/// One number.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    block: Arc<Block>,
    index: usize,
    /// Counts the handles of this cell.
    handles: Arc<()>,
}

impl Store {
    /// A store whose counters begin where those of the version before ended.
    pub(crate) fn inheriting(counts: Counts) -> Self {
        Self {
            inherited: Mutex::new(Inherited::new(counts)),
            ..Self::default()
        }
    }

    /// Has the counts of a family kept.
    pub(super) fn keep(&self, family: Arc<dyn Keep>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(family);
    }

    /// What the version before counted in a series of the family `key`.
    pub(super) fn inherit(&self, key: &str, bounds: &[f64], labels: &[&str]) -> Option<Vec<u64>> {
        let inherited = self.inherited.lock();
        let mut inherited = inherited.unwrap_or_else(PoisonError::into_inner);
        inherited.take(key, bounds, labels)
    }

    /// What was counted until now.
    pub(crate) fn counts(&self) -> Counts {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = kept.iter().map(|family| family.counts());
        Counts(
            counted
                .filter(|(_, family)| !family.series.is_empty())
                .collect(),
        )
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change is complete before anything could panic.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number that the host reads as `slot`.
    pub(crate) fn cell(&self, slot: u32, value: Option<f64>) -> Cell {
        let cell = self.lock().take();
        cell.put(value);
        cell.block.slots[cell.index].store(slot, Ordering::Release);
        cell
    }

    /// A number that the host does not read.
    pub(crate) fn detached() -> Cell {
        Cell {
            block: Arc::new(Block::new()),
            index: 0,
            handles: Arc::new(()),
        }
    }

    /// Stops reading a number, and uses its place again if nobody else can still write to it.
    pub(crate) fn release(&self, cell: Cell) {
        cell.block.slots[cell.index].store(NOWHERE, Ordering::Release);
        if Arc::strong_count(&cell.handles) == 1 {
            self.lock().free.push(cell);
        }
    }

    pub(crate) fn histogram(&self, slot: u32, buckets: &Arc<Buckets>) {
        self.lock().histograms.push((slot, Arc::clone(buckets)));
    }

    pub(crate) fn release_histogram(&self, buckets: &Arc<Buckets>) {
        self.lock()
            .histograms
            .retain(|(_, other)| !Arc::ptr_eq(other, buckets));
    }

    /// Appends all numbers that are there.
    pub(crate) fn points(&self, points: &mut RVec<Point>) {
        let inner = self.lock();
        points.reserve(inner.blocks.len() * BLOCK);
        for block in &inner.blocks {
            for (value, slot) in block.values.iter().zip(&block.slots) {
                let slot = slot.load(Ordering::Acquire);
                let bits = value.load(Ordering::Relaxed);
                if slot != NOWHERE && bits != ABSENT {
                    points.push(Point::new(slot, f64::from_bits(bits)));
                }
            }
        }
        for (slot, buckets) in &inner.histograms {
            buckets.points(*slot, points);
        }
    }
}

impl Inner {
    fn take(&mut self) -> Cell {
        if let Some(cell) = self.free.pop() {
            return cell;
        }
        if self.used == BLOCK || self.blocks.is_empty() {
            self.blocks.push(Arc::new(Block::new()));
            self.used = 0;
        }
        let block = Arc::clone(&self.blocks[self.blocks.len() - 1]);
        let index = self.used;
        self.used += 1;
        Cell {
            block,
            index,
            handles: Arc::new(()),
        }
    }
}

impl Block {
    fn new() -> Self {
        Self {
            values: std::array::from_fn(|_| AtomicU64::new(ABSENT)),
            slots: std::array::from_fn(|_| AtomicU32::new(NOWHERE)),
        }
    }
}

impl Cell {
    fn value(&self) -> &AtomicU64 {
        &self.block.values[self.index]
    }

    pub(crate) fn get(&self) -> Option<f64> {
        let bits = self.value().load(Ordering::Relaxed);
        (bits != ABSENT).then(|| f64::from_bits(bits))
    }

    pub(crate) fn put(&self, value: Option<f64>) {
        self.value()
            .store(value.map_or(ABSENT, f64::to_bits), Ordering::Relaxed);
    }

    /// Adds to it; an absent number counts as zero.
    pub(crate) fn add(&self, amount: f64) {
        let add = |bits| {
            let old = if bits == ABSENT {
                0.0
            } else {
                f64::from_bits(bits)
            };
            Some((old + amount).to_bits())
        };
        // The function never answers None, so this cannot fail.
        let _ = self
            .value()
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(store: &Store) -> Vec<(u32, f64)> {
        let mut points = RVec::new();
        store.points(&mut points);
        points
            .iter()
            .map(|point| (point.slot, point.value))
            .collect()
    }

    #[test]
    fn only_what_has_a_value_is_read() {
        let store = Store::default();
        let (zero, absent) = (store.cell(7, Some(0.0)), store.cell(8, None));
        assert_eq!(read(&store), [(7, 0.0)]);
        absent.add(2.5);
        zero.put(None);
        assert_eq!(read(&store), [(8, 2.5)]);
        assert_eq!((zero.get(), absent.get()), (None, Some(2.5)));
    }

    #[test]
    fn what_no_arithmetic_yields_stands_for_absence() {
        let store = Store::default();
        let cell = store.cell(1, Some(f64::NAN));
        assert!(cell.get().is_some_and(f64::is_nan));
        cell.put(Some(f64::INFINITY));
        cell.add(f64::NEG_INFINITY);
        assert!(cell.get().is_some_and(f64::is_nan));
    }

    #[test]
    fn there_are_as_many_cells_as_are_asked_for() {
        let store = Store::default();
        let slots = 0..3 * u32::try_from(BLOCK).unwrap_or(0) + 1;
        let cells: Vec<Cell> = slots
            .clone()
            .map(|slot| store.cell(slot, Some(f64::from(slot))))
            .collect();
        let expected: Vec<(u32, f64)> = slots.map(|slot| (slot, f64::from(slot))).collect();
        assert_eq!(read(&store), expected);
        assert_eq!(store.lock().blocks.len(), 4);
        drop(cells);
        // Nobody can change them any more, but they are still true.
        assert_eq!(read(&store), expected);
    }

    #[test]
    fn the_place_of_a_released_cell_is_used_again() {
        let store = Store::default();
        let cell = store.cell(1, Some(1.0));
        store.release(cell);
        assert_eq!(read(&store), []);
        let next = store.cell(2, None);
        assert_eq!((next.index, read(&store)), (0, vec![]));
        next.put(Some(2.0));
        assert_eq!(read(&store), [(2, 2.0)]);
    }

    #[test]
    fn a_handle_that_outlives_its_cell_writes_to_nobody_elses_place() {
        let store = Store::default();
        let cell = store.cell(1, Some(1.0));
        let kept = cell.clone();
        store.release(cell);
        let next = store.cell(2, Some(2.0));
        kept.put(Some(99.0));
        assert_eq!(read(&store), [(2, 2.0)]);
        assert_eq!((kept.get(), next.get()), (Some(99.0), Some(2.0)));
    }

    #[test]
    fn a_released_histogram_is_not_read() {
        let store = Store::default();
        let (one, other) = (Arc::new(Buckets::new(&[])), Arc::new(Buckets::new(&[])));
        store.histogram(0, &one);
        store.histogram(2, &other);
        store.release_histogram(&one);
        assert_eq!(read(&store), [(2, 0.0), (3, 0.0)]);
    }
}
