//! Sessions, of processes that only pretend.
#![allow(clippy::unwrap_used)]

use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use super::*;

/// Far longer than anything here takes.
const BOUND: Duration = Duration::from_mins(1);

/// A process, which takes one CPU profile at a time.
#[derive(Clone, Default)]
struct Fake {
    is_sampled: Arc<AtomicBool>,
    /// Where the end of a profile waits.
    gate: Option<Arc<Barrier>>,
}

struct FakeSamples(Fake);

impl Subject for Fake {
    fn sample(self: Box<Self>, _: u32, _: Duration) -> Result<Box<dyn Samples>, ProfileError> {
        if self.is_sampled.swap(true, Ordering::SeqCst) {
            return Err(ProfileError::Busy);
        }
        Ok(Box::new(FakeSamples(*self)))
    }

    fn heap(self: Box<Self>, within: Duration) -> Result<Vec<u8>, ProfileError> {
        Ok(format!("heap within {within:?}").into_bytes())
    }
}

impl Samples for FakeSamples {
    fn finish(self: Box<Self>, within: Duration) -> Result<Vec<u8>, ProfileError> {
        if let Some(gate) = &self.0.gate {
            gate.wait();
            gate.wait();
        }
        Ok(format!("cpu within {within:?}").into_bytes())
    }
}

impl Drop for FakeSamples {
    fn drop(&mut self) {
        self.0.is_sampled.store(false, Ordering::SeqCst);
    }
}

impl Fake {
    fn is_sampled(&self) -> bool {
        self.is_sampled.load(Ordering::SeqCst)
    }

    fn order(&self, sessions: &Sessions, order: &str) -> Result<String, ProfileError> {
        let find = |plugin: &str| -> Result<Box<dyn Subject>, ProfileError> {
            match plugin {
                "" => Ok(Box::new(self.clone())),
                other => Err(ProfileError::InProcess(other.to_owned())),
            }
        };
        let told = sessions.carry_out(order, Duration::from_secs(2), find)?;
        Ok(String::from_utf8(told).unwrap())
    }
}

const CPU: &str = r#"{"cpu":{"hertz":99,"seconds":1}}"#;

fn sessions() -> Sessions {
    Sessions::new(Owner::new("demo", "debug"))
}

#[test]
fn a_session_gives_its_profile_once() {
    let (fake, sessions) = (Fake::default(), sessions());
    assert_eq!(fake.order(&sessions, CPU).unwrap(), r#"{"session":1}"#);
    assert!(matches!(
        fake.order(&sessions, CPU),
        Err(ProfileError::Busy)
    ));
    let finished = fake.order(&sessions, r#"{"finish":1}"#).unwrap();
    assert_eq!(finished, "cpu within 2s");
    assert!(!fake.is_sampled());
    for spent in [r#"{"finish":1}"#, r#"{"cancel":1}"#] {
        let error = fake.order(&sessions, spent).unwrap_err();
        assert!(matches!(error, ProfileError::Session(1)), "{error}");
    }
    // The one that was refused has no number.
    assert_eq!(fake.order(&sessions, CPU).unwrap(), r#"{"session":2}"#);
    assert_eq!(fake.order(&sessions, r#"{"cancel":2}"#).unwrap(), "{}");
    assert!(!fake.is_sampled());
}

#[test]
fn nobody_ends_the_session_of_another() {
    let (fake, one, other) = (Fake::default(), sessions(), sessions());
    fake.order(&one, CPU).unwrap();
    for foreign in [r#"{"finish":1}"#, r#"{"cancel":1}"#] {
        assert!(fake.order(&other, foreign).is_err());
    }
    assert!(fake.is_sampled());
}

#[test]
fn a_heap_is_no_session() {
    let (fake, sessions) = (Fake::default(), sessions());
    let heap = fake.order(&sessions, r#"{"heap":{}}"#).unwrap();
    assert_eq!(heap, "heap within 2s");
    let of_a_plugin = fake.order(&sessions, r#"{"heap":{"plugin":"exec"}}"#);
    assert!(of_a_plugin.unwrap_err().to_string().contains("plugin=exec"));
}

#[test]
fn a_session_that_nobody_fetches_is_given_up() {
    let (fake, sessions) = (Fake::default(), sessions());
    let begin = |lease| {
        let samples = Box::new(fake.clone()).sample(99, BOUND).unwrap();
        sessions.begin(samples, lease).unwrap()
    };
    let number = begin(Duration::ZERO);
    let start = Instant::now();
    while fake.is_sampled() {
        assert!(start.elapsed() < BOUND, "it was never given up");
        thread::yield_now();
    }
    assert!(sessions.take(number).is_err());
    // It does not end the one behind it.
    let number = begin(BOUND);
    assert!(sessions.take(number).is_ok());
}

#[test]
fn all_end_with_their_component() {
    let (fake, sessions) = (Fake::default(), sessions());
    fake.order(&sessions, CPU).unwrap();
    sessions.end();
    assert!(!fake.is_sampled());
    let late = fake.order(&sessions, CPU).unwrap_err();
    assert!(matches!(late, ProfileError::Stopped), "{late}");
    assert!(!fake.is_sampled());
    let others = self::sessions();
    fake.order(&others, CPU).unwrap();
    drop(others);
    assert!(!fake.is_sampled());
}

#[test]
fn nobody_waits_for_the_end_of_anothers_profile() {
    let gate = Arc::new(Barrier::new(2));
    let slow = Fake {
        gate: Some(Arc::clone(&gate)),
        ..Fake::default()
    };
    let (fake, sessions) = (Fake::default(), sessions());
    slow.order(&sessions, CPU).unwrap();
    thread::scope(|scope| {
        let finishing = scope.spawn(|| slow.order(&sessions, r#"{"finish":1}"#));
        gate.wait();
        // It is at it.
        fake.order(&sessions, CPU).unwrap();
        fake.order(&sessions, r#"{"finish":2}"#).unwrap();
        gate.wait();
        finishing.join().unwrap().unwrap();
    });
}
