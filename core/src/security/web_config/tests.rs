#![allow(clippy::unwrap_used)]

use std::fs;

use proptest::prelude::*;

use super::*;
use crate::security::authorization::Login;

/// A hash of the lowest cost there is.
fn hash(password: &str) -> String {
    bcrypt::hash_with_salt(password, 4, *b"sixteen of salt!")
        .unwrap()
        .to_string()
}

fn parse(text: &str) -> Result<Loaded, String> {
    format::parse(
        text.as_bytes(),
        Path::new("/etc/x"),
        Path::new("/etc/x/web.yml"),
    )
}

fn fault(text: &str) -> String {
    parse(text).err().unwrap_or_else(|| panic!("taken: {text}"))
}

#[test]
fn an_empty_file_asks_for_nothing() {
    for text in [
        "",
        "\n# nothing\n",
        "---\n",
        "{}",
        "basic_auth_users:\n",
        "http_server_config: {}",
    ] {
        let loaded = parse(text).unwrap();
        assert!(loaded.tls.is_none() && loaded.users.is_empty() && loaded.headers.is_empty());
    }
}

#[test]
fn a_whole_file_is_understood_and_its_paths_count_from_its_folder() {
    let text = format!(
        "tls_server_config:\n  cert_file: server.pem\n  key_file: /keys/server.key\n  \
         client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n  \
         client_allowed_sans: [prometheus.example]\n  min_version: TLS13\n\
         http_server_config:\n  http2: false\n  headers:\n    \
         Strict-Transport-Security: max-age=31536000\n    X-Frame-Options: deny\n\
         basic_auth_users:\n  alice: {}\n",
        hash("secret")
    );
    let loaded = parse(&text).unwrap();
    let tls = loaded.tls.unwrap();
    assert_eq!(tls.certificate.path, Path::new("/etc/x/server.pem"));
    assert_eq!(tls.key.path, Path::new("/keys/server.key"));
    assert_eq!(tls.client_ca.unwrap().path, Path::new("/etc/x/ca.pem"));
    assert!(tls.require_client && !tls.http2 && !tls.clients.by_common_name);
    assert_eq!(tls.versions, crate::security::tls::Versions::Only13);
    assert_eq!(tls.clients.named[0].0, "prometheus.example");
    assert_eq!(loaded.headers["x-frame-options"], "deny");
    let login = Login {
        user: "alice".to_owned(),
        password: "secret".to_owned(),
    };
    assert!(loaded.users.verify(&login));
}

#[test]
fn what_is_not_known_or_not_supported_is_named() {
    let tls = |more: &str| format!("tls_server_config: {{cert_file: a, key_file: b, {more}}}");
    for (text, part) in [
        ("tls_serverconfig: {}".to_owned(), "\"tls_serverconfig\""),
        ("rate_limit: {interval: 1s}".to_owned(), "rate_limit"),
        (tls("cipher_suites: [TLS_RSA]"), "cipher_suites"),
        (tls("curve_preferences: [X25519]"), "curve_preferences"),
        (tls("cert: inline"), "sets cert"),
        (tls("min_version: TLS10"), "min_version"),
        (tls("max_version: TLS11"), "max_version"),
        (
            tls("min_version: TLS13, max_version: TLS12"),
            "above max_version",
        ),
        (
            tls("client_auth_type: RequireAnyClientCert"),
            "verifies nothing",
        ),
        (tls("client_auth_type: Sometimes"), "does not know"),
        (
            tls("client_auth_type: RequireAndVerifyClientCert"),
            "without client_ca_file",
        ),
        (tls("client_ca_file: ca"), "without client_auth_type"),
        (tls("client_allowed_sans: [a]"), "without client_ca_file"),
        (
            "tls_server_config: {cert_file: a}".to_owned(),
            "without key_file",
        ),
        (
            "tls_server_config: {key_file: a}".to_owned(),
            "without cert_file",
        ),
        (
            "tls_server_config: {cert_file: '', key_file: a}".to_owned(),
            "without cert_file",
        ),
        (
            "http_server_config: {headers: {X-Own: a}}".to_owned(),
            "X-Own",
        ),
        (
            "http_server_config: {headers: {X-Frame-Options: all}}".to_owned(),
            "deny or sameorigin",
        ),
        (
            "http_server_config: {http2: maybe}".to_owned(),
            "wrong kind",
        ),
        (
            "basic_auth_users: {alice: plain}".to_owned(),
            "no bcrypt hash",
        ),
    ] {
        let fault = fault(&text);
        assert!(fault.contains(part), "{text}: {fault}");
    }
}

#[test]
fn no_value_is_repeated() {
    for text in [
        "basic_auth_users: hunter2",
        "basic_auth_users: {alice: hunter2}",
        "basic_auth_users: {alice: [hunter2]}",
        "basic_auth_users: {alice: {hunter2: 1}}",
        "basic_auth_users: [hunter2]",
        "hunter2",
        "basic_auth_users: {alice: \"hunter2\n",
        "tls_server_config: {cert_file: [hunter2]}",
        "http_server_config: {http2: hunter2}",
    ] {
        let fault = fault(text);
        assert!(!fault.contains("hunter2"), "{fault}");
    }
}

fn write(path: &Path, text: &str) {
    fs::write(path.with_extension("new"), text).unwrap();
    fs::rename(path.with_extension("new"), path).unwrap();
}

#[test]
fn a_changed_file_is_in_force_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("web.yml");
    let users = |user: &str| format!("basic_auth_users: {{{user}: {}}}", hash("secret"));
    write(&path, &users("alice"));
    let web = WebConfig::open("--web.config.file", &path).unwrap();
    let shown = || {
        web.look_again();
        format!("{:?}", web.current().users)
    };
    assert_eq!(shown(), r#"{"alice"}"#);
    write(&path, &users("bob"));
    assert_eq!(shown(), r#"{"bob"}"#);
    for broken in [
        "basic_auth_users: 3",
        "",
        "{}",
        "tls_server_config: {cert_file: a, key_file: b}",
    ] {
        write(&path, broken);
        assert_eq!(shown(), r#"{"bob"}"#, "{broken}");
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(shown(), r#"{"bob"}"#);
    write(&path, &users("carol"));
    assert_eq!(shown(), r#"{"carol"}"#);
}

#[test]
fn a_file_that_everybody_can_write_decides_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("web.yml");
    write(&path, "{}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let error = WebConfig::open("--web.config.file", &path)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("--web.config.file") && error.contains("0666"),
        "{error}"
    );
    let missing = WebConfig::open("--web.config.file", folder.path().join("none")).unwrap_err();
    assert!(missing.to_string().contains("none"), "{missing}");
}

proptest! {
    #[test]
    fn never_panics(text in "(tls_server_config|basic_auth_users|http_server_config|headers|: |\\{|\\}|\\[|\\]|\n|  |[a-z0-9&*!|>'\"-]){0,60}") {
        let _ = parse(&text);
    }

    #[test]
    fn bytes_of_any_kind_are_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = format::parse(&bytes, Path::new("/"), Path::new("/w"));
    }

    #[test]
    fn every_user_of_a_file_is_read(names in proptest::collection::btree_set("[a-z]{1,8}", 1..5)) {
        let hash = hash("x");
        let lines: Vec<_> = names.iter().map(|name| format!("  \"{name}\": \"{hash}\"\n")).collect();
        let loaded = parse(&format!("basic_auth_users:\n{}", lines.concat())).unwrap();
        let shown = format!("{:?}", loaded.users);
        prop_assert_eq!(shown, format!("{names:?}"));
    }
}
