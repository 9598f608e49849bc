//! Collectors that end or wreck their process. In a process of its own that is all they can do.

use std::{
    hint::black_box,
    process::{self, Command},
    sync::Once,
    thread,
};

use gaxx_sdk::{component, prelude::*};
use rustix::process::{Signal, getpid, kill_process};

use crate::{collectors::collector, sabotage, told};

collector!(Segfaults, "segfaults", "rogue_segfaults_total", || {
    sabotage::write_nowhere()
});
collector!(Aborts, "aborts", "rogue_aborts_total", || process::abort());
collector!(Exits, "exits", "rogue_exits_total", || process::exit(0));
collector!(Overflows, "overflows", "rogue_overflows_total", || {
    black_box(recurse(0));
    Ok(())
});
collector!(EatsMemory, "eats-memory", "rogue_eats_memory_total", || {
    let mut eaten = Vec::new();
    loop {
        eaten.push(black_box(vec![1_u8; 16 << 20]));
    }
});
collector!(
    StandsStill,
    "stands-still",
    "rogue_stands_still_total",
    || {
        kill_process(getpid(), Signal::STOP)?;
        Ok(())
    }
);
collector!(
    ClosesFiles,
    "closes-files",
    "rogue_closes_files_total",
    || {
        sabotage::close_files();
        Ok(())
    }
);
collector!(Garbles, "garbles", "rogue_garbles_total", || {
    sabotage::garble_sockets();
    Ok(())
});
collector!(
    LeavesPrograms,
    "leaves-programs",
    "rogue_leaves_programs_total",
    || {
        Command::new("sleep").arg("3600").spawn()?;
        process::abort()
    }
);
collector!(BurnsTime, "burns-time", "rogue_burns_time_total", || {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        thread::spawn(|| {
            loop {
                black_box(());
            }
        });
    });
    Ok(())
});

/// Calls itself until there is no stack.
fn recurse(depth: u64) -> u64 {
    let room = black_box([depth; 512]);
    if depth == u64::MAX {
        return 0;
    }
    recurse(depth + 1) + room[0]
}

/// Asks its host without a pause, on a thread that nobody waits for.
struct AsksMuch {
    host: Host,
    begun: Once,
}

impl Component for AsksMuch {
    type Settings = NoSettings;

    fn new(_settings: NoSettings, context: &Context) -> Result<Self> {
        let host = context.host().clone();
        let begun = Once::new();
        Ok(Self { host, begun })
    }
}

impl Collector for AsksMuch {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        if told("asks-much") {
            let host = self.host.clone();
            self.begun.call_once(|| {
                thread::spawn(move || while host.state_folder().is_ok() {});
            });
        }
        Ok(())
    }
}

component!(collector "asks-much" => AsksMuch);
