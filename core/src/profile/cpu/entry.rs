//! The caller of a function that has no frame yet, or none any more.

use super::{
    memory::{Memory, Pages},
    walk::Registers,
};

/// The longest call instruction, in bytes.
#[cfg(target_arch = "x86_64")]
const CALL: usize = 7;

/// The return address of a function that was interrupted at its first or last instruction: the
/// frame pointer is its caller's then, and a walk that begins there would miss the caller itself.
#[cfg(target_arch = "x86_64")]
pub(super) fn caller<M: Memory>(registers: Registers, memory: &mut Pages<M>) -> Option<u64> {
    // Words between the return address and the end of the stack.
    let code: [u8; 4] = memory.bytes(registers.instruction)?;
    let pushed = match code {
        // push rbp; ret; endbr64
        [0x55 | 0xc3, ..] | [0xf3, 0x0f, 0x1e, 0xfa] => 0,
        // mov rbp, rsp, which two encodings have
        [0x48, 0x89, 0xe5, _] | [0x48, 0x8b, 0xec, _] => 1,
        _ => return None,
    };
    let address = memory.word(registers.stack.checked_add(pushed * 8)?)?;
    // Code without frames pushes that register at other places, too.
    let before: [u8; CALL] = memory.bytes(address.checked_sub(CALL as u64)?)?;
    ends_with_call(before).then_some(address)
}

/// Whether an instruction that ends there is a call: E8 with four bytes behind it, or FF /2 with a
/// register or an address of up to five bytes.
#[cfg(target_arch = "x86_64")]
fn ends_with_call(before: [u8; CALL]) -> bool {
    let indirect = |from_end: usize| {
        let at = CALL - from_end;
        let (mode, base) = (before[at + 1] >> 6, before[at + 1] & 7);
        // How many bytes this form has: with a base register that stands for more bytes, too.
        let size = match (mode, base) {
            (0, 5) => 6,
            (0, 4) => 3 + 4 * usize::from(before.get(at + 2).is_some_and(|sib| sib & 7 == 5)),
            (0 | 3, _) => 2,
            (1, 4) => 4,
            (1, _) => 3,
            (2, 4) => 7,
            _ => 6,
        };
        before[at] == 0xff && (before[at + 1] >> 3) & 7 == 2 && size == from_end
    };
    before[CALL - 5] == 0xe8 || [2, 3, 4, 6, 7].into_iter().any(indirect)
}

/// What a function has not pushed is in a register here, which may be old: it is not asked.
#[cfg(target_arch = "aarch64")]
pub(super) fn caller<M: Memory>(_registers: Registers, _memory: &mut Pages<M>) -> Option<u64> {
    None
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::profile::cpu::memory::tests::Words;

    const CODE: u64 = 0x40_0000;
    const STACK: u64 = 0x7f_0000;

    /// The caller where this is run, with these words on the stack, one of which may be an address
    /// behind a call.
    fn found(code: [u8; 4], stack: [u64; 2]) -> Option<u64> {
        let mut first = [0x90; 8];
        first[..4].copy_from_slice(&code);
        let call = [0x90, 0x90, 0x90, 0xe8, 1, 2, 3, 4];
        let words = BTreeMap::from([
            (CODE, u64::from_ne_bytes(first)),
            (CALLER - 8, u64::from_ne_bytes(call)),
            (STACK, stack[0]),
            (STACK + 8, stack[1]),
        ]);
        let registers = Registers {
            instruction: CODE,
            stack: STACK,
            frame: 0,
        };
        caller(registers, &mut Pages::new(Words(words)))
    }

    const CALLER: u64 = 0x40_1000;

    #[test]
    fn who_called_is_found_before_there_is_a_frame_and_after() {
        let (push, ret, landing) = (
            [0x55, 0x48, 0x89, 0xe5],
            [0xc3; 4],
            [0xf3, 0x0f, 0x1e, 0xfa],
        );
        for first in [push, ret, landing] {
            assert_eq!(found(first, [CALLER, 7]), Some(CALLER));
            assert_eq!(found(first, [7, CALLER]), None);
        }
        for second in [[0x48, 0x89, 0xe5, 0x90], [0x48, 0x8b, 0xec, 0x90]] {
            assert_eq!(found(second, [7, CALLER]), Some(CALLER));
        }
        // In the midst of a function, and where what was pushed is no return address.
        assert_eq!(found([0x90; 4], [CALLER, CALLER]), None);
        assert_eq!(found(push, [CALLER + 1, CALLER + 1]), None);
        assert_eq!(found(push, [CODE, 0]), None);
        assert_eq!(found(push, [3, 0]), None);
    }

    #[test]
    fn calls_are_told_from_other_instructions() {
        let ends = |code: &[u8]| {
            let mut before = [0x90; CALL];
            before[CALL - code.len()..].copy_from_slice(code);
            ends_with_call(before)
        };
        for call in [
            &[0xe8, 1, 2, 3, 4][..],         // call rel32
            &[0xff, 0xd0],                   // call rax
            &[0x41, 0xff, 0xd7],             // call r15
            &[0xff, 0x10],                   // call [rax]
            &[0xff, 0x53, 0x18],             // call [rbx+24]
            &[0xff, 0x54, 0x24, 0x08],       // call [rsp+8]
            &[0xff, 0x15, 1, 2, 3, 4],       // call [rip+disp32]
            &[0xff, 0x93, 1, 2, 3, 4],       // call [rbx+disp32]
            &[0xff, 0x14, 0xc8],             // call [rax+rcx*8]
            &[0xff, 0x94, 0xc8, 1, 2, 3, 4], // call [rax+rcx*8+disp32]
            &[0xff, 0x14, 0xc5, 1, 2, 3, 4], // call [rax*8+disp32]
        ] {
            assert!(ends(call), "{call:x?}");
        }
        for other in [
            &[0x90][..],
            &[0xff, 0xe0],             // jmp rax
            &[0xff, 0xc0],             // inc eax
            &[0xff, 0x25, 1, 2, 3, 4], // jmp [rip+disp32]
            &[0xff, 0xd0, 0x90],       // call rax, and an instruction behind
            &[0x48, 0x89, 0xe5],
        ] {
            assert!(!ends(other), "{other:x?}");
        }
    }
}
