//! Profiles of addresses, in pprof's format: what they mean is for others to find.

use std::{
    collections::HashMap,
    io::{self, Write as _},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use flate2::{Compression, write::GzEncoder};
use pprof::protos::{Label, Location, Mapping, Message as _, Profile, Sample, ValueType};

use super::maps::{Image, Maps};

/// A profile in the making.
#[derive(Debug)]
pub(super) struct RawProfile {
    profile: Profile,
    /// Places of what is in the table of strings.
    strings: HashMap<String, i64>,
    /// Numbers of locations, by address.
    locations: HashMap<u64, u64>,
}

/// What a profile measures.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Type and unit of each value of a sample.
    pub(super) values: &'static [(&'static str, &'static str)],
    /// The type that is looked at unless one says so.
    pub(super) default: &'static str,
    /// Type and unit of what lies between samples.
    pub(super) period_of: (&'static str, &'static str),
    /// How much of it lies between samples.
    pub(super) period: i64,
    /// What pprof is to leave out with all it calls: a regular expression for whole names of
    /// functions. None is left out where it is empty.
    pub(super) drop_frames: &'static str,
}

impl RawProfile {
    /// One without samples.
    pub(super) fn new(shape: Shape) -> Self {
        let mut profile = Self {
            profile: Profile::default(),
            strings: HashMap::new(),
            locations: HashMap::new(),
        };
        // The format wants the first string empty.
        profile.string("");
        let values = shape.values.iter().map(|&value| profile.value(value));
        profile.profile.sample_type = values.collect();
        profile.profile.default_sample_type = profile.string(shape.default);
        profile.profile.period_type = Some(profile.value(shape.period_of));
        profile.profile.period = shape.period;
        profile.profile.drop_frames = profile.string(shape.drop_frames);
        profile
    }

    /// Adds a sample: the addresses of the calls, the innermost first (of a return address the
    /// byte before it, which is of the call), a value for each type, and its labels.
    pub(super) fn add(&mut self, stack: &[u64], values: &[i64], labels: &[(&str, &str)]) {
        let location_id = stack.iter().map(|&address| self.location(address));
        let location_id = location_id.collect();
        let label = labels.iter().map(|(key, value)| Label {
            key: self.string(key),
            str: self.string(value),
            ..Label::default()
        });
        let label = label.collect();
        self.profile.sample.push(Sample {
            location_id,
            value: values.to_vec(),
            label,
        });
    }

    /// Adds a line for people to read.
    pub(super) fn comment(&mut self, line: &str) {
        let comment = self.string(line);
        self.profile.comment.push(comment);
    }

    /// Names the files that the addresses are of, by this process's current mappings, and
    /// compresses it.
    pub(super) fn finish(self, began: SystemTime, took: Duration) -> Vec<u8> {
        self.finish_by(&Maps::current(), began, took)
    }

    /// The same by these mappings.
    pub(super) fn finish_by(mut self, maps: &Maps, began: SystemTime, took: Duration) -> Vec<u8> {
        self.name(maps);
        let began = began.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.profile.time_nanos = nanos(began);
        self.profile.duration_nanos = nanos(took);
        compressed(&self.profile.encode_to_vec()).expect("memory takes all that is written")
    }

    /// Says of every location in which mapping it is. The program comes first, as readers take the
    /// first for it; mappings that no location is in are left out.
    fn name(&mut self, maps: &Maps) {
        let mut numbers = HashMap::new();
        if let Some(program) = maps.program() {
            numbers.insert(program.start, self.mapping(program));
        }
        let mut locations = std::mem::take(&mut self.profile.location);
        for location in &mut locations {
            if let Some(image) = maps.find(location.address) {
                let number = numbers.entry(image.start);
                location.mapping_id = *number.or_insert_with(|| self.mapping(image));
            }
        }
        self.profile.location = locations;
    }

    fn mapping(&mut self, image: &Image) -> u64 {
        let id = self.profile.mapping.len() as u64 + 1;
        let mapping = Mapping {
            id,
            memory_start: image.start,
            memory_limit: image.end,
            file_offset: image.offset,
            filename: self.string(&image.file),
            build_id: self.string(&image.build_id()),
            ..Mapping::default()
        };
        self.profile.mapping.push(mapping);
        id
    }

    fn location(&mut self, address: u64) -> u64 {
        let locations = &mut self.profile.location;
        *self.locations.entry(address).or_insert_with(|| {
            let id = locations.len() as u64 + 1;
            locations.push(Location {
                id,
                address,
                ..Location::default()
            });
            id
        })
    }

    fn value(&mut self, (what, unit): (&str, &str)) -> ValueType {
        ValueType {
            ty: self.string(what),
            unit: self.string(unit),
        }
    }

    fn string(&mut self, text: &str) -> i64 {
        if let Some(place) = self.strings.get(text) {
            return *place;
        }
        let table = &mut self.profile.string_table;
        let place = i64::try_from(table.len()).unwrap_or(0);
        table.push(text.to_owned());
        self.strings.insert(text.to_owned(), place);
        place
    }
}

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

fn compressed(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(bytes)?;
    packer.finish()
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Read as _;

    use flate2::read::GzDecoder;
    use proptest::prelude::*;

    use super::*;

    const SHAPE: Shape = Shape {
        values: &[("samples", "count"), ("cpu", "nanoseconds")],
        default: "cpu",
        period_of: ("cpu", "nanoseconds"),
        period: 10_000_000,
        drop_frames: "malloc",
    };

    /// What was compressed.
    pub(in crate::profile) fn read(bytes: &[u8]) -> Profile {
        let mut plain = Vec::new();
        GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
        Profile::decode(plain.as_slice()).unwrap()
    }

    /// The string at a place of the table.
    pub(in crate::profile) fn text(profile: &Profile, place: i64) -> &str {
        &profile.string_table[usize::try_from(place).unwrap()]
    }

    fn finished(profile: RawProfile) -> Profile {
        let maps = "2000-4000 r-xp 00001000 00:00 1 /lib/b.so\n\
                    5000-6000 r-xp 00000000 00:00 1 /lib/unused.so\n\
                    8000-9000 r-xp 00000000 00:00 2 /bin/a\n";
        let maps = Maps::of(maps, "/bin/a");
        let took = Duration::from_secs(3);
        read(&profile.finish_by(&maps, UNIX_EPOCH + took, took))
    }

    #[test]
    fn addresses_are_of_files_and_nothing_is_there_twice() {
        let mut profile = RawProfile::new(SHAPE);
        profile.add(&[0x2100, 0x7777, 0x2100], &[1, 10], &[("plugin", "cpu")]);
        profile.add(
            &[0x2100],
            &[2, 20],
            &[("plugin", "cpu"), ("thread", "samples")],
        );
        profile.comment("2 samples were lost");
        let profile = finished(profile);

        let files = profile
            .mapping
            .iter()
            .map(|one| text(&profile, one.filename));
        assert_eq!(files.collect::<Vec<_>>(), ["/bin/a", "/lib/b.so"]);
        let found: Vec<_> = profile
            .location
            .iter()
            .map(|one| (one.address, one.mapping_id))
            .collect();
        assert_eq!(found, [(0x2100, 2), (0x7777, 0)]);
        assert_eq!(profile.sample[0].location_id, [1, 2, 1]);
        assert_eq!(profile.sample[1].value, [2, 20]);
        assert_eq!(profile.sample[1].label[0], profile.sample[0].label[0]);
        assert_eq!(text(&profile, profile.comment[0]), "2 samples were lost");
        assert_eq!(text(&profile, profile.default_sample_type), "cpu");
        assert_eq!(text(&profile, profile.drop_frames), "malloc");
        assert_eq!(
            (profile.time_nanos, profile.duration_nanos),
            (3_000_000_000, 3_000_000_000)
        );
    }

    #[test]
    fn one_without_samples_names_the_program() {
        let profile = finished(RawProfile::new(SHAPE));
        assert_eq!((profile.sample.len(), profile.mapping.len()), (0, 1));
        assert_eq!(profile.string_table[0], "");
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(
            samples in proptest::collection::vec(
                (proptest::collection::vec(any::<u64>(), 0..20), any::<i64>(), "\\PC{0,10}"),
                0..20,
            ),
        ) {
            let mut profile = RawProfile::new(SHAPE);
            for (stack, value, label) in &samples {
                profile.add(stack, &[*value, 1], &[("thread", label)]);
            }
            let profile = finished(profile);
            let address = |id: &u64| profile.location[usize::try_from(*id).unwrap() - 1].address;
            let back = profile.sample.iter().map(|sample| (
                sample.location_id.iter().map(address).collect::<Vec<_>>(),
                sample.value[0],
                text(&profile, sample.label[0].str).to_owned(),
            ));
            prop_assert_eq!(back.collect::<Vec<_>>(), samples);
        }
    }
}
