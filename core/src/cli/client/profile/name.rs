//! Functions and their places, in the room that there is.

use std::iter::once;

use super::top::Row;
use crate::plugin::text::one_line;

/// The longest name that is shown, in characters.
const LONGEST: usize = 1000;

/// The least that a name is cut to, in characters; below, its place is left out first.
const LEAST: usize = 24;

/// How much of a path is shown: the last folders and the file.
const PARTS: usize = 3;

/// A function, with its place, in so many characters where that is limited. The end of a name says
/// the most, so it is cut at its front; where little of it would be left, its place goes.
pub(super) fn of(row: &Row, room: Option<usize>) -> String {
    let name = one_line(&row.function, LONGEST);
    let place = place(row).map_or_else(String::new, |place| format!(" ({place})"));
    let Some(room) = room else {
        return name + &place;
    };
    let left = room.saturating_sub(place.chars().count());
    if left >= LEAST.min(name.chars().count()) {
        last(&name, left) + &place
    } else {
        last(&name, room)
    }
}

/// The end of a text, in so many characters.
fn last(text: &str, room: usize) -> String {
    let length = text.chars().count();
    if length <= room {
        return text.to_owned();
    }
    let kept = text.chars().skip(length - room.saturating_sub(1));
    once('…').chain(kept).take(room).collect()
}

/// The end of the file's path, and the line.
fn place(row: &Row) -> Option<String> {
    if row.file.is_empty() {
        return None;
    }
    let mut parts: Vec<&str> = row.file.rsplit('/').take(PARTS).collect();
    parts.reverse();
    let file = one_line(&parts.join("/"), LONGEST);
    Some(if row.line > 0 {
        format!("{file}:{}", row.line)
    } else {
        file
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(function: &str, file: &str) -> Row {
        Row {
            function: function.to_owned(),
            file: file.to_owned(),
            line: 7,
            flat: 0,
            cum: 0,
        }
    }

    #[test]
    fn a_place_is_the_end_of_a_path() {
        assert_eq!(of(&row("f", "/a/b/src/x.rs"), None), "f (b/src/x.rs:7)");
        assert_eq!(of(&row("f", "x.rs"), Some(80)), "f (x.rs:7)");
        assert_eq!(of(&row("[libc.so.6]", ""), None), "[libc.so.6]");
    }

    #[test]
    fn names_are_cut_at_the_front_and_places_go_before_little_is_left() {
        let long = row("worker::run::a_long_name_of_a_function", "/src/park.rs");
        assert_eq!(
            of(&long, Some(45)),
            "…::a_long_name_of_a_function (/src/park.rs:7)"
        );
        assert_eq!(of(&long, Some(30)), "…un::a_long_name_of_a_function");
        assert_eq!(of(&row("f", ""), Some(1)), "f");
        assert_eq!(of(&long, Some(0)), "");
    }
}
