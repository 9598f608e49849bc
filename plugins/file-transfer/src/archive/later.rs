//! What folders of a tar stream get at its end.

use std::collections::BTreeMap;

use crate::{
    entity::Moment,
    refusal::{Reason, Refusal},
};

/// The most that is remembered of folders, in bytes.
const MOST: usize = 16 << 20;
/// What a folder takes beside its path, in bytes, generously.
const BESIDE: usize = 64;

/// Mode and time of folders, to be set once all is in them: a time would change, and a mode might
/// hinder. What a stream says of a folder later holds.
#[derive(Debug, Default)]
pub(super) struct Later {
    folders: BTreeMap<Vec<u8>, (u32, Moment)>,
    bytes: usize,
}

impl Later {
    /// Remembers what the stream says of a folder.
    pub(super) fn add(&mut self, path: &[u8], mode: u32, modified: Moment) -> Result<(), Refusal> {
        if let Some(known) = self.folders.get_mut(path) {
            *known = (mode, modified);
            return Ok(());
        }
        self.bytes += path.len() + BESIDE;
        if self.bytes > MOST {
            return Err(Refusal::new(
                Reason::TooLarge,
                format!(
                    "the tar stream has too many folders: {} of them, with long paths",
                    self.folders.len() + 1
                ),
                "send it in parts",
            ));
        }
        self.folders.insert(path.to_vec(), (mode, modified));
        Ok(())
    }

    /// The folders, each before the one that it is in.
    pub(super) fn inner_first(&self) -> impl Iterator<Item = (&[u8], u32, Moment)> {
        // A path sorts behind each that it begins with.
        let folders = self.folders.iter().rev();
        folders.map(|(path, (mode, modified))| (path.as_slice(), *mode, *modified))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const MOMENT: Moment = Moment {
        seconds: 1,
        nanos: 0,
    };

    #[test]
    fn the_last_word_on_a_folder_holds_and_inner_ones_come_first() {
        let mut later = Later::default();
        for (path, mode) in [("a/b", 1), ("", 2), ("a", 3), ("a-b", 4), ("a/b", 5)] {
            later.add(path.as_bytes(), mode, MOMENT).unwrap();
        }
        let modes: Vec<_> = later.inner_first().map(|(_, mode, _)| mode).collect();
        assert_eq!(modes, [5, 4, 3, 2]);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut later = Later::default();
        let mut path = vec![b'x'; 4000];
        for _ in 0..10_000 {
            later.add(&path, 0, MOMENT).unwrap();
        }
        let refused = (0..10_000_u32).find_map(|number| {
            path[..4].copy_from_slice(&number.to_ne_bytes());
            later.add(&path, 0, MOMENT).err()
        });
        assert_eq!(refused.unwrap().reason, Reason::TooLarge);
        assert!(later.folders.len() <= MOST / 4000);
    }
}
