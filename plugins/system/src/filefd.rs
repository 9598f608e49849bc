//! Open files of the whole machine.

use gaxx_sdk::prelude::*;

use crate::{numbers::columns, roots::Roots, source::Source};

gaxx_sdk::component!(collector "filefd" => Filefd, "Open files of the whole machine, and their limit.");

struct Filefd {
    file_nr: Source,
    allocated: Gauge,
    maximum: Gauge,
}

impl Component for Filefd {
    type Settings = Roots;

    fn new(roots: Roots, context: &Context) -> Result<Self> {
        Ok(Self {
            file_nr: Source::new(&roots.procfs, "sys/fs/file-nr"),
            allocated: context
                .gauge("node_filefd_allocated", "Open files of the whole machine.")?,
            maximum: context.gauge(
                "node_filefd_maximum",
                "Most files that the machine may have open.",
            )?,
        })
    }
}

impl Collector for Filefd {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        let Some(text) = self.file_nr.read_if_there()? else {
            return Ok(());
        };
        // The middle number is always 0 since Linux 2.6.
        let [allocated, _, maximum] = columns(text.split_ascii_whitespace());
        if let Some(allocated) = allocated {
            self.allocated.set(allocated);
        }
        if let Some(maximum) = maximum {
            self.maximum.set(maximum);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::golden::tests!(Filefd, "filefd");
}
