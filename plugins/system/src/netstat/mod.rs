//! Counters of the network protocols, from `/proc/net/netstat`, `snmp` and `snmp6`.

mod table;

use std::path::PathBuf;

use gaxx_sdk::prelude::*;

use self::table::{Table, pairs, split_snmp6};
use crate::{
    by_name::{ByName, is_name_part},
    numbers::named,
    pattern::Pattern,
    source::Source,
    untyped::Untyped,
};

gaxx_sdk::component!(collector "netstat" => Netstat, "Counters of IP, ICMP, TCP and UDP.");

const DEFAULT_FIELDS: &str = "^(.*_(InErrors|InErrs)\
    |Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)\
    |TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)\
    |Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)\
    |Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$";

/// Those that are no counters.
const STATES: [&str; 7] = [
    "Ip_DefaultTTL",
    "Ip_Forwarding",
    "Tcp_CurrEstab",
    "Tcp_MaxConn",
    "Tcp_RtoAlgorithm",
    "Tcp_RtoMax",
    "Tcp_RtoMin",
];

#[settings]
pub(crate) struct Settings {
    /// Where the kernel's process file system is mounted.
    #[default("/proc".into())]
    procfs: PathBuf,
    /// Which counters of the network protocols are collected.
    #[default]
    netstat: NetstatSettings,
}

/// Which counters of the network protocols are collected.
#[settings]
pub(crate) struct NetstatSettings {
    /// A regular expression for names such as `Tcp_InSegs`.
    #[default(Pattern::fixed(DEFAULT_FIELDS))]
    fields: Pattern,
}

struct Netstat {
    /// Files of the form with a line of names above each line of numbers.
    tables: [(Source, Table); 2],
    snmp6: Source,
    wanted: Pattern,
    fields: ByName<Untyped>,
}

impl Component for Netstat {
    type Settings = Settings;

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        let table = |below| (Source::new(&settings.procfs, below), Table::default());
        Ok(Self {
            tables: ["net/netstat", "net/snmp"].map(table),
            snmp6: Source::new(&settings.procfs, "net/snmp6"),
            wanted: settings.netstat.fields,
            fields: ByName::new(context),
        })
    }
}

impl Collector for Netstat {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        let Self {
            tables,
            snmp6,
            wanted,
            fields,
        } = self;
        for (source, table) in tables {
            let Some(text) = source.read_if_there()? else {
                continue;
            };
            for (number, (names, values)) in pairs(&text).enumerate() {
                table.set(number, names, values, |protocol, field| {
                    let key = format!("{protocol}_{field}");
                    fields
                        .get(&key, |context| make(context, wanted, &key))
                        .cloned()
                });
            }
        }
        if let Some(text) = snmp6.read_if_there()? {
            for (name, value) in named(&text) {
                let metric = fields.get(name, |context| match split_snmp6(name) {
                    Some((protocol, field)) => {
                        make(context, wanted, &format!("{protocol}_{field}"))
                    }
                    None => Ok(None),
                });
                if let Some(metric) = metric {
                    metric.set(value);
                }
            }
        }
        Ok(())
    }
}

fn make(context: &Context, wanted: &Pattern, key: &str) -> Result<Option<Untyped>> {
    if !wanted.matches(key) || !is_name_part(key) {
        return Ok(None);
    }
    let help = format!("Field {key} of the kernel's statistics of network protocols.");
    let is_state = STATES.contains(&key);
    Untyped::register(context, is_state, &format!("node_netstat_{key}"), &help).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::golden::tests!(Netstat, "netstat");
}
