//! Purges by `/debug/gc`.

use std::{thread::sleep, time::Duration};

use gaxx_tests::Monitor;

use super::loaded::Loaded;
use crate::{Table, spread::Spread};

const PURGES: usize = 20;
const REST: Duration = Duration::from_secs(3);

pub(crate) fn measure(table: &mut Table) {
    let loaded = Loaded::start(&[]);
    sleep(REST);
    let rest = Spread::of((0..PURGES).map(|_| purge(loaded.agent()).0));
    let after = (0..PURGES).map(|_| {
        loaded.have("/hot/leak/64");
        loaded.have("/hot/forget/0");
        purge(loaded.agent())
    });
    let (after, released): (Vec<f64>, Vec<f64>) = after.unzip();
    table.row(
        "a purge by `/debug/gc`, at rest",
        &format!("{rest} ms"),
        "the first program's hope for pauses: under 1 ms",
        "reported",
    );
    table.row(
        "a purge after 64 MiB in small pieces were freed",
        &format!(
            "{} ms, {} MB given back",
            Spread::of(after),
            Spread::of(released)
        ),
        "",
        "reported",
    );
}

/// Milliseconds and megabytes of one purge, as the program tells them.
fn purge(monitor: &Monitor) -> (f64, f64) {
    let told = monitor
        .request("POST", "/debug/gc")
        .send()
        .expect(200)
        .json();
    let number = |key: &str| told[key].as_f64().unwrap();
    (number("duration_ms"), number("released_bytes") / 1e6)
}
