//! Metrics and health checks in any language: programs that print Prometheus text, plugins of
//! Nagios, and files of metrics.
//!
//! Nothing here runs before the configuration asks for it: each component is made only where the
//! section, or an instance of it, has the key that bears the component's name.

mod collector;
mod exposition;
mod held;
mod mirror;
mod nagios;
mod program;
mod textfile;

#[cfg(test)]
mod script;
#[cfg(test)]
mod tests;

gaxx_sdk::plugin! {
    name = "exec";
    description = "Programs in any language: metrics they print, Nagios checks, and files of metrics.";
}
