//! Leaves out frames that say nothing: those of the allocator, at the end of every stack of a heap
//! profile.

use regex_lite::Regex;

use super::{Location, Profile};

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
        super::{Builder, Function, Line, Place},
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
