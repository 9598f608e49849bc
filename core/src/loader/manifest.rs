//! Judges a manifest, of a library and of a plugin that is linked in alike.

use std::collections::HashSet;

use gaxx_abi::{
    Component, Manifest, Route,
    manifest::kind::{COLLECTOR, ENDPOINT},
};

use crate::registry::CORE;

use super::text::{MAX_DESCRIPTION, MAX_NAME, MAX_VERSION, is_line, is_name};

/// The most components a plugin may have.
pub const MAX_COMPONENTS: usize = 256;
/// The most routes an endpoint may have.
pub const MAX_ROUTES: usize = 256;
/// The longest schema of settings, in bytes.
pub const MAX_SCHEMA: usize = 256 * 1024;
const MAX_PATH: usize = 1024;
/// Names that no plugin may have: core's own metrics are under the first, and the others are keys of
/// the configuration where sections of plugins stand.
const RESERVED: [&str; 6] = [CORE, "folders", "isolation", "process", "trust", "watch"];

const METHODS: [&str; 4] = ["GET", "POST", "PUT", "DELETE"];
const SCOPES: [&str; 7] = ["open", "read", "exec", "files", "tasks", "admin", "profile"];
const LISTENERS: [&str; 3] = ["monitoring", "api", "profiling"];

/// Says what is wrong with a manifest.
///
/// A component of a kind that this program does not know is left to the caller to pass over: a
/// plugin for a later minor version of the ABI may have some.
pub fn check(manifest: &Manifest) -> Result<(), String> {
    let name = manifest.name.as_str();
    if !is_name(name) {
        return Err(format!("{:?} is not a plugin name", shown(name)));
    }
    if RESERVED.contains(&name) {
        return Err(format!(
            "the plugin name {name} is taken by the program itself"
        ));
    }
    if !is_line(&manifest.version, MAX_VERSION) {
        return Err("the version is too long or holds control characters".into());
    }
    if !is_line(&manifest.description, MAX_DESCRIPTION) {
        return Err("the description is too long or holds control characters".into());
    }
    match manifest.components.len() {
        0 => return Err("it has no components".into()),
        1..=MAX_COMPONENTS => {}
        many => return Err(format!("{many} components are over {MAX_COMPONENTS}")),
    }
    let mut seen = HashSet::new();
    for component in &manifest.components {
        let name = component.name.as_str();
        if !is_name(name) {
            return Err(format!("{:?} is not a component name", shown(name)));
        }
        // Of whatever kind: the name is part of the owner of series, settings and log lines.
        if !seen.insert(name) {
            return Err(format!("it has two components {name}"));
        }
        if (COLLECTOR..=ENDPOINT).contains(&component.kind) {
            check_component(component).map_err(|problem| format!("component {name}: {problem}"))?;
        }
    }
    Ok(())
}

fn check_component(component: &Component) -> Result<(), String> {
    if !is_line(&component.description, MAX_DESCRIPTION) {
        return Err("the description is too long or holds control characters".into());
    }
    if component.settings.len() > MAX_SCHEMA {
        return Err(format!("the settings schema is over {MAX_SCHEMA} bytes"));
    }
    serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&component.settings)
        .map_err(|error| format!("the settings schema is not a JSON object: {error}"))?;
    match (component.kind == ENDPOINT, component.routes.len()) {
        (true, 0) => return Err("an endpoint needs a route".into()),
        (true, many) if many > MAX_ROUTES => {
            return Err(format!("{many} routes are over {MAX_ROUTES}"));
        }
        (false, 1..) => return Err("only endpoints have routes".into()),
        _ => {}
    }
    let mut seen = HashSet::new();
    for route in &component.routes {
        check_route(route)?;
        if !seen.insert((&route.listener, &route.method, &route.path)) {
            return Err(format!("two routes are {} {}", route.method, route.path));
        }
    }
    Ok(())
}

fn check_route(route: &Route) -> Result<(), String> {
    for (what, value, known) in [
        ("method", &route.method, METHODS.as_slice()),
        ("scope", &route.scope, &SCOPES),
        ("listener", &route.listener, &LISTENERS),
    ] {
        if !known.contains(&value.as_str()) {
            let value = shown(value);
            return Err(format!("{value:?} is no {what}; one of {known:?} is"));
        }
    }
    if is_path(&route.path) {
        Ok(())
    } else {
        Err(format!("{:?} is not a path to answer", shown(&route.path)))
    }
}

/// Whether this is an absolute path of plain segments, the last of which may be `*`.
fn is_path(path: &str) -> bool {
    let plain = |segment: &str| {
        !matches!(segment, "." | "..")
            && segment
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
    };
    let Some(rest) = path.strip_prefix('/') else {
        return false;
    };
    let (front, last) = rest.rsplit_once('/').unwrap_or(("", rest));
    let whole = front.is_empty() && !rest.starts_with('/')
        || !front.is_empty() && front.split('/').all(|s| !s.is_empty() && plain(s));
    path.len() <= MAX_PATH && whole && (last == "*" || plain(last))
}

/// The beginning of what may be very long.
fn shown(text: &str) -> String {
    text.chars().take(MAX_NAME).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn component(kind: u32, name: &str) -> Component {
        Component {
            kind,
            name: name.into(),
            description: "Counts.".into(),
            settings: r#"{"type":"object"}"#.into(),
            interval: 0,
            routes: Vec::new().into(),
            attributes: Vec::new().into(),
        }
    }

    fn manifest(components: Vec<Component>) -> Manifest {
        Manifest {
            name: "demo".into(),
            version: "1.0.0".into(),
            description: "Shows.".into(),
            components: components.into(),
            attributes: Vec::new().into(),
        }
    }

    fn route(path: &str) -> Route {
        Route {
            method: "GET".into(),
            path: path.into(),
            scope: "read".into(),
            listener: "monitoring".into(),
            max_body: 0,
            attributes: Vec::new().into(),
        }
    }

    fn endpoint(routes: Vec<Route>) -> Manifest {
        let mut component = component(ENDPOINT, "pages");
        component.routes = routes.into();
        manifest(vec![component])
    }

    #[test]
    fn a_plain_manifest_is_fine() {
        let two = vec![component(0, "a"), component(1, "b")];
        assert_eq!(check(&manifest(two)), Ok(()));
        assert_eq!(check(&endpoint(vec![route("/demo/*")])), Ok(()));
    }

    #[test]
    fn a_kind_of_a_later_abi_is_left_to_the_caller() {
        let mut later = component(77, "later");
        later.settings = "".into();
        assert_eq!(check(&manifest(vec![component(0, "a"), later])), Ok(()));
    }

    #[test]
    fn each_fault_is_named() {
        let with = |change: fn(&mut Manifest)| {
            let mut manifest = manifest(vec![component(0, "a")]);
            change(&mut manifest);
            check(&manifest).unwrap_err()
        };
        for (fault, part) in [
            (with(|m| m.name = "De mo".into()), "plugin name"),
            (with(|m| m.name = "core".into()), "taken"),
            (with(|m| m.version = "1\n".into()), "version"),
            (with(|m| m.description = "\x1b[2J".into()), "description"),
            (with(|m| m.components.clear()), "no components"),
            (with(|m| m.components[0].name = "".into()), "component name"),
            (
                with(|m| m.components.push(component(0, "a"))),
                "two components",
            ),
            (
                with(|m| m.components.push(component(1, "a"))),
                "two components",
            ),
            (with(|m| m.components[0].settings = "[]".into()), "schema"),
            (
                with(|m| m.components[0].settings = " ".repeat(MAX_SCHEMA + 1).into()),
                "schema",
            ),
            (
                with(|m| m.components[0].routes.push(route("/a"))),
                "only endpoints",
            ),
            (
                check(&manifest(vec![component(0, "a"); 257])).unwrap_err(),
                "257 components",
            ),
            (check(&endpoint(vec![])).unwrap_err(), "needs a route"),
            (
                check(&endpoint(vec![route("/a"), route("/a")])).unwrap_err(),
                "two routes",
            ),
            (
                check(&endpoint(vec![Route {
                    scope: "root".into(),
                    ..route("/a")
                }]))
                .unwrap_err(),
                "scope",
            ),
        ] {
            assert!(fault.contains(part), "{fault:?} should name {part:?}");
        }
    }

    #[test]
    fn paths() {
        for good in [
            "/",
            "/a",
            "/a/",
            "/*",
            "/debug/pprof/*",
            "/v0/exec",
            "/-/x.y~z_",
        ] {
            assert!(is_path(good), "{good}");
        }
        for bad in [
            "", "a", "//", "//a", "/a//b", "/*/a", "/a*", "/../a", "/a/..", "/a?b", "/a b", "/%41",
            "/é",
        ] {
            assert!(!is_path(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(name in ".*", schema in ".*", path in ".*") {
            let mut manifest = endpoint(vec![route(&path)]);
            manifest.components[0].settings = schema.into();
            manifest.components[0].name = name.into();
            let _ = check(&manifest);
        }
    }
}
