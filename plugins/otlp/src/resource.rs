//! Who sends: the attributes of the resource.

use std::collections::BTreeMap;

use gaxx_sdk::log::warn;

use crate::environment::{Environment, pairs};

/// The attributes that settings and environment add to those of the batch. The settings go before
/// `OTEL_SERVICE_NAME`, and that before `OTEL_RESOURCE_ATTRIBUTES`.
///
/// <https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable>
pub(crate) fn own(
    settings: &BTreeMap<String, String>,
    environment: &Environment,
) -> BTreeMap<String, String> {
    let text = environment.get("OTEL_RESOURCE_ATTRIBUTES");
    let mut all: BTreeMap<_, _> = match text.map(pairs) {
        None => BTreeMap::new(),
        Some(Ok(pairs)) => pairs.into_iter().collect(),
        Some(Err(entry)) => {
            // The specification wants all of it passed over.
            warn!("OTEL_RESOURCE_ATTRIBUTES is passed over: {entry:?} is not KEY=VALUE");
            BTreeMap::new()
        }
    };
    if let Some(name) = environment.get("OTEL_SERVICE_NAME") {
        all.insert("service.name".to_owned(), name.to_owned());
    }
    all.extend(settings.clone());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_go_before_the_service_name_and_that_before_the_attributes() {
        let environment = Environment::of([
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "service.name=a,team=x%20y,zone=1",
            ),
            ("OTEL_SERVICE_NAME", "b"),
        ]);
        let settings = [("zone".to_owned(), "2".to_owned())].into();
        let all = own(&settings, &environment);
        let all: Vec<_> = all.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(all, [("service.name", "b"), ("team", "x y"), ("zone", "2")]);
        let broken = Environment::of([("OTEL_RESOURCE_ATTRIBUTES", "a=1,b")]);
        assert!(own(&BTreeMap::new(), &broken).is_empty());
    }
}
