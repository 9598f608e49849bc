//! Profiles made by hand, and what becomes of them.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;

use gaxx_sdk::serde_json::{self, Value};
use pprof::protos::{Function, Label, Line, Location, Mapping, Profile, Sample, ValueType};
use proptest::prelude::*;

use super::{FOLDER, Kind, PAGE, data, part};

/// A profile under construction: strings, functions and locations appear as they are named.
struct Made {
    profile: Profile,
    strings: HashMap<String, i64>,
    locations: HashMap<String, u64>,
}

impl Made {
    fn cpu() -> Self {
        let mut made = Self {
            profile: Profile::default(),
            strings: HashMap::new(),
            locations: HashMap::new(),
        };
        made.text("");
        for (ty, unit) in [("samples", "count"), ("cpu", "nanoseconds")] {
            let (ty, unit) = (made.text(ty), made.text(unit));
            made.profile.sample_type.push(ValueType { ty, unit });
        }
        let filename = made.text("/usr/bin/gaxx-mon");
        made.profile.mapping.push(Mapping {
            id: 1,
            filename,
            ..Mapping::default()
        });
        made
    }

    fn text(&mut self, text: &str) -> i64 {
        let table = &mut self.profile.string_table;
        *self.strings.entry(text.to_owned()).or_insert_with(|| {
            table.push(text.to_owned());
            i64::try_from(table.len()).unwrap() - 1
        })
    }

    /// A location where functions are inlined into each other, the innermost first.
    fn location(&mut self, functions: &[&str]) -> u64 {
        let key = functions.join("\0");
        if let Some(id) = self.locations.get(&key) {
            return *id;
        }
        let mut line = Vec::new();
        for name in functions {
            let (name, filename) = (self.text(name), self.text("src/a.rs"));
            let id = self.profile.function.len() as u64 + 1;
            let function = Function {
                id,
                name,
                filename,
                ..Function::default()
            };
            self.profile.function.push(function);
            line.push(Line {
                function_id: id,
                line: 7,
            });
        }
        let id = self.profile.location.len() as u64 + 1;
        self.profile.location.push(Location {
            id,
            mapping_id: 1,
            line,
            ..Location::default()
        });
        self.locations.insert(key, id);
        id
    }

    /// A sample; the stack stands outermost first.
    fn sample(&mut self, stack: &[&str], values: [i64; 2], plugin: &str) {
        let mut location_id: Vec<u64> = stack.iter().map(|name| self.location(&[name])).collect();
        location_id.reverse();
        let (key, str) = (self.text("plugin"), self.text(plugin));
        let label = vec![Label {
            key,
            str,
            ..Label::default()
        }];
        self.profile.sample.push(Sample {
            location_id,
            value: values.into(),
            label,
        });
    }

    fn drawn(&self) -> Drawn {
        Drawn(serde_json::from_slice(&data(&self.profile, Kind::Cpu, b"raw").unwrap()).unwrap())
    }
}

/// The answer, read back as the page reads it.
struct Drawn(Value);

impl Drawn {
    fn column(&self, name: &str, width: usize) -> Vec<Vec<i64>> {
        let numbers: Vec<i64> = serde_json::from_value(self.0[name].clone()).unwrap();
        numbers.chunks(width).map(<[i64]>::to_vec).collect()
    }

    fn string(&self, number: i64) -> String {
        self.0["strings"][usize::try_from(number).unwrap()]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// The path of a node, from the root's first child.
    fn path(&self, node: i64) -> String {
        let (nodes, frames) = (self.column("nodes", 3), self.column("frames", 4));
        let mut path = Vec::new();
        let mut at = usize::try_from(node).unwrap();
        while at != 0 {
            let frame = nodes[at][1];
            path.push(match usize::try_from(frame) {
                Ok(frame) => self.string(frames[frame][0]),
                Err(_) => "…".to_owned(),
            });
            assert!(
                nodes[at][0] < i64::try_from(at).unwrap(),
                "a parent comes first"
            );
            at = usize::try_from(nodes[at][0]).unwrap();
        }
        path.reverse();
        path.join(" ")
    }

    /// Weight and count of what ended at each path, by plugin.
    fn own(&self) -> HashMap<(String, String), (i64, i64)> {
        let groups = self.0["groups"].as_array().unwrap();
        let plugin = |group: i64| {
            let group = &groups[usize::try_from(group).unwrap()];
            group["plugin"].as_str().unwrap().to_owned()
        };
        let own = self.column("own", 4);
        let one = |own: &Vec<i64>| ((self.path(own[0]), plugin(own[1])), (own[2], own[3]));
        own.iter().map(one).collect()
    }
}

impl Drawn {
    /// Own weight and total weight of each function.
    fn functions(&self) -> HashMap<String, (i64, i64)> {
        let frames = self.column("frames", 4);
        let mut sums = self.column("sums", 5).into_iter();
        let mut functions = HashMap::new();
        for function in self.column("functions", 3) {
            let name = self.string(frames[usize::try_from(function[0]).unwrap()][0]);
            for row in sums.by_ref().take(usize::try_from(function[2]).unwrap()) {
                let (own, total) = functions.entry(name.clone()).or_insert((0, 0));
                *own += row[1];
                *total += row[3];
            }
        }
        assert!(sums.next().is_none());
        functions
    }
}

fn own(path: &str, plugin: &str, values: (i64, i64)) -> ((String, String), (i64, i64)) {
    ((path.to_owned(), plugin.to_owned()), values)
}

#[test]
fn equal_stacks_come_together_and_labels_stay_apart() {
    let mut made = Made::cpu();
    made.sample(&["main", "a"], [1, 10], "system");
    made.sample(&["main", "a"], [2, 20], "system");
    made.sample(&["main", "a"], [3, 30], "exec");
    made.sample(&["main"], [1, 5], "");
    let drawn = made.drawn();
    let expected = [
        own("main a", "system", (30, 3)),
        own("main a", "exec", (30, 3)),
        own("main", "", (5, 1)),
    ];
    assert_eq!(drawn.own(), HashMap::from(expected));
    assert_eq!(drawn.0["total"], 65);
    assert_eq!(drawn.0["unit"], "nanoseconds");
    assert_eq!(drawn.0["profile"], "cmF3");
}

#[test]
fn inlined_functions_are_below_those_they_are_inlined_into() {
    let mut made = Made::cpu();
    made.sample(&["main"], [1, 1], "");
    let inlined = made.location(&["inner", "outer"]);
    made.profile.sample[0].location_id.insert(0, inlined);
    assert_eq!(
        made.drawn().own(),
        HashMap::from([own("main outer inner", "", (1, 1))])
    );
}

#[test]
fn code_without_a_name_is_its_library() {
    let mut made = Made::cpu();
    made.sample(&["main"], [1, 1], "");
    let unnamed = made.location(&[]);
    made.profile.sample[0].location_id.insert(0, unnamed);
    assert_eq!(
        made.drawn().own(),
        HashMap::from([own("main gaxx-mon", "", (1, 1))])
    );
}

#[test]
fn what_became_less_is_told_and_not_drawn() {
    let mut made = Made::cpu();
    made.sample(&["main", "a"], [1, 10], "");
    made.sample(&["main", "b"], [-1, -40], "");
    let drawn = made.drawn();
    assert_eq!(
        (&drawn.0["total"], &drawn.0["shrunk"]),
        (&10.into(), &40.into())
    );
    assert_eq!(drawn.own().len(), 1);
}

#[test]
fn too_many_boxes_are_pruned_from_the_lightest_and_the_sums_stay() {
    let mut made = Made::cpu();
    made.sample(&["main", "heavy"], [500, 500], "");
    for number in 0..12_000 {
        made.sample(
            &["main", "light", &format!("f{number}"), "leaf"],
            [1, 1],
            "",
        );
    }
    let drawn = made.drawn();
    let expected = [
        own("main heavy", "", (500, 500)),
        own("main light …", "", (12_000, 12_000)),
    ];
    assert_eq!(drawn.own(), HashMap::from(expected));
    assert_eq!(drawn.0["pruned_nodes"], 24_000);
    assert_eq!(drawn.0["pruned_below"], 2);
    assert_eq!(drawn.0["total"], 12_500);
    let functions = drawn.functions();
    assert_eq!(
        functions["leaf"],
        (12_000, 12_000),
        "the table loses nothing"
    );
    assert!(functions.len() <= 1_000);
}

#[test]
fn a_function_that_calls_itself_counts_once() {
    let mut made = Made::cpu();
    made.sample(&["main", "a", "b", "a"], [1, 10], "x");
    made.sample(&["main", "a"], [1, 5], "y");
    let expected = [("main", (0, 15)), ("a", (15, 15)), ("b", (0, 10))];
    let expected = expected.map(|(name, sums)| (name.to_owned(), sums));
    assert_eq!(made.drawn().functions(), HashMap::from(expected));
}

#[test]
fn too_many_sets_of_labels_become_others() {
    let mut made = Made::cpu();
    for number in 0..70 {
        made.sample(&["main"], [1, 100 - number], &format!("p{number:02}"));
    }
    let drawn = made.drawn();
    assert_eq!(drawn.0["groups"].as_array().unwrap().len(), 65);
    let others = drawn.own()[&("main".to_owned(), "(others)".to_owned())];
    assert_eq!(others, ((64..70).map(|number| 100 - number).sum(), 6));
}

#[test]
fn a_broken_profile_is_an_empty_graph() {
    let mut made = Made::cpu();
    made.profile.sample.push(Sample {
        location_id: vec![99, u64::MAX],
        value: vec![],
        label: vec![Label {
            key: -3,
            str: 1_000,
            ..Label::default()
        }],
    });
    assert_eq!(made.drawn().0["total"], 0);
    let nothing: Value =
        serde_json::from_slice(&data(&Profile::default(), Kind::Heap, b"").unwrap()).unwrap();
    assert_eq!(
        (&nothing["total"], &nothing["type"]),
        (&0.into(), &"heap".into())
    );
}

#[test]
fn the_page_loads_its_parts_and_nothing_else() {
    for attribute in ["stylesheet\" href=\"", " src=\""] {
        for loaded in PAGE.split(attribute).skip(1) {
            let name = loaded.split('"').next().unwrap().strip_prefix(FOLDER);
            assert!(name.and_then(part).is_some(), "{loaded}");
        }
    }
    // Each module that a script imports is there.
    let main = part("main.js").unwrap().text;
    let imported = main
        .split("from \"./")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    for name in imported {
        assert!(part(name).is_some(), "no part {name}");
    }
    assert!(!PAGE.contains("style="), "the policy forbids it");
    assert!(part("../mod.rs").is_none());
}

proptest! {
    #[test]
    fn the_root_is_the_sum_of_all_samples(
        samples in prop::collection::vec(
            (prop::collection::vec(".{0,6}", 0..6), -5_i64..1_000, "[a-c<>\"&]{0,2}"),
            0..60,
        ),
    ) {
        let mut made = Made::cpu();
        for (stack, value, plugin) in &samples {
            let stack: Vec<&str> = stack.iter().map(String::as_str).collect();
            made.sample(&stack, [1, *value], plugin);
        }
        let drawn = made.drawn();
        let expected: i64 = samples.iter().map(|(_, value, _)| (*value).max(0)).sum();
        prop_assert_eq!(&drawn.0["total"], &Value::from(expected));
        let ended: i64 = drawn.column("own", 4).iter().map(|own| own[2]).sum();
        prop_assert_eq!(ended, expected);
        let in_functions: i64 = drawn.functions().values().map(|(own, _)| own).sum();
        let without_stack: i64 = samples
            .iter()
            .filter(|(stack, _, _)| stack.is_empty())
            .map(|(_, value, _)| (*value).max(0))
            .sum();
        prop_assert_eq!(in_functions + without_stack, expected);
        for own in drawn.column("own", 4) {
            drawn.path(own[0]);
        }
    }
}
