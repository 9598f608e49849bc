//! Components over the ends of their processes.

use std::{
    sync::{Arc, atomic::Ordering},
    thread,
    time::Duration,
};

use gaxx_abi::{
    Point,
    abi_std::{RString, RVec},
    manifest::kind,
};

use super::{
    BOUND,
    host::{Bench, counter},
    puppet::{Puppet, Script},
    until,
};
use crate::isolation::{
    ENDED,
    process::{Child, Ending, State},
    proxy::{Limit, Seat},
    wire::message::{Ask, Told},
};

/// A collector whose counter stands at that.
fn counts<const N: u32>(ask: Ask, _: &mut crate::isolation::wire::Channel) -> Option<Told> {
    Some(match ask {
        Ask::Collect(_) => Told::Points(vec![Point::new(0, f64::from(N))].into()),
        Ask::Save(_) => Told::Saved(Some(vec![1, 2])),
        _ => Told::Done,
    })
}

struct Stage {
    bench: Arc<Bench>,
    child: Arc<Child>,
    seat: Arc<Seat>,
}

impl Stage {
    fn new(puppet: &Puppet) -> Self {
        let (bench, child) = (Arc::<Bench>::default(), Child::played(&puppet.process));
        let seat = Seat::take(&child, kind::COLLECTOR, "part", "{}", bench.reference()).unwrap();
        seat.family(counter()).unwrap();
        assert_eq!(seat.series(1, 0, &labels("a")).unwrap(), 0);
        Self { bench, child, seat }
    }

    fn collected(&self) -> f64 {
        let mut points = RVec::new();
        let limit = Limit::new(BOUND);
        self.seat
            .measure(limit, |told, _| Ask::Collect(told), &mut points)
            .unwrap();
        points[0].value
    }
}

fn labels(one: &str) -> [RString; 1] {
    [one.into()]
}

#[test]
fn a_component_is_made_and_started_again_and_counts_on() {
    let first = Puppet::new(1, counts::<5>);
    let stage = Stage::new(&first);
    stage.seat.start(1_000_000_000).unwrap();
    assert_eq!(stage.collected(), 5.0);
    assert_eq!(
        *first.heard.lock(),
        ["Make 1 part Some([7])", "Start", "Collect"]
    );
    let second = Puppet::new(2, counts::<3>);
    stage.child.plays(&second.process);
    stage.seat.revive(&second.process);
    assert_eq!(*second.heard.lock(), ["Make 1 part None", "Start"]);
    assert_eq!(stage.collected(), 8.0);
    // As long as nobody had it made again, the next call does.
    let third = Puppet::new(3, counts::<9>);
    stage.child.plays(&third.process);
    assert_eq!(stage.collected(), 9.0);
    assert_eq!(
        *third.heard.lock(),
        ["Make 1 part None", "Start", "Collect"]
    );
}

#[test]
fn one_that_was_not_started_is_not_started_again() {
    let first = Puppet::new(1, counts::<0>);
    let stage = Stage::new(&first);
    let second = Puppet::new(2, counts::<0>);
    stage.child.plays(&second.process);
    stage.seat.revive(&second.process);
    assert_eq!(*second.heard.lock(), ["Make 1 part None"]);
}

/// The end may be the doing of another component.
#[test]
fn one_whose_process_ends_while_it_is_made_is_made_in_the_next() {
    let (first, second) = (Puppet::new(1, |_, _| None), Puppet::new(2, counts::<0>));
    let (bench, child) = (Arc::<Bench>::default(), Child::played(&first.process));
    let take = || Seat::take(&child, kind::COLLECTOR, "part", "{}", bench.reference());
    let taken = thread::scope(|scope| {
        let taken = scope.spawn(take);
        until(|| first.process.ending().is_some());
        // Whoever makes it has it made again, and nobody else.
        child.seats().all()[0].revive(&second.process);
        child.plays(&second.process);
        taken.join().unwrap()
    });
    assert!(taken.is_ok());
    assert_eq!(*second.heard.lock(), ["Make 1 part Some([7])"]);
}

#[test]
fn one_that_was_stopped_stays_so() {
    let first = Puppet::new(1, counts::<0>);
    let stage = Stage::new(&first);
    assert_eq!(stage.child.seats().all().len(), 1);
    assert_eq!(stage.seat.save(1_000_000_000), Some(vec![1, 2]));
    stage.seat.stop(1_000_000_000);
    assert!(stage.child.seats().all().is_empty());
    let heard = || first.heard.lock().clone();
    until(|| heard().contains(&"Cancel(1)".to_owned()));
    assert!(heard().contains(&"Stop".to_owned()));
}

#[test]
fn calls_to_one_that_is_down_answer_at_once_and_say_why() {
    let first = Puppet::new(1, counts::<0>);
    let stage = Stage::new(&first);
    let ending = first.process.condemn(Ending::flood(10));
    assert!(matches!(stage.child.status().state(), State::Down { .. }));
    stage.child.is_down(&ending, Duration::from_secs(90), None);
    let fault = stage.seat.start(1).unwrap_err();
    assert_eq!(fault.kind, ENDED);
    assert_eq!(
        fault.message,
        "its process was ended because it asked its host more than 10 times a second; \
         it is started again in 1m 30s"
    );
    assert!(matches!(stage.child.status().state(), State::Down { .. }));
    stage.child.is_down(&ending, Duration::ZERO, Some(6));
    let fault = stage.seat.start(1).unwrap_err();
    assert!(
        fault
            .message
            .ends_with("; it ended 6 times in a row; it is being started again"),
        "{}",
        fault.message
    );
    assert!(matches!(stage.child.status().state(), State::Failed { .. }));
}

#[test]
fn a_call_that_is_under_way_hears_of_the_stop() {
    let script: Script = |ask, _| match ask {
        Ask::Collect(_) => loop {
            thread::park();
        },
        _ => Some(Told::Done),
    };
    let puppet = Puppet::new(1, script);
    let stage = Stage::new(&puppet);
    stage.bench.cancelled.store(true, Ordering::SeqCst);
    let seat = Arc::clone(&stage.seat);
    let call = thread::spawn(move || {
        let mut points = RVec::new();
        seat.measure(Limit::new(BOUND), |told, _| Ask::Collect(told), &mut points)
    });
    until(|| puppet.heard.lock().contains(&"Cancel(1)".to_owned()));
    puppet.process.condemn(Ending::flood(1));
    assert_eq!(call.join().unwrap().unwrap_err().kind, ENDED);
}

#[test]
fn series_of_a_process_before_make_room() {
    let first = Puppet::new(1, counts::<0>);
    let stage = Stage::new(&first);
    for (slot, label) in ["a", "b", "c"].iter().enumerate() {
        let registered = stage.seat.series(1, 0, &labels(label)).unwrap();
        assert_eq!(registered as usize, slot);
    }
    assert!(stage.seat.series(1, 0, &labels("d")).is_err());
    // The next process has `b` as well, and not the others.
    assert_eq!(stage.seat.series(2, 0, &labels("b")).unwrap(), 1);
    assert_eq!(stage.seat.series(2, 0, &labels("d")).unwrap(), 3);
    let there: Vec<String> = stage
        .bench
        .series
        .lock()
        .iter()
        .flatten()
        .cloned()
        .collect();
    assert_eq!(there, ["b", "d"]);
}
