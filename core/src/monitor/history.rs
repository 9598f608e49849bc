//! The last minutes of the tiles' figures.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use super::tiles::{Line, Reading, SOURCES, Source, Tile};
use crate::registry::Snapshot;

/// How long figures are kept.
const KEEP: Duration = Duration::from_mins(10);
/// How many are kept: as many as there are in that time while somebody looks.
const MOST: usize = 300;

/// The last minutes of the tiles' figures.
#[derive(Debug, Default)]
pub(super) struct History {
    tracks: [Track; SOURCES.len()],
}

#[derive(Debug, Default)]
struct Track {
    last: Option<(Instant, Reading)>,
    points: VecDeque<Point>,
}

#[derive(Debug, Clone)]
struct Point {
    at: Instant,
    unix: f64,
    values: Vec<f64>,
}

/// The history, whatever happened to who held it before.
pub(super) fn lock(history: &Mutex<History>) -> MutexGuard<'_, History> {
    history.lock().unwrap_or_else(PoisonError::into_inner)
}

impl History {
    /// Notes the figures of this moment.
    pub(super) fn sample(&mut self, snapshot: &Snapshot, now: Instant) {
        let unix = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs_f64();
        for (source, track) in SOURCES.iter().zip(&mut self.tracks) {
            match (source.read)(snapshot) {
                Some(reading) => track.take(source, reading, now, unix),
                None => *track = Track::default(),
            }
        }
    }

    /// The tiles there are.
    pub(super) fn tiles(&self, now: Instant) -> Vec<Tile> {
        let tracks = SOURCES.iter().zip(&self.tracks);
        tracks
            .filter_map(|(source, track)| track.tile(source, now))
            .collect()
    }
}

impl Track {
    fn take(&mut self, source: &Source, reading: Reading, now: Instant, unix: f64) {
        let values = match (&self.last, source.growth) {
            (_, false) => Some(reading.values.clone()),
            (Some((then, before)), true) => growth(before, &reading, now - *then),
            (None, true) => None,
        };
        self.last = Some((now, reading));
        if let Some(values) = values {
            self.points.push_back(Point {
                at: now,
                unix,
                values,
            });
        }
        while self.points.len() > MOST
            || self
                .points
                .front()
                .is_some_and(|point| now.duration_since(point.at) > KEEP)
        {
            self.points.pop_front();
        }
    }

    fn tile(&self, source: &Source, now: Instant) -> Option<Tile> {
        let (_, reading) = self.last.as_ref()?;
        let recent = || {
            self.points
                .iter()
                .filter(|point| now.duration_since(point.at) <= KEEP)
        };
        let lines = source
            .labels
            .iter()
            .enumerate()
            .map(|(number, label)| Line {
                label,
                points: recent()
                    .filter_map(|point| Some((point.unix, *point.values.get(number)?)))
                    .collect(),
            });
        Some(Tile {
            id: source.id,
            title: source.title,
            unit: source.unit,
            value: self.points.back().map(|point| point.values.iter().sum()),
            maximum: reading.maximum,
            detail: reading.detail.clone(),
            series: lines.collect(),
        })
    }
}

/// The growth of totals: a share in percent where the whole is known, else for each second.
/// Nothing where a total has begun anew, or no time has passed.
fn growth(before: &Reading, now: &Reading, time: Duration) -> Option<Vec<f64>> {
    let (whole, unit) = match (before.of, now.of) {
        (Some(before), Some(now)) => (now - before, 100.0),
        _ => (time.as_secs_f64(), 1.0),
    };
    if whole <= 0.0 || before.values.len() != now.values.len() {
        return None;
    }
    let grown: Vec<f64> = now
        .values
        .iter()
        .zip(&before.values)
        .map(|(now, before)| unit * (now - before) / whole)
        .collect();
    grown.iter().all(|value| *value >= 0.0).then_some(grown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(values: &[f64], of: Option<f64>) -> Reading {
        Reading {
            values: values.to_vec(),
            of,
            ..Reading::default()
        }
    }

    #[test]
    fn growth_is_a_share_of_the_whole_or_a_rate() {
        let second = Duration::from_secs(2);
        let share = growth(
            &reading(&[10.0], Some(100.0)),
            &reading(&[15.0], Some(120.0)),
            second,
        );
        assert_eq!(share, Some(vec![25.0]));
        let rate = growth(
            &reading(&[10.0, 0.0], None),
            &reading(&[30.0, 4.0], None),
            second,
        );
        assert_eq!(rate, Some(vec![10.0, 2.0]));
    }

    #[test]
    fn a_total_that_begins_anew_has_no_growth() {
        let second = Duration::from_secs(1);
        assert_eq!(
            growth(&reading(&[10.0], None), &reading(&[3.0], None), second),
            None
        );
        assert_eq!(
            growth(
                &reading(&[1.0], Some(5.0)),
                &reading(&[1.0], Some(5.0)),
                second
            ),
            None
        );
    }
}
