//! What the schema cannot say: how settings must fit each other.

use super::problem::Severity;
use super::sections::Config;
use super::validate::Finding;

/// Every rule that `config` breaks. `sound` says whether the value at a pointer is as written; a
/// rule over a value that was refused already is left out.
pub(super) fn broken(config: &Config, sound: impl Fn(&str) -> bool) -> Vec<Finding> {
    let rules = [
        remote_listener(config),
        task_thresholds(config),
        collector_thresholds(config),
        library_sizes(config),
        signatures(config),
    ];
    rules
        .into_iter()
        .flatten()
        .filter(|rule| rule.concerns.iter().all(|pointer| sound(pointer)))
        .map(|rule| rule.finding)
        .collect()
}

struct Broken {
    finding: Finding,
    /// The values the rule looks at.
    concerns: &'static [&'static str],
}

fn remote_listener(config: &Config) -> Option<Broken> {
    let listen = config.server.listen;
    if listen.is_loopback() || !config.telemetry.enabled {
        return None;
    }
    let message = format!(
        "other machines can reach {listen}, and the monitoring pages have neither TLS nor a login"
    );
    let finding = if config.server.allow_plain_remote {
        let message = format!("{message}; `server.allow_plain_remote` allows it");
        Finding {
            severity: Severity::Warning,
            ..Finding::value("/server/listen", message)
        }
    } else {
        let remedy = "listen on 127.0.0.1, or set `server.allow_plain_remote: true`";
        Finding::value("/server/listen", format!("{message}; {remedy}"))
    };
    Some(Broken {
        finding,
        concerns: &[
            "/server/listen",
            "/server/allow_plain_remote",
            "/telemetry/enabled",
        ],
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
}
