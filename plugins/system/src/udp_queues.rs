//! Bytes that wait in the queues of UDP sockets, from `/proc/net/udp` and `udp6`.

use gaxx_sdk::prelude::*;

use crate::{roots::Roots, source::Source};

gaxx_sdk::component!(collector "udp-queues" => UdpQueues, "Bytes that wait in the queues of UDP sockets.");

struct UdpQueues {
    sources: [(&'static str, Source); 2],
    queues: Family<Gauge, 2>,
}

impl Component for UdpQueues {
    type Settings = Roots;

    fn new(roots: Roots, context: &Context) -> Result<Self> {
        Ok(Self {
            sources: [
                ("v4", Source::new(&roots.procfs, "net/udp")),
                ("v6", Source::new(&roots.procfs, "net/udp6")),
            ],
            queues: context.gauges(
                "node_udp_queues",
                "Bytes that wait in the queues of UDP sockets.",
                ["queue", "ip"],
            )?,
        })
    }
}

impl Collector for UdpQueues {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        self.queues.reset();
        for (ip, source) in &mut self.sources {
            if let Some(text) = source.read_if_there()? {
                let (sent, received) = waiting(&text);
                self.queues.with(["tx", ip]).set(sent);
                self.queues.with(["rx", ip]).set(received);
            }
        }
        Ok(())
    }
}

/// Bytes that wait to be sent and to be received, over all sockets: the fifth column, `tx:rx` in
/// hexadecimal, below a line of headings.
fn waiting(text: &str) -> (f64, f64) {
    let queues = |line: &str| {
        let (sent, received) = line.split_ascii_whitespace().nth(4)?.split_once(':')?;
        let number = |digits| u32::from_str_radix(digits, 16).ok().map(f64::from);
        Some((number(sent)?, number(received)?))
    };
    let all = text.lines().skip(1).filter_map(queues);
    all.fold((0.0, 0.0), |sum, queue| (sum.0 + queue.0, sum.1 + queue.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    crate::golden::tests!(UdpQueues, "udp-queues");

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "(( [0-9A-F:]{1,20}){0,7}\n|\\PC*\n){0,6}") {
            let (sent, received) = waiting(&text);
            prop_assert!(sent >= 0.0 && received >= 0.0);
        }
    }
}
