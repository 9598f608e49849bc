//! The same work with a CPU profile being taken, without one, and in a program that never had one.

use super::loaded::Loaded;
use crate::{Table, spread::Spread};

const ROUNDS: usize = 9;

pub(crate) fn measure(table: &mut Table) {
    let (never, once) = (Loaded::start(&[]), Loaded::start(&[]));
    // Both are warm, and one of them has been profiled.
    never.work();
    let profiling = once.profile(99);
    once.work();
    once.end(profiling);
    let [mut of_never, mut off, mut usual, mut most] = [const { Vec::new() }; 4];
    for _ in 0..ROUNDS {
        of_never.push(never.work());
        off.push(once.work());
        for (hertz, costs) in [(99, &mut usual), (250, &mut most)] {
            let profiling = once.profile(hertz);
            costs.push(once.work());
            once.end(profiling);
        }
    }
    let [of_never, off, usual, most] = [of_never, off, usual, most].map(Spread::of);
    for (hertz, costs, reach) in [(99, &usual, "under 2 %"), (250, &most, "")] {
        table.row(
            &format!("CPU of the same work while a CPU profile is taken, {hertz} Hz"),
            &format!("{costs} ms: {}", more(costs, &off)),
            &format!("without one {off} ms"),
            reach,
        );
    }
    table.row(
        "the same after profiles, none being taken",
        &format!("{off} ms: {}", more(&off, &of_never)),
        &format!("a program that never was profiled {of_never} ms"),
        "none measurable",
    );
}

/// How much more one is than another, in percent.
pub(super) fn more(here: &Spread, beside: &Spread) -> String {
    format!("{:+.1} %", (here.ratio(beside) - 1.0) * 100.0)
}
