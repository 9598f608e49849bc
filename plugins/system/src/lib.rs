//! The machine as metrics and health checks, under the names that `node_exporter` gives them.
//!
//! One file or folder an area; each declares its own component, so that adding an area touches
//! nothing but its file and the list below. Values come from small parsers over `/proc` and
//! `/sys` that read whole files into a kept buffer, and from `sysinfo` where that serves: the
//! README names the areas.

mod attributes;
mod by_name;
mod devices;
mod numbers;
mod pattern;
mod roots;
mod source;
mod untyped;

mod arp;
mod bonding;
mod checks;
mod conntrack;
mod cpu;
mod cpufreq;
mod diskstats;
mod dmi;
mod edac;
mod entropy;
mod filefd;
mod filesystem;
mod hwmon;
mod loadavg;
mod mdadm;
mod meminfo;
mod netclass;
mod netdev;
mod netstat;
mod nvme;
mod os;
mod pressure;
mod processes;
mod schedstat;
mod selinux;
mod sockstat;
mod softnet;
mod stat;
mod thermal_zone;
mod time;
mod timex;
mod udp_queues;
mod uname;
mod vmstat;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod plugin_test;

gaxx_sdk::plugin! {
    name = "system";
    description = "The machine: CPU, memory, load, disks, network and more, named as node_exporter names them.";
}
