//! What passes between a page and its helper: frames, each the length of its content in four bytes,
//! the lowest first, and the content.

use std::io::{self, Error, ErrorKind, Read, Write};

use gaxx_sdk::{
    serde::{Serialize, de::DeserializeOwned},
    serde_json,
};

/// The longest frame in bytes: a whole profile has a tenth of it.
pub(super) const LONGEST: usize = 64 << 20;

/// Sends a frame.
pub(super) fn send(stream: &mut impl Write, content: &[u8]) -> io::Result<()> {
    let length = u32::try_from(content.len()).ok();
    let length = length
        .filter(|_| content.len() <= LONGEST)
        .ok_or_else(too_long)?;
    stream.write_all(&length.to_le_bytes())?;
    stream.write_all(content)
}

/// Sends a message.
pub(super) fn tell(stream: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    send(stream, &serde_json::to_vec(message)?)
}

/// Takes a frame; nothing where the stream has come to its end before one.
pub(super) fn receive(stream: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut head = [0; 4];
    match stream.read(&mut head)? {
        0 => return Ok(None),
        read => stream.read_exact(head.get_mut(read..).unwrap_or_default())?,
    }
    let length = u32::from_le_bytes(head) as usize;
    if length > LONGEST {
        return Err(too_long());
    }
    let mut content = Vec::new();
    stream.take(length as u64).read_to_end(&mut content)?;
    if content.len() < length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(content))
}

/// Takes a message.
pub(super) fn hear<T: DeserializeOwned>(stream: &mut impl Read) -> io::Result<Option<T>> {
    let Some(content) = receive(stream)? else {
        return Ok(None);
    };
    Ok(Some(serde_json::from_slice(&content)?))
}

fn too_long() -> Error {
    Error::new(
        ErrorKind::InvalidData,
        format!("a frame is longer than {LONGEST} bytes"),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::symbols::{Job, Outcome};

    proptest! {
        #[test]
        fn frames_come_as_they_went(frames in vec(vec(any::<u8>(), 0..300), 0..5)) {
            let mut stream = Vec::new();
            for frame in &frames {
                send(&mut stream, frame).unwrap();
            }
            let mut rest = stream.as_slice();
            for frame in frames {
                prop_assert_eq!(receive(&mut rest).unwrap(), Some(frame));
            }
            prop_assert_eq!(receive(&mut rest).unwrap(), None);
        }

        #[test]
        fn a_frame_that_is_cut_off_is_an_error(frame in vec(any::<u8>(), 0..300), cut in 1..300_usize) {
            let mut stream = Vec::new();
            send(&mut stream, &frame).unwrap();
            let left = stream.len().saturating_sub(cut);
            prop_assert_eq!(receive(&mut &stream[..left]).is_err(), left > 0);
        }

        #[test]
        fn any_bytes_are_taken_or_refused(bytes in vec(any::<u8>(), 0..300)) {
            let _ = receive(&mut bytes.as_slice());
            let _ = hear::<Job>(&mut bytes.as_slice());
            let _ = hear::<Outcome>(&mut bytes.as_slice());
        }
    }

    #[test]
    fn a_frame_of_a_length_that_nobody_sends_is_refused() {
        let error = receive(&mut [0xff_u8; 8].as_slice()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
    }
}
