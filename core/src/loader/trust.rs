//! Which libraries are trusted, beyond what owner and mode of their files say.

use std::collections::{BTreeMap, HashSet};

use super::{
    Digest,
    check::Outcome,
    error::Refusal,
    signature::{self, Signer},
};
use crate::config::{Config, TrustedKey, Version};

/// Which libraries are trusted. The default asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// A signature has to be of one of these. Without keys none is looked at.
    pub keys: Vec<TrustedKey>,
    /// Whether a library must bear a signature.
    pub require_signature: bool,
    /// Where given, only libraries with one of these digests are loaded.
    pub allowed_digests: Option<HashSet<Digest>>,
    /// The oldest version that is loaded of a plugin, by its name.
    pub min_versions: BTreeMap<String, Version>,
}

impl Trust {
    /// What a configuration says.
    pub fn of(config: &Config) -> Self {
        let trust = &config.plugins.trust;
        let digests = &trust.digests;
        let pins = config.plugins.sections.iter();
        Self {
            keys: trust.keys.clone(),
            require_signature: trust.require_signature,
            // The configuration's schema has them right. One that were not would allow nothing.
            allowed_digests: (!digests.is_empty())
                .then(|| digests.iter().flat_map(|digest| digest.parse()).collect()),
            min_versions: pins
                .filter_map(|(name, own)| Some((name.clone(), own.min_version.clone()?)))
                .collect(),
        }
    }

    /// Whether libraries of this digest are loaded.
    pub(super) fn digest(&self, digest: Digest) -> Outcome {
        match &self.allowed_digests {
            None => Outcome::NotAsked("plugins.trust.digests is empty".to_owned()),
            Some(allowed) if allowed.contains(&digest) => {
                Outcome::Passed("it is among plugins.trust.digests".to_owned())
            }
            Some(_) => Outcome::Refused(Refusal::NotAllowed { digest }),
        }
    }

    /// Who signed these bytes, where anybody has to or did; `file` is what the signature file has.
    pub(super) fn signature(
        &self,
        bytes: &[u8],
        file: &Result<Option<Vec<u8>>, Refusal>,
    ) -> Result<Option<Signer>, Refusal> {
        if self.keys.is_empty() && !self.require_signature {
            return Ok(None);
        }
        match file {
            Ok(Some(text)) => signature::verify(text, bytes, &self.keys).map(Some),
            Ok(None) if self.require_signature => Err(Refusal::Unsigned),
            Ok(None) => Ok(None),
            Err(refusal) => Err(refusal.clone()),
        }
    }

    /// Why nobody signed a library that is loaded all the same.
    pub(super) fn no_signature(&self) -> Outcome {
        Outcome::NotAsked(if self.keys.is_empty() {
            "plugins.trust.keys is empty".to_owned()
        } else {
            "it bears none; plugins.trust.require_signature is false".to_owned()
        })
    }

    /// Whether this version of the plugin is not too old.
    pub(super) fn version(&self, name: &str, version: &str) -> Outcome {
        let Some(min) = self.min_versions.get(name) else {
            return Outcome::NotAsked(format!("plugins.{name}.min_version is not set"));
        };
        match version.parse::<Version>() {
            Err(_) => Outcome::Refused(Refusal::VersionUnclear {
                version: version.to_owned(),
                min: min.to_string(),
            }),
            Ok(own) if own.is_older_than(min) => Outcome::Refused(Refusal::TooOld {
                version: version.to_owned(),
                min: min.to_string(),
            }),
            Ok(_) => Outcome::Passed(format!("{version} is not older than {min}")),
        }
    }
}
