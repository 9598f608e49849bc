//! What a run costs beside a bare `posix_spawn`. Measures, and asserts nothing:
//!
//! ```sh
//! cargo test --release -p gaxx-agent-exec --lib -- --ignored --nocapture beside_a_bare_spawn
//! ```

use super::*;

const ROUNDS: usize = 2000;

/// In microseconds.
fn measure(mut round: impl FnMut()) -> Duration {
    let began = Instant::now();
    round();
    began.elapsed()
}

fn tell(what: &str, times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    let at = |part: usize| times[times.len() * part / 100].as_secs_f64() * 1e6;
    let (middle, high) = (at(50), at(99));
    println!("{what:24} p50 {middle:6.0} us   p99 {high:6.0} us");
    middle
}

#[test]
#[ignore = "measures"]
fn beside_a_bare_spawn() {
    let program = order("/bin/true", &[]);
    let mut bare = Vec::new();
    let mut kept = [Vec::new(), Vec::new()];
    let both = [keepers(), bare_keepers()];
    // std takes posix_spawn where nothing keeps it from doing so.
    for round in 0..ROUNDS {
        bare.push(measure(|| {
            assert!(Command::new("/bin/true").status().unwrap().success());
        }));
        let which = round % 2;
        kept[which].push(measure(|| {
            let mut run = both[which].run(&program, null(), null(), null()).unwrap();
            while !matches!(run.next().unwrap(), Event::Ended { .. }) {}
        }));
    }
    let [cgroups, none] = &mut kept;
    let bare = tell("posix_spawn and wait", &mut bare);
    let cgroups = tell("a run, with cgroups", cgroups);
    let none = tell("a run, without", none);
    println!("ratios {:.2} and {:.2}", cgroups / bare, none / bare);
}
