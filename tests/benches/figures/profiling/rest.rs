//! Tasks and heap at rest, beside the first program's claims.

use std::{thread::sleep, time::Duration};

use gaxx_tests::{Agent, Monitor, Process};

use crate::Table;

const REST: Duration = Duration::from_secs(15);

pub(crate) fn measure(table: &mut Table) {
    let (main, agent) = (Monitor::builder().start(), Agent::builder().start());
    main.wait_ready();
    agent.wait_ready();
    sleep(REST);
    for (role, monitor) in [("main", &main), ("agent", &*agent)] {
        let stats = monitor.get("/debug/stats").expect(200).json();
        table.row(
            &format!("{role} at rest: tasks; heap; resident"),
            &format!(
                "{}; {:.1} MB; {:.1} MB",
                stats["goroutines"],
                stats["memory"]["heap_alloc_mb"].as_f64().unwrap(),
                Process(monitor.pid()).memory().rss
            ),
            "the first program's claims: goroutines under 20, heap under 100 MB",
            "under 20, under 100 MB",
        );
    }
}
