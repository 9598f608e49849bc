//! The arrays in `/proc/mdstat`. Each begins at a line that is not indented:
//!
//! ```text
//! md0 : active raid1 sdb1[2](S) sda1[0] sdc1[1](F)
//!       248896 blocks super 1.2 [2/1] [U_]
//!       [=>..................]  recovery =  8.5% (21160/248896) finish=4.1min speed=926K/sec
//! ```

use crate::numbers::number;

/// The states that an array can be in.
pub(super) const STATES: [&str; 5] = ["active", "inactive", "recovering", "resync", "check"];

/// One array.
#[derive(Debug, PartialEq)]
pub(super) struct Array<'a> {
    pub(super) device: &'a str,
    /// One of [`STATES`].
    pub(super) state: &'static str,
    pub(super) active: f64,
    pub(super) failed: f64,
    pub(super) spare: f64,
    pub(super) required: f64,
    pub(super) blocks: f64,
    pub(super) synced: f64,
}

/// The arrays of the file.
pub(super) fn arrays(text: &str) -> impl Iterator<Item = Array<'_>> {
    let mut lines = text.lines().peekable();
    std::iter::from_fn(move || {
        loop {
            let line = lines.next()?;
            let array = begin(line);
            let Some(mut array) = array else { continue };
            while let Some(line) = lines.next_if(|line| line.starts_with([' ', '\t'])) {
                detail(&mut array, line);
            }
            return Some(array);
        }
    })
}

/// The first line: name, state and disks.
fn begin(line: &str) -> Option<Array<'_>> {
    let (device, rest) = line.split_once(" : ")?;
    if device.contains(char::is_whitespace) || device == "Personalities" {
        return None;
    }
    let mut words = rest.split_ascii_whitespace();
    let is_active = words.next()? == "active";
    let disks: Vec<&str> = words.filter(|word| word.contains('[')).collect();
    let marked = |mark| disks.iter().filter(|disk| disk.contains(mark)).count() as f64;
    let (failed, spare) = (marked("(F)"), marked("(S)"));
    // Where no later line says how many there are to be, as for RAID 0, these are all.
    let present = disks.len() as f64 - failed - spare;
    let count = if is_active { present } else { 0.0 };
    Some(Array {
        device,
        state: if is_active { "active" } else { "inactive" },
        active: count,
        failed,
        spare,
        required: count,
        blocks: 0.0,
        synced: 0.0,
    })
}

/// An indented line: the size and the disks required and active, or the progress of a repair.
fn detail(array: &mut Array<'_>, line: &str) {
    let mut words = line.split_ascii_whitespace();
    if let Some(blocks) = words.next().and_then(number)
        && words.next() == Some("blocks")
    {
        array.blocks = blocks;
        array.synced = blocks;
        let mut counts = words.filter_map(|word| {
            let (required, active) = word.strip_prefix('[')?.strip_suffix(']')?.split_once('/')?;
            Some((number(required)?, number(active)?))
        });
        if let Some((required, active)) = counts.next() {
            array.required = required;
            array.active = active;
        }
        return;
    }
    let repairs = [
        ("recovery", "recovering"),
        ("reshape", "recovering"),
        ("resync", "resync"),
        ("check", "check"),
    ];
    let Some((_, state)) = repairs
        .into_iter()
        .find(|(repair, _)| line.contains(repair))
    else {
        return;
    };
    array.state = state;
    let done = || {
        let (_, rest) = line.split_once('(')?;
        number(rest.split_once('/')?.0)
    };
    // A repair that is put off says so and has done nothing yet.
    array.synced = done().unwrap_or(0.0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_array_under_repair() {
        let text = "Personalities : [raid1]\nmd0 : active raid1 sdb1[2](S) sda1[0] sdc1[1](F)\n      248896 blocks super 1.2 [2/1] [U_]\n      [=>...]  recovery =  8.5% (21160/248896) finish=4.1min\n\nunused devices: <none>\n";
        let found: Vec<_> = arrays(text).collect();
        let expected = Array {
            device: "md0",
            state: "recovering",
            active: 1.0,
            failed: 1.0,
            spare: 1.0,
            required: 2.0,
            blocks: 248_896.0,
            synced: 21_160.0,
        };
        assert_eq!(found, [expected]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(
            text in "(md[0-9] : (active|inactive) [a-z\\[\\]()SF ]{0,20}\n| +[0-9]{0,9} blocks \\[[0-9/]{0,5}\\]\n| resync=?\\(?[0-9/]{0,5}\n|\\PC*\n){0,8}"
        ) {
            for array in arrays(&text) {
                prop_assert!(STATES.contains(&array.state));
            }
        }
    }
}
