//! The program's listeners, and what plugins serve there.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Monitor;
use crate::{http::routes, role::Role};

/// What plugins serve, by listener.
#[derive(Debug, Serialize)]
struct Capabilities {
    listeners: BTreeMap<&'static str, Vec<Served>>,
}

/// A listener at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listening {
    /// Its name.
    pub name: &'static str,
    /// Where it is reached.
    pub url: String,
    /// Its port.
    pub port: u16,
}

/// One path that a plugin serves.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Served {
    /// The plugin.
    pub plugin: String,
    /// Its component.
    pub component: String,
    /// The method.
    pub method: String,
    /// The path; `*` at its end stands for any rest.
    pub path: String,
    /// What a caller must be allowed to do.
    pub scope: String,
}

impl Monitor {
    /// Says that it is reached there too.
    pub fn note_listening(&self, listening: Listening) {
        self.listening.lock().push(listening);
    }

    /// Where it is reached.
    pub(super) fn listening(&self) -> Vec<Listening> {
        self.listening.lock().clone()
    }

    /// The paths that plugins have at a listener now, in order.
    pub fn served(&self, listener: &str) -> Vec<Served> {
        let mut served: Vec<Served> = Vec::new();
        for component in self.catalog.components() {
            let routes = component.routes().iter();
            let routes = routes.filter(|route| route.listener == listener);
            served.extend(routes.map(|route| Served {
                plugin: component.owner.plugin.clone(),
                component: component.owner.component.clone(),
                method: route.method.to_string(),
                path: route.path.to_string(),
                scope: route.scope.to_string(),
            }));
        }
        served.sort();
        served
    }

    /// What plugins serve at each listener that this role has, as JSON.
    pub(super) fn capabilities(&self) -> String {
        let telemetry = self.config().telemetry.enabled;
        let monitoring = [routes::MONITORING, routes::PROFILING];
        let monitoring = monitoring.into_iter().filter(|_| telemetry);
        let api = (self.instruments.role == Role::Agent).then_some(routes::API);
        let listeners = monitoring.chain(api);
        let capabilities = Capabilities {
            listeners: listeners
                .map(|listener| (listener, self.served(listener)))
                .collect(),
        };
        serde_json::to_string(&capabilities).unwrap_or_default()
    }
}
