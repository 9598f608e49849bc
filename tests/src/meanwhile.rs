//! Work that others go on beside.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Does `work` while each of `repeated` is done again and again on a thread of its own. They end with
/// it, also where it panics; where one of them panics, so does this.
pub fn meanwhile<T>(repeated: &[&(dyn Fn() + Sync)], work: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let _end = End(&over);
        for one in repeated {
            scope.spawn(|| {
                while !over.load(Ordering::Acquire) {
                    one();
                }
            });
        }
        work()
    })
}

struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::meanwhile;
    use crate::wait_until;

    #[test]
    fn all_go_on_until_the_work_is_done() {
        let counts = [const { AtomicUsize::new(0) }; 2];
        let count = |at: usize| counts[at].load(Ordering::Relaxed);
        let add = |at: usize| counts[at].fetch_add(1, Ordering::Relaxed);
        meanwhile(&[&|| _ = add(0), &|| _ = add(1)], || {
            wait_until("both are repeated", || count(0) > 2 && count(1) > 2);
        });
        let failing = AssertUnwindSafe(|| meanwhile(&[&|| _ = add(0)], || panic!("it fails")));
        catch_unwind(failing).expect_err("the panic comes through");
    }
}
