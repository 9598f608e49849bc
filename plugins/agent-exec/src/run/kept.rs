//! What is kept of a stream.

/// The beginning of a stream, and how long it was in all.
#[derive(Debug, Default)]
pub(super) struct Kept {
    bytes: Vec<u8>,
    most: usize,
    total: u64,
}

impl Kept {
    pub(super) fn new(most: usize) -> Self {
        Self {
            bytes: Vec::new(),
            most,
            total: 0,
        }
    }

    /// Takes a piece, as far as there is room.
    pub(super) fn push(&mut self, piece: &[u8]) {
        let room = self.most - self.bytes.len();
        self.bytes
            .extend_from_slice(&piece[..piece.len().min(room)]);
        self.total += piece.len() as u64;
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Whether something was left out.
    pub(super) fn is_cut(&self) -> bool {
        self.total > self.bytes.len() as u64
    }

    /// What was kept. Where something was left out, a character of UTF-8 that was cut goes too, so
    /// that a text stays one.
    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        if self.is_cut()
            && let Err(error) = std::str::from_utf8(&self.bytes)
            && error.error_len().is_none()
        {
            self.bytes.truncate(error.valid_up_to());
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_beginning_is_kept_and_all_is_counted(
            pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 0..10),
            most in 0_usize..60,
        ) {
            let mut kept = Kept::new(most);
            for piece in &pieces {
                kept.push(piece);
            }
            let whole = pieces.concat();
            prop_assert_eq!(kept.total(), whole.len() as u64);
            prop_assert_eq!(kept.is_cut(), whole.len() > most);
            let bytes = kept.into_bytes();
            prop_assert!(whole.starts_with(&bytes));
            prop_assert!(bytes.len() + 3 >= whole.len().min(most));
        }

        #[test]
        fn a_text_stays_a_text(text: String, most in 0_usize..40) {
            let mut kept = Kept::new(most);
            kept.push(text.as_bytes());
            prop_assert!(String::from_utf8(kept.into_bytes()).is_ok());
        }
    }
}
