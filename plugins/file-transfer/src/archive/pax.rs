//! What an extended header of the pax format says of the entry that follows (POSIX.1, `pax`).

use super::unreadable;
use crate::{entity::Moment, refusal::Refusal};

/// What is said of an entry beside its own header.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Extended {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) modified: Option<Moment>,
}

impl Extended {
    /// Reads records `LENGTH KEY=VALUE\n`. Keys that say nothing of content, name or time are passed
    /// over; those of sparse files are refused, because their content is not that of the file.
    pub(super) fn read(&mut self, mut records: &[u8]) -> Result<(), Refusal> {
        while !records.is_empty() {
            let (key, value, rest) =
                record(records).ok_or_else(|| unreadable("a pax header cannot be read"))?;
            records = rest;
            match key {
                b"path" => self.path = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"size" => {
                    let size = decimal(value);
                    let size = size.ok_or_else(|| unreadable("a pax header has a wrong size"))?;
                    self.size = Some(size);
                }
                b"mtime" => self.modified = moment(value),
                key if key.starts_with(b"GNU.sparse.") => {
                    return Err(unreadable("sparse files are not taken"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The first record: its key, its value, and what follows.
fn record(records: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = records.iter().position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(records.get(..space)?)?).ok()?;
    let record = records.get(space + 1..length)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    Some((&record[..equals], &record[equals + 1..], &records[length..]))
}

fn decimal(digits: &[u8]) -> Option<u64> {
    let plain = (1..=19).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    plain
        .then(|| std::str::from_utf8(digits).ok()?.parse().ok())
        .flatten()
}

/// Seconds with a fraction, of which nine digits count. What is before 1970 is left to the header.
fn moment(value: &[u8]) -> Option<Moment> {
    let point = value
        .iter()
        .position(|byte| *byte == b'.')
        .unwrap_or(value.len());
    let seconds = i64::try_from(decimal(&value[..point])?).ok()?;
    let mut nanos = 0;
    for place in 1..=9 {
        let digit = value
            .get(point + place)
            .map_or(Some(0), |byte| char::from(*byte).to_digit(10));
        nanos = nanos * 10 + digit?;
    }
    Some(Moment { seconds, nanos })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    /// A record as the format has it: its length counts itself.
    fn written(key: &str, value: &[u8]) -> Vec<u8> {
        let rest = key.len() + value.len() + 3;
        let length = (rest..rest + 20)
            .find(|all| all.to_string().len() + rest == *all)
            .unwrap();
        [format!("{length} {key}=").as_bytes(), value, b"\n"].concat()
    }

    #[test]
    fn records_are_read() {
        let records = [
            written("path", b"a\xff\nb=c"),
            written("uname", b"somebody"),
            written("size", b"9000000000"),
            written("mtime", b"1700000000.25"),
            written("linkpath", b"x"),
        ];
        let mut extended = Extended::default();
        extended.read(&records.concat()).unwrap();
        let expected = Extended {
            path: Some(b"a\xff\nb=c".to_vec()),
            link: Some(b"x".to_vec()),
            size: Some(9_000_000_000),
            modified: Some(Moment {
                seconds: 1_700_000_000,
                nanos: 250_000_000,
            }),
        };
        assert_eq!(extended, expected);
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for records in [
            &b"x"[..],
            b"5 a=b",
            b"999 a=b\n",
            b"0 a=b\n",
            b"7 a=b\n",
            b"5 ab\n",
            b" a=b\n",
            b"-6 a=b\n",
            b"18446744073709551616 a=b\n",
        ] {
            assert!(Extended::default().read(records).is_err(), "{records:?}");
        }
        let sparse = written("GNU.sparse.major", b"1");
        assert!(Extended::default().read(&sparse).is_err());
        assert!(Extended::default().read(&written("size", b"-1")).is_err());
    }

    proptest! {
        #[test]
        fn a_name_comes_back_as_it_went(name in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut extended = Extended::default();
            extended.read(&written("path", &name)).unwrap();
            prop_assert_eq!(extended.path, Some(name));
        }

        #[test]
        fn any_bytes_are_records_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = Extended::default().read(&bytes);
        }
    }
}
