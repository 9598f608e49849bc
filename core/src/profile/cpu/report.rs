//! Makes a profile of what was counted.

use std::time::{Duration, SystemTime};

use super::{log::Sample, tally::Tally};
use crate::profile::{
    label,
    maps::Maps,
    raw::{RawProfile, Shape},
};

const SHAPE: Shape = Shape {
    values: &[("samples", "count"), ("cpu", "nanoseconds")],
    default: "cpu",
    period_of: ("cpu", "nanoseconds"),
    period: 0,
    drop_frames: "",
};

/// The profile, compressed. The process has `used` so much CPU time meanwhile.
pub(super) fn profile(
    tally: &Tally,
    hertz: u32,
    began: SystemTime,
    took: Duration,
    used: Duration,
) -> Vec<u8> {
    let maps = Maps::current();
    let period = 1_000_000_000 / i64::from(hertz.max(1));
    let mut profile = RawProfile::new(Shape { period, ..SHAPE });
    for (sample, count) in tally.samples() {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let stack = believed(sample.calls(), &maps);
        let labels = labels(sample, stack, &maps);
        let labels: Vec<_> = labels
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect();
        profile.add(stack, &[count, count.saturating_mul(period)], &labels);
    }
    // Samples may stand for less: where many threads run, the kernel makes one signal of several.
    let used = used.as_secs_f64();
    profile.comment(&format!("the process used {used:.2} s of CPU time"));
    if tally.lost > 0 {
        profile.comment(&format!(
            "{} samples were lost: too many at once, or too many different ones",
            tally.lost
        ));
    }
    profile.finish_by(&maps, began, took)
}

/// The calls before the first one from where no code is: that was no return address.
fn believed<'a>(calls: &'a [u64], maps: &Maps) -> &'a [u64] {
    let is_wrong = |call: &u64| maps.find(*call).is_none();
    let wrong = calls.iter().skip(1).position(is_wrong);
    wrong.map_or(calls, |wrong| &calls[..=wrong])
}

/// Whose call it was, as the thread was marked; or else whose library it came through, as on a
/// thread that a plugin began.
fn labels(sample: Sample<'_>, stack: &[u64], maps: &Maps) -> Vec<(&'static str, String)> {
    let mut labels = vec![("thread", sample.thread())];
    if let Some(owner) = sample.label().owner() {
        let component = owner.component_label();
        labels.push(("plugin", owner.plugin));
        if !component.is_empty() {
            labels.push(("component", component));
        }
    } else {
        let mut files = stack.iter().filter_map(|call| maps.find(*call));
        let plugin = files.find_map(|image| label::plugin_of(&image.file));
        labels.extend(plugin.map(|plugin| ("plugin", plugin)));
    }
    labels
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::path::Path;

    use super::*;
    use crate::{
        profile::{cpu::log::Log, label::Label},
        registry::Owner,
    };

    const MAPS: &str = "\
        1000-2000 r-xp 00000000 00:00 1 /bin/a\n\
        3000-4000 r-xp 00000000 00:00 1 /copies/report-test.so\n";

    #[test]
    fn who_called_is_said_or_else_whose_library_it_is() {
        label::library(Path::new("/copies/report-test.so"), "report-test");
        let maps = Maps::of(MAPS, "/bin/a");
        let said = |label: Label, calls: &[u64]| {
            let mut log = Log::new();
            log.add(label, *b"a thread\0\0\0\0\0\0\0\0", calls);
            let sample = log.samples().next().unwrap();
            let labels = labels(sample, sample.calls(), &maps);
            labels
                .into_iter()
                .map(|(_, value)| value)
                .collect::<Vec<_>>()
        };
        let component = Label::of(&Owner::new("caller", "part"));
        let plugin = Label::of(&Owner::new("caller", ""));
        assert_eq!(said(component, &[0x3100]), ["a thread", "caller", "part"]);
        assert_eq!(said(plugin, &[0x3100]), ["a thread", "caller"]);
        assert_eq!(
            said(Label::default(), &[0x1100, 0x3100]),
            ["a thread", "report-test"]
        );
        assert_eq!(said(Label::default(), &[0x1100]), ["a thread"]);
    }

    #[test]
    fn a_stack_ends_where_no_code_is() {
        let maps = Maps::of(MAPS, "/bin/a");
        assert_eq!(
            believed(&[0x1100, 0x3100, 0x77, 0x1200], &maps),
            [0x1100, 0x3100]
        );
        assert_eq!(believed(&[0x77, 0x1200], &maps), [0x77, 0x1200]);
        assert_eq!(believed(&[0x1100], &maps), [0x1100]);
        assert_eq!(believed(&[], &maps), [0; 0]);
    }
}
