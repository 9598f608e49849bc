//! `docs/metrics.md` has each metric that the program tells of itself, and no other.
#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use super::Instruments;
use crate::{
    health::Status,
    http::{Answer, Observer},
    plugin::{Kind, State},
    registry::{self, FamilyView, Limits, Owner, Selection, Snapshot},
    role::Role,
};

/// The first program's names. They are a contract, letter for letter.
const FIRST: [&str; 16] = [
    "gaxx_app_starts",
    "gaxx_app_errors",
    "gaxx_agent_starts",
    "gaxx_agent_errors",
    "gaxx_agent_shutdowns",
    "gaxx_agent_request_duration",
    "gaxx_tasks_started",
    "gaxx_task_duration",
    "gaxx_task_success_rate_percent",
    "gaxx_node_execution_duration",
    "gaxx_file_transfer_duration",
    "gaxx_file_transfer_throughput_mbps",
    "gaxx_memory_heap_bytes",
    "gaxx_goroutines_total",
    "gaxx_gc_total",
    "gaxx_uptime_seconds",
];

const ROLES: [Role; 2] = [Role::Main, Role::Agent];

/// Where a name stands: under the first heading that one of its beginnings is listed with.
const HEADINGS: [(&str, &[&str]); 7] = [
    ("The first program's names", &FIRST),
    (
        "Plugins and their components",
        &["gaxx_plugin_", "node_scrape_collector_"],
    ),
    ("Health checks", &["gaxx_health_"]),
    ("Exporters", &["gaxx_export_"]),
    ("HTTP", &["gaxx_http_"]),
    ("The audit log", &["gaxx_audit_"]),
    ("The process", &["gaxx_build_info", "process_"]),
];

/// Labels whose values are a closed set, and which the tables tell.
const CLOSED: [&str; 5] = ["outcome", "reason", "result", "state", "status"];

/// All instruments of a role as a scrape has them, each labelled one touched with all it can have.
fn everything(role: Role) -> Snapshot {
    let instruments = Instruments::new(role);
    for kind in [
        Kind::Collector,
        Kind::HealthCheck,
        Kind::Exporter,
        Kind::Endpoint,
    ] {
        instruments
            .components
            .of(&Owner::new("example", kind.label()), kind);
    }
    let endpoint = Owner::new("example", Kind::Endpoint.label());
    instruments.components.helpers(&endpoint).asked(true);
    instruments.plugins.set("example", State::Running);
    instruments.plugins.refused("no_note");
    instruments.health.set_overall(Status::Healthy);
    instruments.health.set("example", Status::Healthy);
    for result in Status::ALL {
        instruments.health.ran("example", result, Duration::ZERO);
    }
    instruments.exports.of("example");
    let answer = Answer {
        route: "metrics",
        method: "GET",
        status: 200,
        seconds: 0.0,
    };
    instruments
        .listeners
        .of("monitoring", None)
        .answered(&answer);
    let registry = registry::Registry::new(Limits::default(), instruments.registry);
    // The registry tells of itself once there is a component.
    let table = registry.table(Owner::new("example", "collector"));
    registry.attach(&table).unwrap();
    table.deliver(&[], SystemTime::now());
    registry.snapshot()
}

#[test]
fn the_documentation_has_every_metric() {
    const BEGIN: &str = "<!-- generated: begin -->\n";
    const END: &str = "<!-- generated: end -->";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/metrics.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    let snapshots = ROLES.map(everything);
    let expected = reference(&snapshots);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
    } else {
        assert!(
            written == expected,
            "docs/metrics.md is not up to date: UPDATE_DOCS=1 cargo test -p gaxx-mon --lib instruments"
        );
    }
}

/// A name that we add follows the rules; each of the first program's that does not is listed in
/// the documentation, and says why.
#[test]
fn only_the_first_names_break_the_naming_rules() {
    let snapshots = ROLES.map(everything);
    let selected = snapshots.each_ref().map(|one| one.select(&Selection::All));
    let breaking: BTreeSet<&str> = selected
        .iter()
        .flat_map(registry::Selected::families)
        .filter(breaks_the_rules)
        .map(|family| family.name())
        .collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/metrics.md");
    let text = fs::read_to_string(path).unwrap();
    let (_, section) = text.split_once("## Names that break the rules\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let listed: BTreeSet<&str> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert_eq!(breaking, listed);
    assert!(
        breaking.iter().all(|name| FIRST.contains(name)),
        "{breaking:?}"
    );
}

/// The rules: `_total` on counters and on nothing else, a base unit, and a unit that the name says.
/// <https://prometheus.io/docs/practices/naming/>
fn breaks_the_rules(family: &FamilyView<'_>) -> bool {
    let name = family.name();
    let counter = family.kind() == registry::Kind::Counter;
    let base = match family.unit() {
        None => true,
        Some(unit @ ("seconds" | "bytes" | "ratio")) => {
            name.strip_suffix("_total").unwrap_or(name).ends_with(unit)
        }
        Some(_) => false,
    };
    counter != name.ends_with("_total") || !base
}

/// The tables of `docs/metrics.md`.
fn reference(snapshots: &[Snapshot; 2]) -> String {
    let selected = snapshots.each_ref().map(|one| one.select(&Selection::All));
    // Those of both roles stand once.
    let all: BTreeMap<&str, FamilyView<'_>> = selected
        .iter()
        .flat_map(registry::Selected::families)
        .map(|family| (family.name(), family))
        .collect();
    let mut text = String::new();
    for (heading, _) in HEADINGS {
        let under = |family: &&FamilyView<'_>| heading_of(family.name()) == heading;
        let families: Vec<_> = all.values().filter(under).collect();
        write!(
            text,
            "\n### {heading}\n\n| Name | Type | Labels | Unit | Meaning |\n|---|---|---|---|---|\n"
        )
        .unwrap();
        for family in &families {
            let unit = family.unit().unwrap_or_default();
            let (name, kind) = (family.name(), family.kind().as_str());
            let (labels, mut help) = (labels(family), family.help().to_owned());
            if let Some(role) = only_role(name, &selected) {
                let _ = write!(help, " Only as `{}`.", role.label());
            }
            writeln!(text, "| `{name}` | {kind} | {labels} | {unit} | {help} |").unwrap();
        }
        let mut values = String::new();
        for family in &families {
            for label in CLOSED {
                // Of these one stands for many; the plugin guide has them all.
                let one_of_many = family.name() == "gaxx_plugin_load_refused_total";
                let found = values_of(family, label);
                if !one_of_many && !found.is_empty() {
                    writeln!(values, "| `{}` | `{label}` | {found} |", family.name()).unwrap();
                }
            }
        }
        if !values.is_empty() {
            write!(
                text,
                "\n| Name | Label | Its values |\n|---|---|---|\n{values}"
            )
            .unwrap();
        }
    }
    text.push('\n');
    text
}

/// The role that alone has this family.
fn only_role(name: &str, selected: &[registry::Selected<'_>; 2]) -> Option<Role> {
    let mut having = ROLES.into_iter().zip(selected).filter_map(|(role, one)| {
        let mut families = one.families();
        families.any(|family| family.name() == name).then_some(role)
    });
    having.next().filter(|_| having.next().is_none())
}

fn heading_of(name: &str) -> &'static str {
    let begins = |beginnings: &[&str]| {
        beginnings
            .iter()
            .any(|beginning| name.starts_with(beginning))
    };
    let found = HEADINGS.iter().find(|(_, beginnings)| begins(beginnings));
    found.unwrap_or_else(|| panic!("{name} has no heading")).0
}

/// The names of the labels, which are those of every sample.
fn labels(family: &FamilyView<'_>) -> String {
    let names = |sample: registry::Sample<'_>| {
        sample
            .labels()
            .map(|(name, _)| format!("`{name}`"))
            .collect::<Vec<_>>()
    };
    let all: BTreeSet<_> = family.samples().map(names).collect();
    assert_eq!(all.len(), 1, "{}", family.name());
    all.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn values_of(family: &FamilyView<'_>, label: &str) -> String {
    let of_sample = |sample: registry::Sample<'_>| {
        let mut labels = sample.labels();
        labels.find_map(|(name, value)| (name == label).then(|| format!("`{value}`")))
    };
    let values: BTreeSet<_> = family.samples().filter_map(of_sample).collect();
    values.into_iter().collect::<Vec<_>>().join(", ")
}
