#![allow(clippy::unwrap_used)]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

use super::*;
use crate::config;

/// A folder with `cert.pem` and `key.pem`.
struct Pair {
    folder: TempDir,
}

impl Pair {
    fn new() -> Self {
        let pair = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        pair.renew();
        pair
    }

    fn renew(&self) {
        let (certificate, key) = made();
        self.put("cert.pem", &certificate, 0o644);
        self.put("key.pem", &key, 0o600);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, text: &str, mode: u32) {
        let new = self.path("new");
        fs::write(&new, text).unwrap();
        fs::set_permissions(&new, fs::Permissions::from_mode(mode)).unwrap();
        fs::rename(&new, self.path(name)).unwrap();
    }

    fn section(&self) -> config::Tls {
        config::Tls {
            certificate: Some(self.path("cert.pem")),
            key: Some(self.path("key.pem")),
            ..config::Tls::default()
        }
    }

    fn refused(&self) -> String {
        let refused = ServerTls::open("agent.tls", &self.section());
        refused
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    }
}

fn made() -> (String, String) {
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

fn in_force(tls: &ServerTls) -> *const rustls::ServerConfig {
    tls.look_again();
    Arc::as_ptr(&tls.current().config)
}

#[test]
fn nothing_is_asked_for_without_a_certificate() {
    let none = ServerTls::open("agent.tls", &config::Tls::default());
    assert!(none.unwrap().is_none());
    let half = config::Tls {
        require_client_certificate: true,
        ..config::Tls::default()
    };
    let error = ServerTls::open("agent.tls", &half).unwrap_err().to_string();
    assert!(
        error.contains("agent.tls.require_client_certificate"),
        "{error}"
    );
}

#[test]
fn files_that_cannot_be_used_are_named_with_key_and_remedy() {
    let pair = Pair::new();
    assert_eq!(pair.refused(), "");
    let (other, other_key) = made();
    let key = fs::read_to_string(pair.path("key.pem")).unwrap();
    for (name, text, mode, parts) in [
        ("key.pem", key.as_str(), 0o640, ["agent.tls.key", "0640"]),
        (
            "key.pem",
            key.as_str(),
            0o604,
            ["agent.tls.key", "chmod 600"],
        ),
        ("key.pem", "", 0o600, ["agent.tls.key", "holds no key"]),
        (
            "key.pem",
            other_key.as_str(),
            0o600,
            ["agent.tls.key", "is not the key"],
        ),
        (
            "cert.pem",
            "",
            0o644,
            ["agent.tls.certificate", "holds no certificate"],
        ),
        (
            "cert.pem",
            key.as_str(),
            0o644,
            ["agent.tls.certificate", "no certificate"],
        ),
        (
            "cert.pem",
            other.as_str(),
            0o644,
            ["agent.tls.key", "is not the key"],
        ),
        (
            "cert.pem",
            other.as_str(),
            0o646,
            ["agent.tls.certificate", "everybody can change"],
        ),
        (
            "cert.pem",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            0o644,
            ["agent.tls.certificate", "cannot be used"],
        ),
    ] {
        let own = (
            fs::read_to_string(pair.path("cert.pem")).unwrap(),
            fs::read_to_string(pair.path("key.pem")).unwrap(),
        );
        pair.put(name, text, mode);
        let error = pair.refused();
        for part in parts {
            assert!(error.contains(part), "{name} {mode:o}: {error}");
        }
        let secret = key.lines().nth(1).unwrap();
        assert!(!error.contains(secret), "{error}");
        pair.put("cert.pem", &own.0, 0o644);
        pair.put("key.pem", &own.1, 0o600);
    }
    fs::remove_file(pair.path("key.pem")).unwrap();
    assert!(pair.refused().contains("agent.tls.key"));
}

#[test]
fn a_new_pair_is_in_force_and_a_broken_one_is_not() {
    let pair = Pair::new();
    let tls = ServerTls::open("agent.tls", &pair.section())
        .unwrap()
        .unwrap();
    let first = in_force(&tls);
    assert_eq!(in_force(&tls), first, "nothing has changed");
    let (certificate, key) = made();
    pair.put("cert.pem", &certificate, 0o644);
    assert_eq!(in_force(&tls), first, "the new certificate has no key yet");
    pair.put("key.pem", &key, 0o600);
    let second = in_force(&tls);
    assert_ne!(second, first);
    pair.put("key.pem", &key, 0o644);
    assert_eq!(in_force(&tls), second, "everybody could read the key");
    fs::remove_file(pair.path("cert.pem")).unwrap();
    assert_eq!(in_force(&tls), second);
    pair.renew();
    assert_ne!(in_force(&tls), second);
}

#[test]
fn a_section_that_was_read_again_is_in_force() {
    let pair = Pair::new();
    let tls = ServerTls::open("agent.tls", &pair.section())
        .unwrap()
        .unwrap();
    let first = in_force(&tls);
    let next = Pair::new();
    next.put("key.pem", "", 0o600);
    assert!(tls.renew("agent.tls", &next.section()).is_err());
    tls.renew("agent.tls", &config::Tls::default()).unwrap();
    assert_eq!(in_force(&tls), first);
    next.renew();
    tls.renew("agent.tls", &next.section()).unwrap();
    let second = in_force(&tls);
    assert_ne!(second, first);
    pair.renew();
    assert_eq!(
        in_force(&tls),
        second,
        "the files of before do not matter any more"
    );
}

#[test]
fn links_are_followed_and_their_change_is_seen() {
    let pair = Pair::new();
    let live = pair.folder.path().join("live");
    fs::create_dir(&live).unwrap();
    let link = |name: &str, to: &Path| {
        let path = live.join(name);
        let _ = fs::remove_file(&path);
        std::os::unix::fs::symlink(to, path).unwrap();
    };
    link("cert.pem", &pair.path("cert.pem"));
    link("key.pem", &pair.path("key.pem"));
    let section = config::Tls {
        certificate: Some(live.join("cert.pem")),
        key: Some(live.join("key.pem")),
        ..config::Tls::default()
    };
    let tls = ServerTls::open("agent.tls", &section).unwrap().unwrap();
    let first = in_force(&tls);
    let next = Pair::new();
    link("cert.pem", &next.path("cert.pem"));
    link("key.pem", &next.path("key.pem"));
    assert_ne!(in_force(&tls), first);
}

#[test]
fn a_certificate_out_of_its_time_is_told() {
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    let key = KeyPair::generate().unwrap();
    let der = params.self_signed(&key).unwrap().der().to_vec();
    let told = |seconds| {
        let now = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        pem::untimely(&der, now).unwrap_or_default()
    };
    assert!(told(1_500_000_000).contains("not valid before"));
    assert_eq!(told(1_590_000_000), "");
    assert!(told(1_700_000_000).contains("expired"));
}
