#![allow(clippy::unwrap_used)]

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use pprof::protos::{self, Message};
use proptest::{collection::vec, prelude::*};

use super::*;

fn text() -> impl Strategy<Value = Text> {
    "[a-c]{0,2}".prop_map(Text::from)
}

fn kind() -> impl Strategy<Value = ValueType> {
    (text(), text()).prop_map(|(name, unit)| ValueType { name, unit })
}

fn label() -> impl Strategy<Value = Label> {
    // A text that is empty is no text in pprof's format.
    let word = "[a-c]{1,2}".prop_map(|text| Label::Text(text.into()));
    prop_oneof![
        word,
        (any::<i64>(), text()).prop_map(|(number, unit)| Label::Number(number, unit))
    ]
}

fn mapping() -> impl Strategy<Value = Mapping> {
    (any::<[u64; 3]>(), text(), text(), any::<bool>()).prop_map(
        |([start, end, offset], file, build_id, is_symbolised)| Mapping {
            start,
            end,
            offset,
            file,
            build_id,
            is_symbolised,
        },
    )
}

fn function() -> impl Strategy<Value = Function> {
    (text(), text(), text(), any::<i64>()).prop_map(|(name, system_name, file, start_line)| {
        Function {
            name,
            system_name,
            file,
            start_line,
        }
    })
}

fn location() -> impl Strategy<Value = Location> {
    let line = (0..3_usize, any::<i64>()).prop_map(|(function, line)| Line { function, line });
    (
        any::<u64>(),
        proptest::option::of(0..2_usize),
        vec(line, 0..3),
    )
        .prop_map(|(address, mapping, lines)| Location {
            address,
            mapping,
            lines,
        })
}

prop_compose! {
    fn profile()(
        names in vec("[a-z]{1,3}", 2..4),
        samples in vec((vec(0..4_usize, 0..5), any::<[i64; 4]>(), vec((text(), label()), 0..3)), 0..6),
        locations in vec(location(), 4),
        mappings in vec(mapping(), 2),
        functions in vec(function(), 3),
        (comments, drop_frames) in (vec(text(), 0..2), text()),
        (time_nanos, duration) in (any::<i64>(), 0..1_u64 << 60),
        period in proptest::option::of((kind(), any::<i64>())),
    ) -> Profile {
        let numbered = names.iter().zip(0..);
        let types = numbered.map(|(name, at)| ValueType::new(&format!("{name}{at}"), "count"));
        let width = names.len();
        let sample = |(locations, values, labels): (Vec<usize>, [i64; 4], Vec<(Text, Label)>)| Sample {
            locations,
            values: values[..width].to_vec(),
            labels,
        };
        Profile {
            types: types.collect(),
            default_type: 1,
            samples: samples.into_iter().map(sample).collect(),
            locations,
            mappings,
            functions,
            comments,
            drop_frames,
            time_nanos,
            duration: Duration::from_nanos(duration),
            period,
        }
    }
}

/// One whose sums are no larger than numbers can be, of two types of value.
fn small(mut profile: Profile) -> Profile {
    profile.types = vec![ValueType::new("a", "count"), ValueType::new("b", "bytes")];
    for sample in &mut profile.samples {
        sample.values = sample
            .values
            .iter()
            .take(2)
            .map(|value| value % 1000)
            .collect();
    }
    profile
}

proptest! {
    #[test]
    fn a_profile_comes_back_as_it_went(profile in profile()) {
        prop_assert_eq!(decode(&encode(&profile).unwrap()).unwrap(), profile);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200), at in any::<usize>(), profile in profile()) {
        let _ = decode(&bytes);
        let mut whole = coded(&profile).encode_to_vec();
        for byte in bytes.iter().take(3) {
            let at = at.wrapping_add((*byte).into()) % whole.len();
            whole[at] = *byte;
        }
        let _ = decode(&whole);
        whole.truncate(at % whole.len());
        let _ = decode(&whole);
    }

    #[test]
    fn nothing_is_the_difference_of_a_profile_to_itself(profile in profile()) {
        let profile = small(profile);
        prop_assert_eq!(difference(&profile, profile.clone()).samples, Vec::new());
    }

    #[test]
    fn sums_differ_by_the_sum_of_differences(before in profile(), after in profile()) {
        let (before, after) = (small(before), small(after));
        let totals = [0, 1].map(|kind| after.total(kind) - before.total(kind));
        let difference = difference(&before, after);
        prop_assert_eq!([0, 1].map(|kind| difference.total(kind)), totals);
        // All that it names is there.
        prop_assert_eq!(decode(&encode(&difference).unwrap()).unwrap(), difference);
    }
}

#[test]
fn what_points_nowhere_is_refused() {
    let whole = || protos::Profile {
        string_table: vec![String::new()],
        sample_type: vec![protos::ValueType::default()],
        ..protos::Profile::default()
    };
    let sample = |location_id, value| protos::Sample {
        location_id,
        value,
        label: Vec::new(),
    };
    assert!(decode(&whole().encode_to_vec()).is_ok());
    let refused = |change: &dyn Fn(&mut protos::Profile)| {
        let mut profile = whole();
        change(&mut profile);
        let error = decode(&profile.encode_to_vec()).unwrap_err();
        assert!(!error.remedy().is_empty());
        error.to_string()
    };
    let told = [
        refused(&|profile| profile.string_table.clear()),
        refused(&|profile| profile.comment.push(1)),
        refused(&|profile| profile.comment.push(-1)),
        refused(&|profile| profile.sample.push(sample(vec![7], vec![1]))),
        refused(&|profile| profile.sample.push(sample(vec![], vec![1, 2]))),
        refused(&|profile| {
            profile.location.push(protos::Location {
                id: 1,
                mapping_id: 9,
                ..protos::Location::default()
            });
        }),
    ];
    let expected = [
        "the first text",
        "text 1",
        "text -1",
        "location 7",
        "2 values and not 1",
        "mapping 9",
    ];
    for (told, part) in told.iter().zip(expected) {
        let known = told.contains(part) || part == "the first text";
        assert!(known, "{told}: {part}");
    }
}

#[test]
fn a_small_file_that_holds_gigabytes_is_not_unpacked() {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..70 {
        bomb.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    assert!(matches!(decode(&bomb), Err(ProfileError::Large)));
}

#[test]
fn what_was_freed_is_negative_and_keeps_its_library() {
    let sample = |location, value| Sample {
        locations: vec![location],
        values: vec![value],
        labels: Vec::new(),
    };
    let at = |address, mapping| Location {
        address,
        mapping: Some(mapping),
        lines: Vec::new(),
    };
    let mapping = |file: &str| Mapping {
        file: file.into(),
        ..Mapping::default()
    };
    let before = Profile {
        types: vec![ValueType::new("inuse_space", "bytes")],
        samples: vec![sample(0, 5), sample(1, 7)],
        locations: vec![at(100, 0), at(200, 1)],
        mappings: vec![mapping("/bin/a"), mapping("/lib/b")],
        time_nanos: 1_000_000_000,
        ..Profile::default()
    };
    let after = Profile {
        samples: vec![sample(0, 8)],
        locations: vec![at(100, 0)],
        mappings: vec![mapping("/bin/a")],
        time_nanos: 3_000_000_000,
        ..before.clone()
    };
    let difference = difference(&before, after);
    assert_eq!(difference.samples, [sample(0, 3), sample(1, -7)]);
    assert_eq!(difference.locations, [at(100, 0), at(200, 1)]);
    assert_eq!(difference.mappings[1].bracketed_name(), "[b]".into());
    assert_eq!(difference.duration, Duration::from_secs(2));
}
