//! Takes the plugin into this process.

use std::path::Path;

use gaxx_abi::{Manifest, PluginBox};

use crate::{
    isolation::wire::message::{Code, Told},
    loader::{self, Refusal},
    profile::label,
};

/// How a child comes by its plugin; what it answers otherwise.
pub(in crate::isolation) type Load = fn(&Code) -> Result<(PluginBox, Manifest), Told>;

/// Loads a library, whose bytes the core has checked, or takes the plugin that is linked in.
pub(super) fn load(code: &Code) -> Result<(PluginBox, Manifest), Told> {
    match code {
        Code::Library(copy) => library(copy),
        Code::Linked(name) => linked(name),
    }
}

/// The same without its manifest, which takes longer to make than all else.
pub(in crate::isolation) fn plugin(code: &Code) -> Result<PluginBox, Told> {
    match code {
        Code::Library(copy) => loader::enter_known(copy).map_err(|refusal| refused(&refusal)),
        Code::Linked(name) => linked_in(name).ok_or_else(|| not_linked(name)),
    }
}

fn library(copy: &Path) -> Result<(PluginBox, Manifest), Told> {
    let entered = loader::enter_copy(copy).map_err(|refusal| refused(&refusal))?;
    label::library(copy, &entered.1.name);
    Ok(entered)
}

fn refused(refusal: &Refusal) -> Told {
    Told::Refused {
        reason: refusal.reason().to_owned(),
        error: refusal.to_string(),
        remedy: refusal.remedy().into_owned(),
    }
}

fn linked(name: &str) -> Result<(PluginBox, Manifest), Told> {
    let plugin = linked_in(name).ok_or_else(|| not_linked(name))?;
    let manifest = plugin.manifest();
    Ok((plugin, manifest))
}

fn not_linked(name: &str) -> Told {
    Told::Refused {
        reason: "unknown".to_owned(),
        error: format!("no plugin {name} is linked into this program"),
        remedy: "start gaxx-mon again: its file was replaced while it ran".to_owned(),
    }
}

#[cfg(feature = "builtins")]
fn linked_in(name: &str) -> Option<PluginBox> {
    gaxx_builtins::plugin(name)
}

#[cfg(not(feature = "builtins"))]
fn linked_in(_name: &str) -> Option<PluginBox> {
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn reason(code: &Code) -> (String, String) {
        match load(code) {
            Err(Told::Refused { reason, error, .. }) => (reason, error),
            Err(other) => panic!("{other:?}"),
            Ok((_, manifest)) => panic!("{manifest:?}"),
        }
    }

    #[test]
    fn what_is_not_there_is_refused_with_a_reason() {
        let library = Code::Library("/nowhere/at-all.so".into());
        assert_eq!(reason(&library).0, "dlopen");
        let linked = reason(&Code::Linked("no-such".into()));
        assert_eq!(linked.0, "unknown");
        assert!(linked.1.contains("no-such"), "{}", linked.1);
    }

    #[cfg(feature = "builtins")]
    #[test]
    fn a_plugin_that_is_linked_in_is_found_by_its_name() {
        let Ok((_, manifest)) = load(&Code::Linked("system".into())) else {
            panic!("it is not there");
        };
        assert_eq!(manifest.name, "system");
    }
}
