//! Leaves out frames that say nothing: those of the allocator, and of the collections that asked it,
//! at the end of every stack of a heap profile.

use std::collections::HashMap;

use regex_lite::Regex;

use super::{Function, Location, Profile};
use crate::crates::crate_of;

/// Leaves out the functions that [`Profile::drop_frames`] matches, and all that they call, as
/// `go tool pprof` does with the expression of that name. Functions must be named by then.
pub(crate) fn prune(profile: &mut Profile) {
    let whole = format!("^(?:{})$", profile.drop_frames);
    let Some(dropped) = Regex::new(&whole)
        .ok()
        .filter(|_| !profile.drop_frames.is_empty())
    else {
        return;
    };
    let functions: Vec<bool> = profile
        .functions
        .iter()
        .map(|function| dropped.is_match(&function.name))
        .collect();
    let is_dropped = |function: usize| functions.get(function).copied().unwrap_or(false);
    let ends: Vec<End> = profile
        .locations
        .iter_mut()
        .map(|location| end(location, &is_dropped))
        .collect();
    for sample in &mut profile.samples {
        let of = |place: &usize| ends.get(*place).copied().unwrap_or(End::No);
        // The outermost that ends a stack: what comes before is called by it.
        let last = sample
            .locations
            .iter()
            .rposition(|place| of(place) != End::No);
        if let Some(last) = last {
            let from = match of(&sample.locations[last]) {
                End::Within => last,
                _ => last + 1,
            };
            sample.locations.drain(..from);
        }
    }
    let libraries: Vec<bool> = profile.functions.iter().map(is_of_library).collect();
    begin_at_callers(profile, &libraries);
}

/// Whether a function is the standard library's. Its hash tables are a crate of their own.
fn is_of_library(function: &Function) -> bool {
    matches!(crate_of(&function.name), Some("std" | "hashbrown"))
}

/// Lets stacks begin at who called the library: that a vector grew is true of most memory, and the
/// question is whose it is. A stack of nothing else stays as it is.
fn begin_at_callers(profile: &mut Profile, of_library: &[bool]) {
    let is_own = |function: usize| !of_library.get(function).copied().unwrap_or(false);
    // How many functions of a location come before the first that is no library's, if there is one.
    let before = |location: &Location| match location.lines.as_slice() {
        [] => Some(0),
        lines => lines.iter().position(|line| is_own(line.function)),
    };
    let before: Vec<Option<usize>> = profile.locations.iter().map(before).collect();
    // Elsewhere in a stack what is inlined at these places stays.
    let mut shortened: HashMap<usize, usize> = HashMap::new();
    for sample in &mut profile.samples {
        let of = |place: &usize| before.get(*place).copied().flatten();
        let Some(first) = sample
            .locations
            .iter()
            .position(|place| of(place).is_some())
        else {
            continue;
        };
        sample.locations.drain(..first);
        let place = sample.locations[0];
        let Some(inlined) = of(&place).filter(|inlined| *inlined > 0) else {
            continue;
        };
        let locations = &mut profile.locations;
        sample.locations[0] = *shortened.entry(place).or_insert_with(|| {
            let mut location = locations[place].clone();
            location.lines.drain(..inlined);
            locations.push(location);
            locations.len() - 1
        });
    }
}

/// Whether a stack ends at a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    No,
    /// With a function into which a dropped one was inlined.
    Within,
    /// Before it.
    Before,
}

/// Takes the dropped functions of a location away, and what is inlined into them.
fn end(location: &mut Location, is_dropped: &impl Fn(usize) -> bool) -> End {
    let outermost = location
        .lines
        .iter()
        .rposition(|line| is_dropped(line.function));
    let Some(outermost) = outermost else {
        return End::No;
    };
    if outermost + 1 == location.lines.len() {
        return End::Before;
    }
    location.lines.drain(..=outermost);
    End::Within
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Builder, Function, Line, Place, Sample},
        *,
    };

    fn place(name: &str) -> Place {
        Place {
            name: name.into(),
            file: "".into(),
            line: 0,
        }
    }

    /// The names of the one stack that is left of this one.
    fn left(stack: &[&str], drop_frames: &str) -> Vec<String> {
        let mut builder = Builder::new(&[("space", "bytes")]);
        builder.add(stack.iter().map(|name| place(name)), vec![1], Vec::new());
        let mut profile = builder.finish();
        profile.drop_frames = drop_frames.into();
        prune(&mut profile);
        let names = profile.samples[0]
            .locations
            .iter()
            .flat_map(|at| &profile.locations[*at].lines);
        names
            .map(|line| profile.functions[line.function].name.to_string())
            .collect()
    }

    #[test]
    fn what_matches_goes_with_all_that_it_calls() {
        let stack = ["helper", "malloc", "alloc", "main"];
        assert_eq!(left(&stack, "malloc"), ["alloc", "main"]);
        assert_eq!(left(&stack, "malloc|alloc"), ["main"]);
        assert_eq!(left(&stack, "mall"), stack, "names are matched as a whole");
        assert_eq!(left(&stack, ""), stack);
        assert_eq!(
            left(&stack, "("),
            stack,
            "what is no expression drops nothing"
        );
    }

    /// The end of one stack is the middle of another, at the same place.
    #[test]
    fn collections_of_the_library_are_left_out_at_the_end_only() {
        const PUSH: &str = "alloc::vec::Vec<T>::push";
        let mut builder = Builder::new(&[("space", "bytes")]);
        for stack in [
            &[PUSH, "app::leak", "app::main"][..],
            &["app::other", PUSH, "app::main"],
            &[PUSH],
        ] {
            builder.add(stack.iter().map(|name| place(name)), vec![1], Vec::new());
        }
        let mut profile = builder.finish();
        // Now `push` is inlined into `leak`, in all of them.
        let leak = profile.locations[1].lines[0];
        profile.locations[0].lines.push(leak);
        profile.samples[0].locations.remove(1);
        profile.drop_frames = "malloc".into();
        prune(&mut profile);
        let names = |sample: &Sample| -> Vec<String> {
            let places = sample.locations.iter();
            let lines = places.flat_map(|at| &profile.locations[*at].lines);
            lines
                .map(|line| profile.functions[line.function].name.to_string())
                .collect()
        };
        let all: Vec<_> = profile.samples.iter().map(names).collect();
        assert_eq!(all[0], ["app::leak", "app::main"]);
        assert_eq!(all[1], ["app::other", PUSH, "app::leak", "app::main"]);
        assert_eq!(all[2], ["app::leak"]);
    }

    #[test]
    fn a_stack_of_the_library_alone_stays() {
        let stack = ["hashbrown::raw::RawTable<T>::grow", "std::rt::lang_start"];
        assert_eq!(left(&stack, "malloc"), stack);
        let called = ["<u8 as alloc::vec::From>::from", "main"];
        assert_eq!(left(&called, "malloc"), ["main"]);
    }

    #[test]
    fn a_function_stays_into_which_a_dropped_one_was_inlined() {
        let mut builder = Builder::new(&[("space", "bytes")]);
        builder.add([place("malloc"), place("outer")], vec![1], Vec::new());
        let mut profile = builder.finish();
        profile.functions.push(Function {
            name: "inliner".into(),
            ..profile.functions[0].clone()
        });
        profile.locations[0].lines.push(Line {
            function: 2,
            line: 0,
        });
        profile.drop_frames = "malloc".into();
        prune(&mut profile);
        assert_eq!(profile.samples[0].locations, [0, 1]);
        assert_eq!(
            profile.locations[0].lines,
            [Line {
                function: 2,
                line: 0
            }]
        );
    }
}
