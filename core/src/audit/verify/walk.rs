//! Follows the chain through the files.

use std::{
    io::BufReader,
    path::{Path, PathBuf},
};

use super::{
    VerifyError, open_file,
    report::{Finding, MOST_FINDINGS, Report},
    unreadable,
};
use crate::audit::{
    chain::{Front, Header, Link, Reason, front},
    lines::{Lines, Piece},
};

/// Where a line stands.
struct Place {
    file: PathBuf,
    line: u64,
}

/// Follows the chain, and keeps what it finds.
pub(super) struct Walk {
    report: Report,
    /// The line before, and where it stands.
    last: Option<(Link, Place)>,
    /// A record that must have the hash that the head tells, and the same of an anchor.
    head: Option<Link>,
    head_seen: bool,
    anchor: Option<Link>,
    anchor_seen: bool,
    /// So many bytes behind the last newline of the last file.
    unended: Option<(PathBuf, u64)>,
}

impl Walk {
    pub(super) fn new(head: Option<Link>, anchor: Option<Link>) -> Self {
        Self {
            report: Report::default(),
            last: None,
            head,
            head_seen: false,
            anchor,
            anchor_seen: false,
            unended: None,
        }
    }

    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.report.notes.push(text.into());
    }

    pub(super) fn find(
        &mut self,
        file: &Path,
        line: Option<u64>,
        kind: &'static str,
        text: String,
    ) {
        if self.report.findings.len() == MOST_FINDINGS {
            self.report.more_findings += 1;
            return;
        }
        self.report.findings.push(Finding {
            file: file.to_owned(),
            line,
            kind,
            text,
        });
    }

    /// Reads a file, which by its name begins with the record `named`. `next` is the header of the
    /// file behind it.
    pub(super) fn file(
        &mut self,
        path: &Path,
        named: Option<u64>,
        next: Option<&Header>,
    ) -> Result<(), VerifyError> {
        self.report.files += 1;
        if let Some((file, bytes)) = self.unended.take() {
            let text = format!("{bytes} bytes at the end are not a whole line");
            self.find(&file, None, "text", text);
        }
        let mut lines = Lines::new(BufReader::with_capacity(1 << 16, open_file(path)?));
        let mut number = 0;
        while let Some(piece) = lines.next().map_err(|error| unreadable(path, error))? {
            number += 1;
            match piece {
                Piece::Line(line) => self.line(path, number, line, named),
                Piece::TooLong => {
                    let text = "longer than any record".to_owned();
                    self.find(path, Some(number), "text", text);
                }
                Piece::Unended(bytes) => self.unended = Some((path.to_owned(), bytes)),
            }
            if self.is_forsaken(next) {
                let mut rest = 0;
                while lines
                    .next()
                    .map_err(|error| unreadable(path, error))?
                    .is_some()
                {
                    rest += 1;
                }
                if rest > 0 {
                    let file = path.display();
                    self.note(format!("{file}: the last {rest} lines were never confirmed, since the disk failed, and do not count"));
                }
                self.unended = None;
                break;
            }
        }
        if number == 0 {
            self.find(path, None, "cut", "it is empty".to_owned());
        }
        Ok(())
    }

    /// Whether the next file says that what comes in this one does not count.
    fn is_forsaken(&self, next: Option<&Header>) -> bool {
        let (Some(next), Some((last, _))) = (next, &self.last) else {
            return false;
        };
        next.reason == Reason::Failure && last.is_before(&next.front)
    }

    fn line(&mut self, path: &Path, number: u64, line: &[u8], named: Option<u64>) {
        let place = Place {
            file: path.to_owned(),
            line: number,
        };
        let Some(front) = front(line) else {
            self.find(
                path,
                Some(number),
                "text",
                "not a record of this log".to_owned(),
            );
            // The next line is taken for the one behind it.
            let seq = self.last.as_ref().map(|(last, _)| last.next());
            self.last = seq.map(|seq| (Link::of(seq, line), place));
            return;
        };
        self.report.records += 1;
        self.report.first.get_or_insert(front.seq);
        self.compare(path, number, front);
        if number == 1 {
            self.header(path, line, front, named);
        }
        let link = Link::of(front.seq, line);
        self.meet(link, &place);
        self.last = Some((link, place));
    }

    /// Compares a line with the one before.
    fn compare(&mut self, path: &Path, number: u64, front: Front) {
        let Some((last, place)) = self.last.take() else {
            if front.seq == 1 && front.prev != Link::START.hash {
                let text = "record 1 names a record before it".to_owned();
                self.find(path, Some(number), "changed", text);
            }
            return;
        };
        let (expected, seq) = (last.next(), front.seq);
        if seq > expected {
            let text = if seq - 1 == expected {
                format!("record {expected} is missing before it")
            } else {
                format!("records {expected} to {} are missing before it", seq - 1)
            };
            self.find(path, Some(number), "missing", text);
        } else if seq < expected {
            let text = format!("record {seq} stands behind record {}", last.seq);
            self.find(path, Some(number), "order", text);
        } else if front.prev != last.hash {
            let text = format!("record {} is not as record {seq} says", last.seq);
            self.find(&place.file, Some(place.line), "changed", text);
        }
    }

    /// Looks at a file's first line.
    fn header(&mut self, path: &Path, line: &[u8], front: Front, named: Option<u64>) {
        if named.is_some_and(|named| named != front.seq) {
            let text = format!(
                "the file begins with record {}, not with that of its name",
                front.seq
            );
            self.find(path, None, "name", text);
        }
        match Header::read(line) {
            None => {
                let text = "it is not the record with which a file begins".to_owned();
                self.find(path, Some(1), "missing", text);
            }
            Some(header) if header.reason == Reason::Damage => {
                let damage = header.damage.unwrap_or_default();
                let text = format!("the agent found damage here: {damage}");
                self.find(path, Some(1), "damage", text);
            }
            Some(_) => {}
        }
    }

    /// Compares a record with what the head or an anchor says of it.
    fn meet(&mut self, link: Link, place: &Place) {
        if let Some(head) = self.head.filter(|head| head.seq == link.seq) {
            self.head_seen = true;
            if head != link {
                let text = format!("record {} is not as the head says", link.seq);
                self.find(&place.file, Some(place.line), "changed", text);
            }
        }
        if let Some(anchor) = self.anchor.filter(|anchor| anchor.seq == link.seq) {
            self.anchor_seen = true;
            if anchor != link {
                let text = format!("record {} is not as the anchor says", link.seq);
                self.find(&place.file, Some(place.line), "anchor", text);
            }
        }
    }

    /// The end of single files.
    pub(super) fn finish_part(mut self) -> Report {
        if let Some((file, bytes)) = self.unended.take() {
            let text = format!("{bytes} bytes at the end are not a whole line");
            self.find(&file, None, "text", text);
        }
        self.finish(Path::new(""))
    }

    /// The end of a whole log, whose newest header says that it begins with the record `oldest`.
    pub(super) fn finish_log(
        mut self,
        folder: &Path,
        head_file: &Path,
        oldest: Option<u64>,
    ) -> Report {
        let last = self.last.as_ref().map_or(0, |(last, _)| last.seq);
        if let Some(head) = self.head {
            if head.seq > last {
                let text = if head.seq == last + 1 {
                    format!("record {} is missing at the end", head.seq)
                } else {
                    format!(
                        "records {} to {} are missing at the end",
                        last + 1,
                        head.seq
                    )
                };
                self.find(folder, None, "cut", text);
            } else if head.seq > 0 && !self.head_seen {
                let text = format!("record {}, of which the head tells, is not there", head.seq);
                self.find(head_file, None, "head", text);
            } else if last > head.seq {
                let ahead = last - head.seq;
                self.note(format!("{ahead} records behind the head: being written, or left by a run that was cut off"));
            }
        }
        if let Some((file, bytes)) = self.unended.take() {
            let file = file.display();
            self.note(format!("{file}: {bytes} bytes behind the last record: being written, or left by a run that was cut off"));
        }
        if let (Some(first), Some(oldest)) = (self.report.first, oldest) {
            if first > oldest {
                let text = format!(
                    "records {oldest} to {} are missing at the beginning",
                    first - 1
                );
                self.find(folder, None, "missing", text);
            } else if first > 1 {
                self.note(format!(
                    "the log begins with record {first}: older files were dropped by rotation"
                ));
            }
        }
        self.finish(folder)
    }

    fn finish(mut self, at: &Path) -> Report {
        if let Some(anchor) = self.anchor.filter(|_| !self.anchor_seen) {
            let text = format!(
                "record {}, of which the anchor tells, is not there",
                anchor.seq
            );
            self.find(at, None, "anchor", text);
        }
        if let Some((last, _)) = &self.last {
            self.report.last = Some(last.seq);
            self.report.hash = Some(last.hash.to_hex().to_string());
        }
        self.report
    }
}
