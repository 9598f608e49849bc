//! How long a profile still takes: a bar on a terminal, a line elsewhere.

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::{Instant, interval};

use super::order::Order;
use crate::client::Node;

/// How often the bar is drawn anew.
const TICK: Duration = Duration::from_millis(100);
/// While samples are taken.
const TAKING: &str = "{msg} {bar:30} {pos}/{len} s";
/// While the node makes a profile of them.
const MAKING: &str = "{msg} {spinner} functions are being named";

/// Shows on standard error how long it still takes; dropping it takes that away.
pub(super) struct Waiting {
    bar: ProgressBar,
    takes: Duration,
}

impl Waiting {
    /// Begins to show it.
    pub(super) fn new(node: &Node, order: &Order) -> Self {
        let terminal = io::stderr().is_terminal();
        let target = if terminal {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let what = format!("{} at {node}", order.what);
        let seconds = order.takes.as_secs();
        if !terminal && seconds > 0 {
            eprintln!("gaxx-mon: {what}, {seconds} s");
        }
        let bar = ProgressBar::with_draw_target(Some(seconds), target);
        bar.set_message(what);
        let takes = order.takes;
        Self { bar, takes }
    }

    /// Moves it; does not end.
    pub(super) async fn forever(&self) -> ! {
        let begin = Instant::now();
        let mut ticks = interval(TICK);
        let mut taking = None;
        loop {
            ticks.tick().await;
            let is_taking = begin.elapsed() < self.takes;
            if taking.replace(is_taking) != Some(is_taking) {
                self.style(if is_taking { TAKING } else { MAKING });
            }
            self.bar.set_position(begin.elapsed().as_secs());
            self.bar.tick();
        }
    }

    fn style(&self, template: &str) {
        let style = ProgressStyle::with_template(template);
        self.bar.set_style(style.expect("the template is right"));
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
