//! What is wrong for a longer time, said once.

use std::sync::atomic::{AtomicBool, Ordering};

use gaxx_sdk::log::warn;

/// Something that is looked at again and again: the log says that it is wrong when it becomes so, and
/// not each time.
#[derive(Debug, Default)]
pub(crate) struct Complaint(AtomicBool);

impl Complaint {
    /// Takes what a look has found, nothing where all was well; answers whether it was said.
    pub(crate) fn tell(&self, wrong: Option<&str>) -> bool {
        let known = self.0.swap(wrong.is_some(), Ordering::Relaxed);
        match wrong {
            Some(wrong) if !known => {
                warn!("{wrong}");
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_once_until_all_was_well() {
        let complaint = Complaint::default();
        let said: Vec<_> = [None, Some("a"), Some("b"), None, Some("c")]
            .map(|wrong| complaint.tell(wrong))
            .into();
        assert_eq!(said, [false, true, false, false, true]);
    }
}
