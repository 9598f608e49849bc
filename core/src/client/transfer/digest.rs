//! The BLAKE3 of files.

use std::{
    fs::File,
    io::{self, Read},
};

use blake3::Hasher;

use super::{PIECE, Progress};

/// Hashes so many bytes of a file, from where it stands; fewer are an error.
pub(super) fn of(
    file: &mut File,
    length: u64,
    hasher: &mut Hasher,
    progress: &dyn Progress,
) -> io::Result<()> {
    let mut room = vec![0; PIECE];
    let mut rest = file.take(length);
    let mut read = 0;
    loop {
        match rest.read(&mut room)? {
            0 if read == length => return Ok(()),
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                hasher.update(&room[..count]);
                progress.done(count as u64);
                read += count as u64;
            }
        }
    }
}
