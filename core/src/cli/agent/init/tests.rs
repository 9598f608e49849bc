#![allow(clippy::unwrap_used)]

use std::{fs, os::unix::fs::PermissionsExt};

use tokio_rustls::rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    server::WebPkiClientVerifier,
};

use super::*;
use crate::config::{Config, Draft};

fn init(folder: PathBuf) -> Init {
    Init {
        folder,
        name: "node-7".to_owned(),
        names: vec!["node7.example".to_owned(), "10.1.2.3".to_owned()],
        api_listen: "10.1.2.3:8088".parse().unwrap(),
        ca: None,
        client: "operator".to_owned(),
    }
}

fn certificate(folder: &Path, name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(folder.join(name)).unwrap()
}

fn roots(folder: &Path) -> std::sync::Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate(folder, "ca.pem")).unwrap();
    roots.into()
}

/// Whether `folder`'s CA has signed this server's certificate for this name.
fn serves(ca: &Path, certificate: &CertificateDer<'_>, name: &str) -> bool {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(roots(ca), provider);
    let name = ServerName::try_from(name.to_owned()).unwrap();
    verifier
        .build()
        .unwrap()
        .verify_server_cert(certificate, &[], &name, &[], UnixTime::now())
        .is_ok()
}

/// Whether `folder`'s CA has signed this certificate for a client.
fn admits(ca: &Path, certificate: &CertificateDer<'_>) -> bool {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(ca), provider);
    let verifier = verifier.build().unwrap();
    verifier
        .verify_client_cert(certificate, &[], UnixTime::now())
        .is_ok()
}

#[test]
fn what_it_makes_is_a_configuration_with_certificates_that_fit() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("agent");
    let told = make(&init(folder.clone())).unwrap();
    assert!(told.contains("gaxx-mon agent --config"), "{told}");

    let server = certificate(&folder, "server.pem");
    for name in [
        "node-7",
        "node7.example",
        "10.1.2.3",
        "127.0.0.1",
        "::1",
        "localhost",
    ] {
        assert!(serves(&folder, &server, name), "{name}");
    }
    assert!(!serves(&folder, &server, "other.example"));
    let client = certificate(&folder, "client.pem");
    assert!(admits(&folder, &client));
    assert!(!admits(&folder, &server) && !serves(&folder, &client, "operator"));

    let file = folder.join("config.yaml");
    let draft = Draft::read(Some(&file), [], &[]).unwrap();
    assert!(!draft.problems().has_errors(), "{}", draft.problems());
    let text = fs::read_to_string(&file).unwrap();
    let config: Config = serde_yaml::from_str(&text).unwrap();
    assert_eq!(config.agent.listen.to_string(), "10.1.2.3");
    assert_eq!(config.agent.tls.clients[0].name, "operator");
    let client = fs::read_to_string(folder.join("client.yaml")).unwrap();
    let client: Config = serde_yaml::from_str(&client).unwrap();
    assert!(client.client.certificate.is_some());
}

#[test]
fn only_the_owner_may_read_keys_and_nothing_is_overwritten() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("agent");
    make(&init(folder.clone())).unwrap();
    let mode = |name: &str| folder.join(name).metadata().unwrap().permissions().mode() & 0o777;
    for key in ["ca.key", "server.key", "client.key"] {
        assert_eq!(mode(key), 0o600, "{key}");
    }
    assert_eq!(mode("."), 0o700);
    let before = fs::read(folder.join("ca.pem")).unwrap();
    fs::remove_file(folder.join("server.key")).unwrap();
    let refused = make(&init(folder.clone())).unwrap_err().to_string();
    assert!(refused.contains("is there already"), "{refused}");
    assert_eq!(fs::read(folder.join("ca.pem")).unwrap(), before);
    assert!(!folder.join("server.key").exists());
}

#[test]
fn a_further_node_takes_the_same_clients() {
    let place = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| place.path().join(name));
    make(&init(first.clone())).unwrap();
    let further = Init {
        name: "node-8".to_owned(),
        ca: Some(first.clone()),
        ..init(second.clone())
    };
    make(&further).unwrap();
    assert!(serves(
        &first,
        &certificate(&second, "server.pem"),
        "node-8"
    ));
    assert!(!second.join("ca.key").exists() && !second.join("client.key").exists());
    let nowhere = Init {
        ca: Some(place.path().join("none")),
        ..init(place.path().join("third"))
    };
    assert!(make(&nowhere).unwrap_err().to_string().contains("--ca"));
}

#[test]
fn a_name_that_no_certificate_can_have_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let odd = Init {
        names: vec!["n\u{f6}de".to_owned()],
        ..init(place.path().join("agent"))
    };
    let refused = make(&odd).unwrap_err().to_string();
    assert!(refused.contains("n\u{f6}de"), "{refused}");
    assert!(!place.path().join("agent").exists());
}
