//! The little of protocol buffers' wire format that is needed.
//!
//! <https://protobuf.dev/programming-guides/encoding/>

/// The key of a field whose value has a length before it.
pub(crate) const fn delimited(field: u8) -> u8 {
    field << 3 | 2
}

/// The key of a field whose value is a number of variable length.
pub(crate) const fn number(field: u8) -> u8 {
    field << 3
}

/// The key of a field whose value has 8 bytes.
pub(crate) const fn fixed(field: u8) -> u8 {
    field << 3 | 1
}

/// Appends a number of variable length.
pub(crate) fn write_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// How many bytes a number takes.
pub(crate) fn number_length(number: u64) -> usize {
    let bits = u64::BITS - (number | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

/// Appends a field of text or bytes.
pub(crate) fn write_bytes(field: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(delimited(field));
    write_number(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// The values of a message that has nothing but this field, of bytes; nothing where it is not one.
pub(crate) fn read_all(field: u8, mut message: &[u8]) -> Option<Vec<&[u8]>> {
    let mut all = Vec::new();
    while let Some((key, rest)) = message.split_first() {
        let (length, rest) = read_number(rest)?;
        let (value, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        if *key != delimited(field) {
            return None;
        }
        all.push(value);
        message = rest;
    }
    Some(all)
}

fn read_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    for (at, byte) in bytes.iter().take(9).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((number, &bytes[at + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_are_as_another_library_writes_them(number: u64) {
            let mut own = Vec::new();
            write_number(number, &mut own);
            let mut other = Vec::new();
            prost::encoding::encode_varint(number, &mut other);
            prop_assert_eq!(&own, &other);
            prop_assert_eq!(number_length(number), own.len());
            if own.len() < 10 {
                prop_assert_eq!(read_number(&own), Some((number, &[][..])));
            }
        }

        #[test]
        fn values_are_read_again(values: Vec<Vec<u8>>, field in 1..16_u8) {
            let mut message = Vec::new();
            for value in &values {
                write_bytes(field, value, &mut message);
            }
            prop_assert_eq!(read_all(field, &message).unwrap(), values);
        }

        #[test]
        fn any_bytes_are_a_message_or_not(bytes: Vec<u8>) {
            let _ = read_all(1, &bytes);
            let _ = read_all(1, &[&[delimited(1)], &bytes[..]].concat());
        }
    }
}
