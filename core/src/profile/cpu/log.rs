//! Samples between the handler, which writes them, and the thread that counts them.

use std::iter;

use crate::profile::label::Label;

/// Room for samples, in words of eight bytes: some hundred of them.
const ROOM: usize = 32 << 10;

/// Words in front of a sample's calls: their number, the label, and the thread's name.
const HEAD: usize = 4;

/// Samples in the order in which they were taken. It never grows.
#[derive(Debug)]
pub(super) struct Log(Vec<u64>);

/// A sample: who called whom on which thread, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sample<'a>(&'a [u64]);

impl Log {
    pub(super) fn new() -> Self {
        Self(Vec::with_capacity(ROOM))
    }

    /// Adds a sample; answers whether there was room. Safe in a signal handler.
    pub(super) fn add(&mut self, label: Label, thread: [u8; 16], calls: &[u64]) -> bool {
        if calls.len() + HEAD > ROOM - self.0.len() {
            return false;
        }
        let (name, _) = thread.as_chunks();
        self.0.push(calls.len() as u64);
        self.0.push(label.number().into());
        self.0
            .extend(name.iter().map(|word| u64::from_ne_bytes(*word)));
        self.0.extend_from_slice(calls);
        true
    }

    /// What was added.
    pub(super) fn samples(&self) -> impl Iterator<Item = Sample<'_>> {
        let mut rest = self.0.as_slice();
        iter::from_fn(move || {
            let calls = usize::try_from(*rest.first()?).ok()?;
            let (sample, behind) = rest.split_at_checked(calls + HEAD)?;
            rest = behind;
            Some(Sample(sample))
        })
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl<'a> Sample<'a> {
    /// One of the words of another.
    pub(super) fn of(words: &'a [u64]) -> Self {
        Self(words)
    }

    /// What tells it from others.
    pub(super) fn words(self) -> &'a [u64] {
        self.0
    }

    /// Whose call it was in.
    pub(super) fn label(self) -> Label {
        let number = self.0.get(1).and_then(|word| u32::try_from(*word).ok());
        Label::from_number(number.unwrap_or_default())
    }

    /// The thread's name.
    pub(super) fn thread(self) -> String {
        let name = self.0.get(2..HEAD).unwrap_or_default();
        let bytes: Vec<u8> = name.iter().flat_map(|word| word.to_ne_bytes()).collect();
        let name = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        String::from_utf8_lossy(name).into_owned()
    }

    /// The addresses of the calls, the innermost first.
    pub(super) fn calls(self) -> &'a [u64] {
        self.0.get(HEAD..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> [u8; 16] {
        let mut name = [0; 16];
        name[..text.len()].copy_from_slice(text.as_bytes());
        name
    }

    proptest! {
        #[test]
        fn samples_come_out_as_they_went_in(
            samples in proptest::collection::vec(
                (any::<u32>(), "[a-z ]{0,15}", proptest::collection::vec(any::<u64>(), 0..100)),
                0..20,
            ),
        ) {
            let mut log = Log::new();
            for (label, thread, calls) in &samples {
                prop_assert!(log.add(Label::from_number(*label), name(thread), calls));
            }
            let back = log.samples().map(|sample| {
                (sample.label().number(), sample.thread(), sample.calls().to_vec())
            });
            prop_assert_eq!(back.collect::<Vec<_>>(), samples);
        }
    }

    #[test]
    fn it_does_not_grow() {
        let mut log = Log::new();
        let before = log.0.capacity();
        let most = (0..ROOM)
            .take_while(|_| log.add(Label::default(), name("x"), &[7; 60]))
            .count();
        assert_eq!(most, ROOM / 64);
        assert_eq!((log.samples().count(), log.0.capacity()), (most, before));
        log.clear();
        assert!(log.add(Label::default(), name("x"), &[]));
    }
}
