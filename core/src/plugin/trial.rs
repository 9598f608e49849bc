//! The first call of a component that is to take the place of one that runs.

use std::{
    sync::{Arc, mpsc},
    time::{Instant, SystemTime},
};

use gaxx_abi::{Fault, abi_std::RVec};

use super::{
    Component, Object, nanos,
    record::{Failure, Reason},
};

/// A component on trial: it is started, and does once what it is there for. An exporter is only
/// started, since what it sent would be sent twice.
pub(super) struct Trial {
    pub(super) component: Arc<Component>,
    result: mpsc::Receiver<Result<(), Failure>>,
}

impl Trial {
    /// Begins the call, and rings `bell` when it is over. What is measured goes into the table.
    pub(super) fn begin(component: Arc<Component>, bell: mpsc::Sender<()>) -> Self {
        let deadline = component.timing.deadline;
        let table = Arc::clone(&component.table);
        let (sender, result) = mpsc::channel();
        component.begin(
            deadline,
            move |object| {
                let mut points = RVec::new();
                call(object, nanos(deadline), &mut points)?;
                table.deliver(&points, SystemTime::now());
                Ok(())
            },
            move |result| {
                // Nobody waits any more for what is late.
                let _ = sender.send(result);
                let _ = bell.send(());
            },
        );
        Self { component, result }
    }

    /// How it went, once that is known.
    pub(super) fn outcome(&self) -> Option<Result<(), Failure>> {
        match self.result.try_recv() {
            Ok(result) => Some(result),
            Err(mpsc::TryRecvError::Disconnected) => {
                let failure = self.component.record().failure;
                Some(Err(failure.unwrap_or_else(not_made)))
            }
            Err(mpsc::TryRecvError::Empty) => {
                self.component.overdue(Instant::now());
                let record = self.component.record();
                let late = record.is_late();
                late.then_some(record.failure).flatten().map(Err)
            }
        }
    }
}

/// Where the record does not tell why.
fn not_made() -> Failure {
    Failure::new(Reason::Error, "its trial call was not made", "")
}

fn call(
    object: &mut Object,
    deadline: u64,
    points: &mut RVec<gaxx_abi::Point>,
) -> Result<(), Fault> {
    if let Object::HealthCheck(check) = object {
        check.check(deadline).into_result()?;
    }
    object.measure(deadline, points)
}
