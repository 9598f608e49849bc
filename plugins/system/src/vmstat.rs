//! Paging and swapping, from `/proc/vmstat`.

use std::path::PathBuf;

use gaxx_sdk::prelude::*;

use crate::{
    by_name::{ByName, is_name_part},
    numbers::named,
    pattern::Pattern,
    source::Source,
    untyped::Untyped,
};

gaxx_sdk::component!(collector "vmstat" => Vmstat, "Paging, swapping, and processes killed for want of memory.");

#[settings]
pub(crate) struct Settings {
    /// Where the kernel's process file system is mounted.
    #[default("/proc".into())]
    procfs: PathBuf,
    /// Which fields of the virtual memory's statistics are collected.
    #[default]
    vmstat: VmstatSettings,
}

/// Which fields of the virtual memory's statistics are collected.
#[settings]
pub(crate) struct VmstatSettings {
    /// A regular expression for the names of the fields.
    #[default(Pattern::fixed("^(oom_kill|pgpg|pswp|pg.*fault).*"))]
    fields: Pattern,
}

struct Vmstat {
    file: Source,
    wanted: Pattern,
    fields: ByName<Untyped>,
}

impl Component for Vmstat {
    type Settings = Settings;

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        Ok(Self {
            file: Source::new(&settings.procfs, "vmstat"),
            wanted: settings.vmstat.fields,
            fields: ByName::new(context),
        })
    }
}

impl Collector for Vmstat {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        let text = self.file.read()?;
        for (field, value) in named(&text) {
            let wanted = &self.wanted;
            let metric = self.fields.get(field, |context| {
                if !wanted.matches(field) || !is_name_part(field) {
                    return Ok(None);
                }
                let name = format!("node_vmstat_{field}");
                let help = format!("Field {field} of the kernel's statistics of virtual memory.");
                // Those that tell how many there are now, by the kernel's own convention.
                let is_state = field.starts_with("nr_");
                Untyped::register(context, is_state, &name, &help).map(Some)
            });
            if let Some(metric) = metric {
                metric.set(value);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::golden::tests!(Vmstat, "vmstat");
}
