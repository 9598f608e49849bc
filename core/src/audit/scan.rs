//! Reads one file of the log up to where its chain ends.

use std::io::{self, BufRead};

use super::{
    chain::{Header, Link, front},
    lines::{Lines, Piece},
};

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Its first record.
    pub(super) header: Option<Header>,
    /// The last record of the chain that begins with the first line.
    pub(super) last: Option<Link>,
    /// How many bytes that chain has.
    pub(super) length: u64,
    /// The record of the number that was asked for.
    pub(super) asked: Option<Link>,
}

impl Scan {
    /// Reads a file whose first record has this number, and looks for the record `asked`.
    pub(super) fn of(file: impl BufRead, first: u64, asked: u64) -> io::Result<Self> {
        let mut scan = Self::default();
        let mut lines = Lines::new(file);
        while let Some(Piece::Line(line)) = lines.next()? {
            let Some(front) = front(line) else { break };
            let follows = match scan.last {
                None => {
                    scan.header = Header::read(line);
                    scan.header.is_some() && front.seq == first
                }
                Some(last) => last.is_before(&front),
            };
            if !follows {
                break;
            }
            let link = Link::of(front.seq, line);
            scan.last = Some(link);
            scan.length += line.len() as u64;
            if link.seq == asked {
                scan.asked = Some(link);
            }
        }
        Ok(scan)
    }
}
