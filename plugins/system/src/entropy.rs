//! The kernel's pool of randomness.

use gaxx_sdk::prelude::*;

use crate::{numbers::number, roots::Roots, source::Source};

gaxx_sdk::component!(collector "entropy" => Entropy, "Bits in the kernel's pool of randomness.");

struct Entropy {
    bits: [(Source, Gauge); 2],
}

impl Component for Entropy {
    type Settings = Roots;

    fn new(roots: Roots, context: &Context) -> Result<Self> {
        let available = Source::new(&roots.procfs, "sys/kernel/random/entropy_avail");
        let size = Source::new(&roots.procfs, "sys/kernel/random/poolsize");
        Ok(Self {
            bits: [
                (
                    available,
                    context.gauge("node_entropy_available_bits", "Bits of randomness at hand.")?,
                ),
                (
                    size,
                    context.gauge("node_entropy_pool_size_bits", "Bits that the pool holds.")?,
                ),
            ],
        })
    }
}

impl Collector for Entropy {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        for (source, gauge) in &mut self.bits {
            if let Some(bits) = source.read_if_there()?.and_then(|text| number(text.trim())) {
                gauge.set(bits);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::golden::tests!(Entropy, "entropy");
}
