//! Calls of one component.

use super::*;
use crate::{
    plugin::{Begun, collecting::begin, record::Reason},
    profile::label::Label,
    task,
};

#[tokio::test]
async fn at_most_one_call_is_in_flight() {
    let bench = Bench::new(1);
    let component = bench.component("waits");
    bench.script.shut(true);
    assert_eq!(begin(&component), Begun::Yes);
    for _ in 0..100 {
        assert_eq!(begin(&component), Begun::Busy);
    }
    bench.script.shut(false);
    idle(&component).await;
    assert_eq!(bench.script.collected(), 1);
    assert_eq!(bench.value("one"), Some(1.0));
    assert_eq!(begin(&component), Begun::Yes);
    idle(&component).await;
    assert_eq!(component.record().calls, 2);
}

/// Many threads ask at once; whoever finds it free calls it, and no call is lost sight of.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_from_many_sides_are_all_counted() {
    let bench = Bench::new(1);
    let component = bench.component("works");
    let asking = (0..4).map(|_| {
        let component = Arc::clone(&component);
        task::spawn("test", async move {
            let mut begun = 0;
            for _ in 0..500 {
                begun += u64::from(begin(&component) == Begun::Yes);
                idle(&component).await;
            }
            begun
        })
    });
    let mut begun = 0;
    for asked in asking.collect::<Vec<_>>() {
        begun += asked.await.unwrap();
    }
    idle(&component).await;
    let record = component.record();
    assert_eq!((record.calls, record.failures), (begun, 0));
    assert_eq!(bench.script.collected() as u64, begun);
}

#[tokio::test]
async fn a_late_call_is_counted_once_and_its_thread_hangs() {
    let bench = Bench::new(1);
    let component = bench.component("waits");
    bench.script.shut(true);
    begin(&component);
    wait_until(|| bench.script.collected() == 1);
    let now = Instant::now();
    assert!(!component.overdue(now), "it has time yet");
    let late = now + BOUND * 2;
    assert!(component.overdue(late));
    assert!(!component.overdue(late), "that is no news");
    let record = component.record();
    assert!(record.is_stuck());
    assert_eq!((record.calls, record.failures), (1, 1));
    assert_eq!(record.failure.unwrap().reason, Reason::Deadline);
    assert_eq!(bench.calls.hanging(), 1);
    assert!(component.table.status().late);

    bench.script.shut(false);
    idle(&component).await;
    wait_until(|| bench.calls.hanging() == 0);
    let record = component.record();
    assert!(!record.is_stuck());
    assert_eq!((record.calls, record.failures), (1, 1));
    // What it brought late is taken, and the failure stands until a call succeeds.
    assert_eq!(bench.value("one"), Some(1.0));
    assert!(record.failure.is_some());
    begin(&component);
    idle(&component).await;
    assert!(component.record().failure.is_none());
}

#[tokio::test]
async fn one_that_fails_keeps_its_last_values() {
    let bench = Bench::new(1);
    let component = bench.component("fails");
    begin(&component);
    idle(&component).await;
    let record = component.record();
    assert_eq!((record.calls, record.failures), (1, 1));
    assert_eq!(record.failure.unwrap().message, "told to fail");
    assert_eq!(bench.value("one"), None);
}

#[tokio::test]
async fn while_as_many_hang_as_may_only_what_has_worked_is_called() {
    let bench = Bench::new(1);
    bench.apply(&[("one", "waits"), ("two", "works")]);
    let components = bench.catalog.components();
    let [hangs, works] = components.as_slice() else {
        panic!("two components")
    };
    begin(works);
    idle(works).await;
    bench.script.shut(true);
    begin(hangs);
    wait_until(|| bench.script.collected() == 2);
    hangs.overdue(Instant::now() + BOUND * 2);
    assert!(bench.calls.is_full());
    assert_eq!(begin(works), Begun::Yes);
    idle(works).await;

    bench.apply(&[("one", "waits"), ("three", "works"), ("two", "works")]);
    let anew = bench.catalog.components().remove(1);
    assert_eq!(begin(&anew), Begun::Refused);
    assert_eq!(anew.record().failure.unwrap().reason, Reason::Stuck);
    bench.script.shut(false);
    idle(hangs).await;
    wait_until(|| !bench.calls.is_full());
    assert_eq!(begin(&anew), Begun::Yes);
    idle(&anew).await;
    assert!(anew.record().failure.is_none());
}

#[tokio::test]
async fn a_thread_is_marked_as_in_the_call_that_it_makes() {
    let bench = Bench::new(1);
    let component = bench.component("works");
    let (tell, told) = std::sync::mpsc::channel();
    let call = move |_: &mut _| {
        tell.send(Label::current().owner()).unwrap();
        Ok(())
    };
    component.begin(BOUND, call, |_| {});
    idle(&component).await;
    assert_eq!(told.recv().unwrap(), Some(component.owner.clone()));
    assert_eq!(Label::current().owner(), None);
}

#[tokio::test]
async fn a_component_is_stopped_and_dropped_on_a_thread_of_the_pool() {
    let bench = Bench::new(1);
    let component = bench.component("works");
    begin(&component);
    component.stop(Instant::now() + BOUND).await;
    assert_eq!(bench.script.stopped.load(Ordering::SeqCst), 1);
    assert_eq!(*bench.script.dropped.lock().unwrap(), ["plugin"]);
    assert_eq!(begin(&component), Begun::Busy, "it has come to its end");
    component.stop(Instant::now() + BOUND).await;
    assert_eq!(bench.script.stopped.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn one_that_is_given_up_is_stopped_once_it_comes_back() {
    let bench = Bench::new(1);
    let component = bench.component("waits");
    bench.script.shut(true);
    begin(&component);
    wait_until(|| bench.script.collected() == 1);
    component.stop(Instant::now()).await;
    assert_eq!(bench.calls.hanging(), 1);
    assert_eq!(begin(&component), Begun::Busy);
    bench.apply(&[]);
    drop(component);
    bench.script.shut(false);
    wait_until(|| *bench.script.dropped.lock().unwrap() == ["plugin"]);
    assert_eq!(bench.script.stopped.load(Ordering::SeqCst), 1);
    wait_until(|| bench.calls.hanging() == 0);
}

#[test]
fn what_is_never_stopped_is_dropped_there_too() {
    let bench = Bench::new(1);
    drop(bench.component("works"));
    let script = Arc::clone(&bench.script);
    drop(bench);
    wait_until(|| *script.dropped.lock().unwrap() == ["plugin"]);
    assert_eq!(script.stopped.load(Ordering::SeqCst), 0);
}
