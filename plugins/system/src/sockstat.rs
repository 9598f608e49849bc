//! Sockets in use by protocol, from `/proc/net/sockstat` and `sockstat6`.

use gaxx_sdk::prelude::*;

use crate::{
    by_name::{ByName, is_name_part},
    numbers::number,
    roots::Roots,
    source::Source,
};

gaxx_sdk::component!(collector "sockstat" => Sockstat, "Sockets in use by protocol.");

struct Sockstat {
    sources: [Source; 2],
    page_size: f64,
    gauges: ByName<Gauge>,
    key: String,
}

impl Component for Sockstat {
    type Settings = Roots;

    fn new(roots: Roots, context: &Context) -> Result<Self> {
        Ok(Self {
            sources: ["net/sockstat", "net/sockstat6"]
                .map(|below| Source::new(&roots.procfs, below)),
            page_size: rustix::param::page_size() as f64,
            gauges: ByName::new(context),
            key: String::new(),
        })
    }
}

impl Collector for Sockstat {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        self.gauges.handles().for_each(Gauge::clear);
        for source in &mut self.sources {
            let Some(text) = source.read_if_there()? else {
                continue;
            };
            for (protocol, field, value) in fields(&text) {
                let mut set = |suffix: &str, value: f64| {
                    self.key.clear();
                    self.key.extend([protocol, "_", field, suffix]);
                    let key = &self.key;
                    let register = |context: &Context| register(context, key, protocol, field);
                    if let Some(gauge) = self.gauges.get(key, register) {
                        gauge.set(value);
                    }
                };
                set("", value);
                if field == "mem" {
                    // The kernel tells pages.
                    set("_bytes", value * self.page_size);
                }
            }
        }
        Ok(())
    }
}

/// Protocol, field and value: `TCP: inuse 5 orphan 0` has two of them.
fn fields(text: &str) -> impl Iterator<Item = (&str, &str, f64)> {
    text.lines().flat_map(|line| {
        let (protocol, rest) = line.split_once(':').unwrap_or((line, ""));
        let mut words = rest.split_ascii_whitespace();
        std::iter::from_fn(move || {
            let field = words.next()?;
            Some((protocol, field, number(words.next()?)))
        })
        .filter_map(|(protocol, field, value)| Some((protocol, field, value?)))
    })
}

fn register(context: &Context, key: &str, protocol: &str, field: &str) -> Result<Option<Gauge>> {
    if !is_name_part(key) {
        return Ok(None);
    }
    let help = match (protocol, field) {
        ("sockets", "used") => "Sockets of all kinds in use.".to_owned(),
        (_, "mem" | "memory") => {
            let unit = if key.ends_with("_bytes") {
                " in bytes"
            } else {
                ""
            };
            format!("Memory that {protocol} sockets use{unit}.")
        }
        _ => format!("{protocol} sockets in state {field}."),
    };
    context
        .gauge(&format!("node_sockstat_{key}"), &help)
        .map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    crate::golden::tests!(Sockstat, "sockstat");

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "([A-Z]{1,4}:? ([a-z]{1,4} [0-9]{0,25} ){0,3}\n|\\PC*\n){0,6}") {
            for (_, field, value) in fields(&text) {
                prop_assert!(!field.is_empty() && value.is_finite());
            }
        }
    }
}
