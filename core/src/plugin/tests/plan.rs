//! What a configuration wants.

use super::*;
use crate::{
    config::Config,
    plugin::{Discovery, Standing, plan},
};

/// What this configuration wants of the plugin, and of one that has an exporter instead.
fn wants(config: &str) -> (Vec<Want>, Vec<String>) {
    let config: Config = serde_yaml::from_str(config).unwrap();
    let bench = Bench::new(1);
    let mut sends = manifest();
    sends.name = "sends".into();
    sends.components.truncate(1);
    sends.components[0].kind = manifest::kind::EXPORTER;
    let exporter = Candidate {
        manifest: Arc::new(sends),
        ..bench.candidate.clone()
    };
    let found = Discovery {
        candidates: vec![bench.candidate, exporter],
        ..Discovery::default()
    };
    let plugins = plan(&config, Role::Main, &found, &Standing::new()).plugins;
    let off = plugins.iter().flat_map(|plugin| &plugin.off);
    let off = off.map(|(name, kind)| format!("{} {name}", kind.label()));
    let off = off.collect();
    let wants = plugins.into_iter().flat_map(|plugin| plugin.wants);
    (wants.collect(), off)
}

fn labels(wants: &[Want]) -> Vec<String> {
    wants.iter().map(|want| want.owner.to_string()).collect()
}

#[test]
fn all_but_exporters_run_by_default() {
    let (wants, off) = wants("{}");
    assert_eq!(labels(&wants), ["fake/one", "fake/two"]);
    assert_eq!(off, ["exporter one"]);
    let timing = wants[0].timing;
    assert_eq!(timing.interval, Duration::from_secs(30));
    assert_eq!(timing.deadline, Duration::from_secs(5));
}

#[test]
fn plugins_and_single_components_can_be_off() {
    let (wants, off) = wants("plugins: {fake: {components: {one: {enabled: false}}}}");
    assert_eq!(labels(&wants), ["fake/two"]);
    assert_eq!(off, ["collector one", "exporter one"]);
    let (wants, off) = self::wants("plugins: {fake: {enabled: false}}");
    assert!(wants.is_empty());
    assert_eq!(off, ["collector one", "collector two", "exporter one"]);
}

#[test]
fn instances_are_components_of_their_own() {
    let (wants, _) = wants("plugins: {fake: {interval: 7s, instances: {a: {}, b: {}}}}");
    let instances: Vec<_> = wants
        .iter()
        .map(|want| want.owner.instance.as_str())
        .collect();
    assert_eq!(instances, ["a", "b", "a", "b"]);
    assert!(
        wants
            .iter()
            .all(|want| want.timing.interval == Duration::from_secs(7))
    );
}

#[test]
fn each_section_of_an_exporter_runs_one() {
    let config = "exporters: {one: {queue: 3}, again: {use: one, interval: 2s}, other: {}}";
    let (wants, _) = wants(config);
    let exporters: Vec<_> = wants
        .iter()
        .filter(|want| want.kind == Kind::Exporter)
        .collect();
    let [again, one] = exporters.as_slice() else {
        panic!("two exporters: {:?}", labels(&wants))
    };
    assert_eq!(
        (again.owner.instance.as_str(), again.sending.queue),
        ("again", 16)
    );
    assert_eq!(again.timing.interval, Duration::from_secs(2));
    assert_eq!((one.owner.instance.as_str(), one.sending.queue), ("", 3));
}
