//! What the schema cannot say: how settings must fit each other.

use std::{collections::BTreeMap, net::IpAddr};

use super::pointer;
use super::problem::Severity;
use super::sections::{Config, Tls};
use super::validate::Finding;
use crate::{
    export::relabel::{Relabel, is_label},
    security,
};

/// Every rule that `config` breaks. `sound` says whether the value at a pointer is as written; a
/// rule over a value that was refused already is left out.
pub(super) fn broken(config: &Config, sound: impl Fn(&str) -> bool) -> Vec<Finding> {
    let rules = [
        remote_listener(config),
        remote_api(config),
        remote_profiling(config),
        task_thresholds(config),
        collector_thresholds(config),
        export_thresholds(config),
        library_sizes(config),
        signatures(config),
    ];
    let rules = rules
        .into_iter()
        .flatten()
        .filter(|rule| rule.concerns.iter().all(|pointer| sound(pointer)))
        .map(|rule| rule.finding);
    let security = security::check(config)
        .into_iter()
        .filter(|fault| sound(&fault.pointer))
        .map(|fault| Finding::value(fault.pointer, fault.message));
    let exporters = relabelling(config)
        .into_iter()
        .filter(|(pointer, _)| sound(pointer))
        .map(|(pointer, message)| Finding::value(pointer, message));
    rules.chain(security).chain(exporters).collect()
}

/// Rules and labels of exporters that cannot be used: where, and why.
fn relabelling(config: &Config) -> Vec<(String, String)> {
    let mut faults = Vec::new();
    for (name, section) in &config.exporters {
        let at = |key: &str| pointer::join(&pointer::join("/exporters", name), key);
        if let Err((rule, error)) = Relabel::new(&section.relabel, BTreeMap::new()) {
            let pointer = pointer::join(&at("relabel"), &rule.to_string());
            faults.push((pointer, error.to_string()));
        }
        let wrong = section.labels.keys().filter(|label| !is_label(label));
        faults.extend(wrong.map(|label| {
            let message =
                "a label's name has letters, digits and `_`, and begins with no digit".to_owned();
            (pointer::join(&at("labels"), label), message)
        }));
    }
    faults
}

struct Broken {
    finding: Finding,
    /// The values the rule looks at.
    concerns: &'static [&'static str],
}

fn remote_listener(config: &Config) -> Option<Broken> {
    let (server, listen) = (&config.server, config.server.listen);
    let is_safe = server.tls.certificate.is_some()
        && (server.require_login || server.tls.require_client_certificate);
    // What is in the web configuration is judged when it is read.
    let judged = is_safe || server.web_config_file.is_some();
    if judged || listen.to_canonical().is_loopback() || !config.telemetry.enabled {
        return None;
    }
    let message = format!(
        "other machines can reach {listen}, and the monitoring pages lack TLS, a login or both"
    );
    let finding = if config.server.allow_plain_remote {
        let message = format!("{message}; `server.allow_plain_remote` allows it");
        Finding {
            severity: Severity::Warning,
            ..Finding::value("/server/listen", message)
        }
    } else {
        let remedy = "listen on 127.0.0.1, set `server.tls` and `server.require_login`, or set \
                      `server.allow_plain_remote: true`";
        Finding::value("/server/listen", format!("{message}; {remedy}"))
    };
    Some(Broken {
        finding,
        concerns: &[
            "/server/listen",
            "/server/allow_plain_remote",
            "/server/require_login",
            "/server/tls",
            "/server/web_config_file",
            "/telemetry/enabled",
        ],
    })
}

fn remote_api(config: &Config) -> Option<Broken> {
    let finding = open_to_others(config, "agent", config.agent.listen, &config.agent.tls)?;
    Some(Broken {
        finding,
        concerns: &["/agent/listen", "/agent/tls", "/auth/tokens"],
    })
}

fn remote_profiling(config: &Config) -> Option<Broken> {
    let profiling = &config.profiling;
    if !config.telemetry.enabled {
        return None;
    }
    Some(Broken {
        finding: open_to_others(config, "profiling", profiling.listen, &profiling.tls)?,
        concerns: &[
            "/profiling/listen",
            "/profiling/tls",
            "/auth/tokens",
            "/telemetry/enabled",
        ],
    })
}

/// What a listener lacks that other machines can reach, and that is served to nobody plainly: TLS,
/// and somebody who can show who he is. The token of this machine's users is for this machine.
fn open_to_others(config: &Config, section: &str, listen: IpAddr, tls: &Tls) -> Option<Finding> {
    if listen.to_canonical().is_loopback() {
        return None;
    }
    let lacks = if tls.certificate.is_none() {
        format!(
            "it has no TLS; set `{section}.tls.certificate` and `{section}.tls.key`, which \
             `gaxx-mon agent init` makes"
        )
    } else if tls.client_ca.is_none() && config.auth.tokens.is_empty() {
        format!(
            "nobody could show who he is; set `{section}.tls.client_ca`, or give somebody a token \
             in `auth.tokens` by `gaxx-mon agent token NAME`"
        )
    } else {
        return None;
    };
    let message = format!("other machines can reach {listen}, and {lacks}; or listen on 127.0.0.1");
    Some(Finding::value(format!("/{section}/listen"), message))
}

fn export_thresholds(config: &Config) -> Option<Broken> {
    let export = &config.health.export;
    (export.degraded > export.unhealthy).then(|| Broken {
        finding: Finding::value(
            "/health/export/degraded",
            format!(
                "{} is more than `health.export.unhealthy`, which is {}; make it that or less",
                export.degraded, export.unhealthy
            ),
        ),
        concerns: &["/health/export/degraded", "/health/export/unhealthy"],
    })
}

fn task_thresholds(config: &Config) -> Option<Broken> {
    let tasks = &config.health.tasks;
    (tasks.degraded > tasks.unhealthy).then(|| Broken {
        finding: Finding::value(
            "/health/tasks/degraded",
            format!(
                "{} is more than `health.tasks.unhealthy`, which is {}; make it that or less",
                tasks.degraded, tasks.unhealthy
            ),
        ),
        concerns: &["/health/tasks/degraded", "/health/tasks/unhealthy"],
    })
}

fn collector_thresholds(config: &Config) -> Option<Broken> {
    let collectors = &config.health.collectors;
    collectors.degraded.exceeds(collectors.unhealthy).then(|| Broken {
        finding: Finding::value(
            "/health/collectors/degraded",
            format!(
                "{} is more than `health.collectors.unhealthy`, which is {}; make it that or less",
                collectors.degraded, collectors.unhealthy
            ),
        ),
        concerns: &["/health/collectors/degraded", "/health/collectors/unhealthy"],
    })
}

fn library_sizes(config: &Config) -> Option<Broken> {
    let limits = &config.limits;
    (limits.max_library_size > limits.max_loaded_size).then(|| Broken {
        finding: Finding::value(
            "/limits/max_library_size",
            format!(
                "{} for one library is more than `limits.max_loaded_size` for all, which is {}",
                limits.max_library_size, limits.max_loaded_size
            ),
        ),
        concerns: &["/limits/max_library_size", "/limits/max_loaded_size"],
    })
}

fn signatures(config: &Config) -> Option<Broken> {
    let trust = &config.plugins.trust;
    (trust.require_signature && trust.keys.is_empty()).then(|| Broken {
        finding: Finding::value(
            "/plugins/trust/require_signature",
            "there is no key to check signatures with; put the public key of whoever signs the \
             libraries into `plugins.trust.keys`, or set this to `false`",
        ),
        concerns: &["/plugins/trust/require_signature", "/plugins/trust/keys"],
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(yaml: &str, expected: &[(&str, Severity)]) {
        let config: Config = serde_yaml::from_str(yaml).unwrap();
        let findings = broken(&config, |_| true);
        let found: Vec<_> = findings
            .iter()
            .map(|f| (f.pointer.as_str(), f.severity))
            .collect();
        assert_eq!(found, expected, "{yaml}");
        assert!(broken(&config, |_| false).is_empty());
    }

    #[test]
    fn settings_must_fit_each_other() {
        check("{}", &[]);
        check("server: {listen: '::1'}", &[]);
        check(
            "server: {listen: 0.0.0.0}",
            &[("/server/listen", Severity::Error)],
        );
        check(
            "server: {listen: 0.0.0.0, allow_plain_remote: true}",
            &[("/server/listen", Severity::Warning)],
        );
        check(
            "{server: {listen: 0.0.0.0}, telemetry: {enabled: false}}",
            &[],
        );
        let tls = "tls: {certificate: a, key: b}";
        check(
            &format!("server: {{listen: 0.0.0.0, {tls}}}"),
            &[("/server/listen", Severity::Error)],
        );
        check(
            &format!("server: {{listen: 0.0.0.0, {tls}, require_login: true}}"),
            &[],
        );
        check("server: {listen: 0.0.0.0, web_config_file: w}", &[]);
        check(
            "health: {tasks: {degraded: 20000}}",
            &[("/health/tasks/degraded", Severity::Error)],
        );
        check(
            "health: {collectors: {degraded: 60%, unhealthy: 50%}}",
            &[("/health/collectors/degraded", Severity::Error)],
        );
        check(
            "limits: {max_library_size: 2GiB}",
            &[("/limits/max_library_size", Severity::Error)],
        );
        check(
            "plugins: {trust: {require_signature: true}}",
            &[("/plugins/trust/require_signature", Severity::Error)],
        );
        check(
            "plugins: {trust: {require_signature: true, \
             keys: [RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3]}}",
            &[],
        );
    }

    #[test]
    fn what_other_machines_can_reach_needs_tls_and_somebody_who_is_known() {
        let tokens = "auth: {tokens: [{name: a, scopes: [exec], hash: 'sha256:\
                      ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'}]}";
        let own = "certificate: a, key: b";
        for section in ["agent", "profiling"] {
            let pointer = format!("/{section}/listen");
            let at = |tls: &str| format!("{section}: {{listen: 10.0.0.1, tls: {{{tls}}}}}");
            let open = [(pointer.as_str(), Severity::Error)];
            check(&at(""), &open);
            check(&at(own), &open);
            check(&format!("{{{}, {tokens}}}", at("")), &open);
            check(&format!("{{{}, {tokens}}}", at(own)), &[]);
            check(&at(&format!("{own}, client_ca: c")), &[]);
            check(&format!("{section}: {{listen: '::1'}}"), &[]);
            check(&format!("{section}: {{listen: '::ffff:127.0.0.1'}}"), &[]);
        }
        check(
            "{profiling: {listen: 10.0.0.1}, telemetry: {enabled: false}}",
            &[],
        );
    }

    #[test]
    fn what_asks_for_security_must_be_able_to_have_it() {
        let half = [
            ("{certificate: a}", "certificate"),
            ("{key: a}", "key"),
            ("{client_ca: a}", "client_ca"),
            (
                "{require_client_certificate: true}",
                "require_client_certificate",
            ),
        ];
        for (tls, key) in half {
            let pointer = format!("/agent/tls/{key}");
            check(
                &format!("agent: {{tls: {tls}}}"),
                &[(&pointer, Severity::Error)],
            );
        }
    }
}
