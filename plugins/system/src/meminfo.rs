//! The kernel's account of memory, from `/proc/meminfo`.

use gaxx_sdk::prelude::*;

use crate::{
    by_name::{ByName, is_name_part},
    numbers::number,
    roots::Roots,
    source::Source,
};

gaxx_sdk::component!(collector "meminfo" => Meminfo, "Every field of the kernel's account of memory.");

struct Meminfo {
    meminfo: Source,
    fields: ByName<Gauge>,
}

impl Component for Meminfo {
    type Settings = Roots;

    fn new(roots: Roots, context: &Context) -> Result<Self> {
        let meminfo = Source::new(&roots.procfs, "meminfo");
        let fields = ByName::new(context);
        Ok(Self { meminfo, fields })
    }
}

impl Collector for Meminfo {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        let text = self.meminfo.read()?;
        self.fields.handles().for_each(Gauge::clear);
        let mut found = false;
        for (field, value, is_bytes) in fields(&text) {
            let gauge = self.fields.get(field, |context| {
                let Some(name) = metric(field, is_bytes) else {
                    return Ok(None);
                };
                let help = format!("Field {field} of the kernel's account of memory.");
                context.gauge(&name, &help).map(Some)
            });
            if let Some(gauge) = gauge {
                gauge.set(value);
                found = true;
            }
        }
        if found {
            return Ok(());
        }
        Err(Error::failed("the kernel's meminfo file has no fields"))
    }
}

/// The fields with their values, in bytes where the kernel names a unit, which is always kB.
fn fields(text: &str) -> impl Iterator<Item = (&str, f64, bool)> {
    text.lines().filter_map(|line| {
        let (field, rest) = line.split_once(':')?;
        let mut words = rest.split_ascii_whitespace();
        let value = number(words.next()?)?;
        let is_bytes = words.next() == Some("kB");
        Some((
            field,
            if is_bytes { value * 1024.0 } else { value },
            is_bytes,
        ))
    })
}

/// The metric of a field: `Active(anon)` in kB is `node_memory_Active_anon_bytes`.
fn metric(field: &str, is_bytes: bool) -> Option<String> {
    let field = field.replace('(', "_").replace(')', "");
    let unit = if is_bytes { "_bytes" } else { "" };
    is_name_part(&field).then(|| format!("node_memory_{field}{unit}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    crate::golden::tests!(Meminfo, "meminfo");

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "([A-Za-z()_]{0,8}:? *[0-9]{0,30} ?(kB)?\n|\\PC*\n){0,8}") {
            for (field, value, is_bytes) in fields(&text) {
                prop_assert!(value.is_finite());
                if let Some(name) = metric(field, is_bytes) {
                    prop_assert!(is_name_part(&name));
                }
            }
        }
    }
}
