//! Which plugin answers which path.

use std::sync::Arc;

use http::Method;

use crate::{
    plugin::{Catalog, Component},
    security::Scope,
};

/// What was found at a path.
pub(super) enum Found {
    /// A route of a component.
    Route {
        /// The component.
        component: Arc<Component>,
        /// The number of the route among the component's.
        route: u32,
        /// What it asks of its callers.
        scope: Scope,
    },
    /// The path, with other methods: those.
    OtherMethods(String),
    /// No such path.
    Nothing,
}

/// Finds the route for a path of a listener. An exact path goes before one that ends in `*`, and of
/// those the longest.
pub(super) fn find(catalog: &Catalog, listener: &str, method: &Method, path: &str) -> Found {
    let mut best: Option<(usize, Found)> = None;
    let mut allowed: Vec<String> = Vec::new();
    for component in catalog.components() {
        for (number, route) in component.routes().iter().enumerate() {
            if route.listener != listener {
                continue;
            }
            let Some(rank) = matches(&route.path, path) else {
                continue;
            };
            allowed.push(route.method.to_string());
            if takes(&route.method, method) && best.as_ref().is_none_or(|(other, _)| rank > *other)
            {
                let found = Found::Route {
                    component: Arc::clone(&component),
                    route: u32::try_from(number).unwrap_or(u32::MAX),
                    // The loader has checked it; what is not known is for those who may do all.
                    scope: route.scope.parse().unwrap_or(Scope::Admin),
                };
                best = Some((rank, found));
            }
        }
    }
    if let Some((_, found)) = best {
        return found;
    }
    if allowed.is_empty() {
        return Found::Nothing;
    }
    if allowed.iter().any(|method| method == "GET") {
        allowed.push("HEAD".to_owned());
    }
    allowed.sort();
    allowed.dedup();
    Found::OtherMethods(allowed.join(", "))
}

/// The largest body that a path takes, in bytes, where its plugin says so.
pub(super) fn body_limit(catalog: &Catalog, listener: &str, path: &str) -> Option<u64> {
    let mut best: Option<(usize, u64)> = None;
    for component in catalog.components() {
        for route in component
            .routes()
            .iter()
            .filter(|route| route.listener == listener)
        {
            // Methods of one path share the largest; the listener does not look at them yet.
            if let Some(rank) = matches(&route.path, path) {
                best = best.max(Some((rank, route.max_body)));
            }
        }
    }
    best.map(|(_, bytes)| bytes).filter(|bytes| *bytes > 0)
}

fn takes(route: &str, method: &Method) -> bool {
    route == method.as_str() || (route == "GET" && *method == Method::HEAD)
}

/// How well a pattern fits a path: not at all, or the better the larger.
fn matches(pattern: &str, path: &str) -> Option<usize> {
    match pattern.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix).then_some(prefix.len()),
        None => (pattern == path).then_some(usize::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_path_goes_before_a_longer_and_that_before_a_shorter_prefix() {
        let rank = |pattern| matches(pattern, "/v0/files/a");
        assert!(rank("/v0/files/a") > rank("/v0/files/*"));
        assert!(rank("/v0/files/*") > rank("/v0/*"));
        assert_eq!(rank("/v0/files"), None);
        assert_eq!(rank("/v1/*"), None);
    }

    #[test]
    fn head_goes_where_get_goes() {
        assert!(takes("GET", &Method::HEAD));
        assert!(!takes("POST", &Method::HEAD));
    }
}
