//! Who called whom, by frame pointers.
//!
//! A function that keeps a frame puts the caller's frame pointer and its return address side by
//! side, and has the register point there. Code that was built without leaves the register as it
//! was, so that its caller is missing, or uses it for something else, where the walk ends.

use super::{
    entry,
    memory::{Memory, Pages},
};

/// The most calls of a stack that are kept, the innermost ones.
pub(super) const DEPTH: usize = 100;

/// The farthest that a frame lies from the one that it called, in bytes: one with more on its
/// stack is more likely none.
const FARTHEST: u64 = 16 << 20;

/// No code lies below.
const LOWEST: u64 = 4096;

/// Where a thread is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Registers {
    /// The instruction that is next.
    pub(super) instruction: u64,
    /// The end of the stack, below which nothing lies.
    pub(super) stack: u64,
    /// The frame of the function that runs, or of one that called it.
    pub(super) frame: u64,
}

/// Writes the addresses of the calls, the innermost first; answers how many there are. The first
/// is exact, of the others it is the last byte of the call.
pub(super) fn walk<M: Memory>(
    registers: Registers,
    memory: &mut Pages<M>,
    calls: &mut [u64; DEPTH],
) -> usize {
    memory.forget();
    let mut depth = 0;
    let mut keep = |address: u64| {
        let place = calls.get_mut(depth)?;
        *place = address;
        depth += 1;
        Some(())
    };
    keep(registers.instruction);
    if let Some(caller) = entry::caller(registers, memory) {
        keep(caller - 1);
    }
    let (mut frame, mut least) = (registers.frame, registers.stack);
    while let Some((caller, next)) = step(frame, least, memory) {
        if keep(caller - 1).is_none() {
            break;
        }
        least = frame + 16;
        frame = next;
    }
    depth
}

/// The return address of a frame that lies at `least` or above, and the frame of the caller.
fn step<M: Memory>(frame: u64, least: u64, memory: &mut Pages<M>) -> Option<(u64, u64)> {
    let distance = frame.checked_sub(least)?;
    // The frame behind this one lies above both its words.
    frame.checked_add(16)?;
    if distance > FARTHEST {
        return None;
    }
    let next = memory.word(frame)?;
    let caller = memory.word(frame + 8)?;
    (caller >= LOWEST).then_some((caller, next))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::profile::cpu::memory::tests::Words;

    fn calls(registers: Registers, words: &Words) -> Vec<u64> {
        let mut calls = [0; DEPTH];
        let depth = walk(registers, &mut Pages::new(words.clone()), &mut calls);
        calls[..depth].to_vec()
    }

    proptest! {
        /// A chain of frames as functions leave it on the stack.
        #[test]
        fn a_chain_is_followed_to_its_end(
            start in (1_u64 << 20..1 << 46).prop_map(|start| start & !7),
            frames in proptest::collection::vec((2_u64..1000, LOWEST..1 << 47), 0..150),
        ) {
            let (mut words, mut at) = (BTreeMap::new(), start);
            let mut expected = vec![0xabc0];
            for (size, caller) in &frames {
                let next = at + size * 8;
                words.insert(at, next);
                words.insert(at + 8, *caller);
                expected.push(caller - 1);
                at = next;
            }
            words.insert(at, 0);
            expected.truncate(DEPTH);
            let registers = Registers { instruction: 0xabc0, stack: start - 8, frame: start };
            prop_assert_eq!(calls(registers, &Words(words)), expected);
        }

        /// Whatever lies there, it comes to an end, and what it reads goes up.
        #[test]
        fn any_memory_is_walked(
            instruction: u64,
            stack in any::<u64>(),
            frame in any::<u64>(),
            near in 0_u64..64,
            words in proptest::collection::btree_map(0_u64..64, 0_u64..64, 0..64),
        ) {
            // Words that point at each other, in any order and in circles.
            let base = frame & !7 & (u64::MAX >> 1);
            let words = words.iter().map(|(at, word)| (base + at * 8, base + word * 8));
            let words = Words(words.collect());
            for frame in [frame, base, base + near * 8] {
                for stack in [stack, base] {
                    let found = calls(Registers { instruction, stack, frame }, &words);
                    prop_assert_eq!(found[0], instruction);
                    prop_assert!(found.len() <= DEPTH);
                }
            }
        }
    }

    #[test]
    fn what_is_no_frame_ends_the_walk() {
        let registers = |frame| Registers {
            instruction: 1,
            stack: 0x1000,
            frame,
        };
        let words = |frame: u64, next| Words(BTreeMap::from([(frame, next), (frame + 8, 0x5001)]));
        // Below the stack, not aligned, too far, nowhere, at the end of all addresses.
        for frame in [0xff8, 0x1004, 0x1008 + FARTHEST, 0x9000, u64::MAX - 7, 0] {
            let words = words(0x1000, 0);
            assert_eq!(calls(registers(frame), &words), [1], "{frame:x}");
        }
        // The second of them below the first, and the same.
        for next in [0x1000, 0x1008, 0x1010, 0x10] {
            let words = words(0x1010, next);
            assert_eq!(calls(registers(0x1010), &words), [1, 0x5000], "{next:x}");
        }
    }
}
