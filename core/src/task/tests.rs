#![allow(clippy::unwrap_used)]

use std::{
    future::{pending, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::mpsc,
    task::{Context, Poll, Waker},
};

use serde_json::json;
use tokio::{sync::oneshot, task::JoinSet};

use super::{State, Task, list, record, spawn, spawn_blocking, spawn_in};

/// What was spawned in this line of this file; other tests spawn meanwhile.
fn of_line(line: u32) -> Vec<Task> {
    let ours = |task: &Task| task.line == line && task.file == file!();
    list().into_iter().filter(ours).collect()
}

fn only(line: u32) -> Task {
    let [task] = <[Task; 1]>::try_from(of_line(line)).unwrap();
    task
}

#[test]
fn a_future_runs_waits_and_is_gone() {
    let mut context = Context::from_waker(Waker::noop());
    let line = line!() + 1;
    let mut task = Box::pin(record("waits", pending::<()>()));
    let before = only(line);
    assert_eq!(
        (before.name, before.state, before.polls),
        ("waits", State::Waiting, 0)
    );
    assert!(before.busy_seconds == 0.0 && before.parent.is_none());
    assert!(task.as_mut().poll(&mut context).is_pending());
    let after = only(line);
    assert_eq!(
        (after.id, after.state, after.polls),
        (before.id, State::Waiting, 1)
    );
    assert!(after.busy_seconds > 0.0 && after.age_seconds > before.age_seconds);
    assert!(after.since_seconds + after.busy_seconds <= after.age_seconds + 1e-6);
    drop(task);
    assert!(of_line(line).is_empty());
}

#[test]
fn a_running_future_is_seen_to_run() {
    let mut context = Context::from_waker(Waker::noop());
    let line = line!() + 1;
    let mut task = pin!(record("looks", poll_fn(|_| Poll::Ready(only(line)))));
    let Poll::Ready(seen) = task.as_mut().poll(&mut context) else {
        panic!("it is ready at once");
    };
    assert_eq!((seen.state, seen.polls), (State::Running, 1));
    let times = [seen.busy_seconds, seen.since_seconds];
    assert!(times[0] > 0.0 && times[0].total_cmp(&times[1]).is_eq());
}

#[tokio::test]
async fn tasks_know_who_spawned_them() {
    let line = line!() + 2;
    let (child, tell) = (oneshot::channel(), oneshot::channel());
    let parent = spawn("parent", async move {
        let inner = spawn("child", async { child.1.await.unwrap() });
        tell.0.send(()).unwrap();
        inner.await.unwrap();
    });
    tell.1.await.unwrap();
    let outer = only(line);
    let inner = only(line + 1);
    assert_eq!((outer.parent, inner.parent), (None, Some(outer.id)));
    child.0.send(()).unwrap();
    parent.await.unwrap();
    assert!(of_line(line).is_empty() && of_line(line + 1).is_empty());
}

#[tokio::test]
async fn what_was_cancelled_is_gone() {
    let line = line!() + 1;
    let task = spawn("waits", pending::<()>());
    tokio::task::yield_now().await;
    assert_eq!(only(line).polls, 1);
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(of_line(line).is_empty());

    let line = line!() + 2;
    let mut set = JoinSet::new();
    spawn_in(&mut set, "waits", pending::<()>());
    assert_eq!(only(line).polls, 0);
    set.shutdown().await;
    assert!(of_line(line).is_empty());
}

#[tokio::test]
async fn what_panicked_is_gone() {
    let line = line!() + 1;
    let task = spawn("panics", async { std::panic::resume_unwind(Box::new(())) });
    let ended: Result<(), _> = task.await;
    assert!(ended.unwrap_err().is_panic());
    assert!(of_line(line).is_empty());
}

#[test]
fn after_a_panic_the_thread_runs_nothing() {
    let mut context = Context::from_waker(Waker::noop());
    let line = line!() + 2;
    let panics = poll_fn(|_| -> Poll<()> { std::panic::resume_unwind(Box::new(())) });
    let mut task = Box::pin(record("panics", panics));
    let polled = catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(&mut context)));
    assert!(polled.is_err());
    assert_eq!((only(line).state, only(line).polls), (State::Waiting, 1));
    let line = line!() + 1;
    let next = record("next", pending::<()>());
    assert_eq!(only(line).parent, None);
    drop(next);
}

#[tokio::test]
async fn what_blocks_is_listed_while_it_runs() {
    let (go, gone) = mpsc::channel::<()>();
    let (began, begun) = oneshot::channel();
    let line = line!() + 1;
    let work = spawn_blocking("blocks", move || {
        let _ = began.send(());
        gone.recv().unwrap();
        spawn("child", pending::<()>())
    });
    begun.await.unwrap();
    let seen = only(line);
    assert_eq!((seen.name, seen.state), ("blocks", State::Running));
    go.send(()).unwrap();
    let child = work.await.unwrap();
    assert!(of_line(line).is_empty());
    assert_eq!(only(line + 3).parent, Some(seen.id));
    child.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_tasks_are_listed_in_their_order() {
    let (stop, stopped) = tokio::sync::watch::channel(());
    let line = line!() + 6;
    let mut set = JoinSet::new();
    for _ in 0..10_000 {
        let mut stopped = stopped.clone();
        // It ends when nobody can tell it anything any more.
        let wait = async move { while stopped.changed().await.is_ok() {} };
        spawn_in(&mut set, "waits", wait);
    }
    let tasks = of_line(line);
    assert_eq!(tasks.len(), 10_000);
    assert!(tasks.is_sorted_by(|one, next| one.id < next.id));
    drop(stop);
    assert_eq!(set.join_all().await.len(), 10_000);
    assert!(of_line(line).is_empty());
}

#[test]
fn a_task_is_told_by_these_names() {
    let task = Task {
        id: 7,
        name: "schedule",
        file: "core/src/cli/serve/mod.rs",
        line: 92,
        state: State::Waiting,
        age_seconds: 2.0,
        since_seconds: 0.5,
        polls: 3,
        busy_seconds: 0.25,
        parent: None,
    };
    let told = json!({
        "id": 7,
        "name": "schedule",
        "file": "core/src/cli/serve/mod.rs",
        "line": 92,
        "state": "waiting",
        "age_seconds": 2.0,
        "since_seconds": 0.5,
        "polls": 3,
        "busy_seconds": 0.25,
        "parent": null,
    });
    assert_eq!(serde_json::to_value(task).unwrap(), told);
}
