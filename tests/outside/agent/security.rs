//! The security envelope: TLS, tokens, passwords, and what is refused.

mod pki;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use gaxx_tests::{Agent, BOUND, Monitor, wait_until};

use pki::{Pki, set_mode};

/// A token, and its hash as `printf %s TOKEN | sha256sum` shows it.
const TOKEN: &str = "a-token-for-a-test";
const HASH: &str = "sha256:6da17cb7859700a4778cbba6856739e759c93039b0bdaddfddb5721fdc718e6f";
/// The password `U*U`, of the test vectors of `crypt_blowfish`.
const BCRYPT: &str = "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

/// The API's address, by the name that its certificate has.
fn local(agent: &Agent) -> String {
    agent.api().replace("127.0.0.1", "localhost")
}

/// How often a listener has refused something for this reason.
fn refused(monitor: &Monitor, listener: &str, reason: &str) -> f64 {
    let labels = [("listener", listener), ("reason", reason)];
    monitor
        .metrics()
        .value("gaxx_http_refused_total", &labels)
        .unwrap()
}

/// What a start that is refused says.
#[track_caller]
fn refusal(config: &str) -> String {
    let mut agent = Agent::builder().config(config).launch();
    assert!(!agent.wait_exit(BOUND).success(), "it started: {config}");
    agent.log().join("\n")
}

#[test]
fn curl_and_openssl_speak_tls_with_it() {
    let Some(pki) = Pki::new() else { return };
    let agent = Agent::builder()
        .config(&format!("agent: {{tls: {}}}", pki.section(&[])))
        .start();
    let (url, address) = (format!("{}/-/healthy", local(&agent)), agent.api_address());
    assert!(url.starts_with("https://"), "{url}");
    assert_eq!(pki.status(&[&url]), 200);
    assert_eq!(pki.status(&["--http1.1", &url]), 200);
    assert_eq!(pki.status(&["--tls-max", "1.2", &url]), 200);
    for (version, spoken) in [("-tls1_1", false), ("-tls1_2", true), ("-tls1_3", true)] {
        // Where the library itself would speak an old version at all.
        let outcome = pki.handshake(address, &[version, "-cipher", "DEFAULT@SECLEVEL=0"]);
        assert_eq!(outcome.code == Some(0), spoken, "{version}: {outcome:?}");
    }
    for (offered, agreed) in [("h2,http/1.1", "h2"), ("http/1.1", "http/1.1")] {
        let version = pki.curl(&["-o", "out", "-w", "%{http_version}", "--http2", &url]);
        assert_eq!(version.stdout, "2");
        let mut shell = std::process::Command::new("openssl");
        shell.args(["s_client", "-connect", address, "-alpn", offered]);
        let said = shell.stdin(std::process::Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        assert!(said.contains(&format!("ALPN protocol: {agreed}")), "{said}");
    }
    // Another CA's word counts for nothing, and plain HTTP is told where it is.
    assert_eq!(pki.status(&["--cacert", "/dev/null", &url]), 0);
    let plain = pki.curl(&[&url.replace("https", "http")]);
    assert!(
        plain.stdout.contains("https://") && plain.stdout.ends_with("400"),
        "{plain:?}"
    );
    wait_until("what failed is counted", || {
        refused(&agent, "api", "tls_missing") == 1.0
            && refused(&agent, "api", "tls_handshake") >= 1.0
    });
}

#[test]
fn clients_are_known_by_their_certificates() {
    let Some(pki) = Pki::new() else { return };
    pki.issue("ctl");
    pki.issue("web");
    let named = "clients: [{name: ctl.example, scopes: [read]}]";
    let section = pki.section(&[
        "client_ca: ca.pem",
        "require_client_certificate: true",
        named,
    ]);
    let agent = Agent::builder()
        .config(&format!("agent: {{tls: {section}}}"))
        .start();
    let url = format!("{}/", local(&agent));
    let by = |name: &str, url: &str| {
        let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
        pki.status(&["--cert", &certificate, "--key", &key, url])
    };
    assert_eq!(pki.status(&[&url]), 0, "no certificate");
    assert_eq!(by("ctl", &url), 200);
    assert_eq!(by("web", &url), 403);
    assert_eq!(
        by("ctl", &format!("{}/v0/exec", local(&agent))),
        403,
        "it may only read"
    );
    // The agent's own token does not stand in for a certificate.
    let token = format!("Authorization: Bearer {}", agent.token());
    assert_eq!(pki.status(&["-H", &token, &url]), 0);
}

#[test]
fn a_new_certificate_is_shown_and_a_broken_one_is_not() {
    let Some(pki) = Pki::new() else { return };
    let mut agent = Agent::builder()
        .config(&format!("agent: {{tls: {}}}", pki.section(&[])))
        .start();
    let address = agent.api_address().to_owned();
    let first = pki.shown(&address);
    assert!(first.contains("serial="), "{first}");
    pki.issue("server");
    wait_until("the new certificate is shown", || {
        pki.shown(&address) != first
    });
    let second = pki.shown(&address);
    pki.write("server.pem", "half a certifi");
    // The look comes with a connection.
    wait_until("the broken one is told", || {
        assert_eq!(pki.shown(&address), second);
        agent.log_contains("holds no certificate")
    });
    pki.issue("server");
    wait_until("the next is shown", || pki.shown(&address) != second);
    set_mode(&pki.path("server.key"), 0o644);
    wait_until("the open key is told", || {
        pki.shown(&address);
        agent.log_contains("mode 0644")
    });
    agent.kill();
}

#[test]
fn a_reload_withdraws_a_client_and_a_token() {
    let Some(pki) = Pki::new() else { return };
    pki.issue("ctl");
    let config = |client: &str, token: &str| {
        let section = pki.section(&[
            "client_ca: ca.pem",
            &format!("clients: [{{name: {client}}}]"),
        ]);
        format!(
            "agent: {{tls: {section}}}\nauth: {{tokens: [{{name: {token}, hash: '{HASH}', \
             scopes: [{token}]}}]}}"
        )
    };
    let mut agent = Agent::builder().config(&config("ctl", "read")).start();
    let url = format!("{}/", local(&agent));
    let by_certificate = || pki.status(&["--cert", "ctl.pem", "--key", "ctl.key", &url]);
    let by_token = || pki.status(&["-H", &format!("Authorization: Bearer {TOKEN}"), &url]);
    assert_eq!((by_certificate(), by_token()), (200, 200));
    agent.rewrite_config(&config("other", "files"));
    agent.signal(rustix::process::Signal::HUP);
    wait_until("both are withdrawn", || {
        (by_certificate(), by_token()) == (403, 403)
    });
}

#[test]
fn what_asks_for_security_and_cannot_have_it_does_not_start() {
    let Some(pki) = Pki::new() else { return };
    let certificate = format!("certificate: {}", pki.path("server.pem").display());
    let whole = pki.section(&[]);
    for (config, parts) in [
        (
            format!("agent: {{tls: {{{certificate}}}}}"),
            ["agent.tls.key", "certificate"],
        ),
        (
            "agent: {tls: {require_client_certificate: true}}".to_owned(),
            ["require_client_certificate", "agent.tls.client_ca"],
        ),
        (
            format!(
                "agent: {{tls: {}}}",
                pki.section(&["require_client_certificate: true"])
            ),
            ["require_client_certificate", "agent.tls.client_ca"],
        ),
        (
            format!("agent: {{tls: {}}}", pki.section(&["clients: [{name: a}]"])),
            ["clients", "agent.tls.client_ca"],
        ),
        (
            format!("server: {{tls: {whole}, web_config_file: web.yml}}"),
            ["web_config_file", "server.tls.certificate"],
        ),
        (
            "server: {web_config_file: /nowhere/web.yml}".to_owned(),
            ["server.web_config_file", "/nowhere/web.yml"],
        ),
        (
            "auth: {tokens: [{name: a, hash: hunter2, scopes: []}]}".to_owned(),
            ["hash", "sha256sum"],
        ),
        (
            format!("auth: {{tokens: [{{name: a, hash: '{HASH}', scopes: [], expires: soon}}]}}"),
            ["expires", "2030-12-31"],
        ),
        (
            format!("auth: {{tokens: [{{name: a, hash: '{HASH}', scopes: [root]}}]}}"),
            ["scopes", "root"],
        ),
    ] {
        let said = refusal(&config);
        for part in parts {
            assert!(said.contains(part), "{config}: {said}");
        }
        assert!(!said.contains("hunter2"), "{said}");
    }
    set_mode(&pki.path("server.key"), 0o640);
    let said = refusal(&format!("agent: {{tls: {whole}}}"));
    for part in ["agent.tls.key", "0640", "chmod 600"] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn the_variables_of_old_ask_for_tls_too() {
    let Some(pki) = Pki::new() else { return };
    pki.issue("ctl");
    let agent = Agent::builder()
        .env("GAXX_AGENT_TLS_CERT", pki.path("server.pem"))
        .env("GAXX_AGENT_TLS_KEY", pki.path("server.key"))
        .env("GAXX_AGENT_CLIENT_CA", pki.path("ca.pem"))
        .env("GAXX_AGENT_REQUIRE_MTLS", "true")
        .start();
    let url = format!("{}/", local(&agent));
    assert_eq!(pki.status(&[&url]), 0);
    assert_eq!(
        pki.status(&["--cert", "ctl.pem", "--key", "ctl.key", &url]),
        200
    );
    let mut agent = Agent::builder()
        .env("GAXX_AGENT_REQUIRE_MTLS", "true")
        .launch();
    assert!(!agent.wait_exit(BOUND).success());
    assert!(agent.log_contains("client_ca"), "{:?}", agent.log());
}

#[test]
fn a_token_may_what_its_scopes_say_and_appears_nowhere() {
    let tokens = format!("auth: {{tokens: [{{name: reader, hash: '{HASH}', scopes: [read]}}]}}");
    let agent = Agent::builder()
        .config(&tokens)
        .env("GAXX_AGENT_TOKEN", "another-token")
        .start();
    let status = |token: &str, path: &str| agent.call_as("GET", path, token).send().status;
    assert_eq!(status(TOKEN, "/"), 200);
    assert_eq!(status(TOKEN, "/v0/exec"), 403);
    assert_ne!(status("another-token", "/v0/exec"), 403);
    assert_eq!(status("guess", "/"), 401);
    let nobody = agent.call_as_nobody("GET", "/").send().expect(401);
    assert!(
        nobody.header("WWW-Authenticate").contains("realm="),
        "{nobody:?}"
    );
    assert!(nobody.text().contains("read"), "{}", nobody.text());
    let shown = [
        agent.get("/metrics").text().to_owned(),
        agent.get("/api/plugins").text().to_owned(),
        agent.get("/api/metrics").text().to_owned(),
        agent.log().join("\n"),
    ];
    let own = agent.token();
    for text in shown {
        for secret in [TOKEN, "another-token", &HASH["sha256:".len()..], &own] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    assert!(refused(&agent, "api", "unauthenticated") >= 2.0);
    assert!(refused(&agent, "api", "forbidden") >= 1.0);
}

#[test]
fn who_guesses_tokens_is_stopped() {
    let agent = Agent::builder()
        .config("auth: {failures: 3, window: 1h}")
        .start();
    let guess = || agent.call_as("GET", "/", "guess").send();
    for _ in 0..3 {
        assert_eq!(guess().status, 401);
    }
    let stopped = guess().expect(429);
    let wait: u64 = stopped.header("Retry-After").parse().unwrap();
    assert!((3000..=3600).contains(&wait), "{wait}");
    assert_eq!(
        agent.call("GET", "/").send().status,
        200,
        "a right one passes"
    );
    assert_eq!(refused(&agent, "api", "login_limit"), 1.0);
}

#[test]
fn pages_may_be_for_those_who_log_in_only() {
    let agent = Agent::builder()
        .config("server: {require_login: true}")
        .start();
    for path in [
        "/metrics",
        "/health",
        "/dashboard",
        "/api/plugins",
        "/nowhere",
    ] {
        assert_eq!(agent.get(path).status, 401, "{path}");
    }
    assert_eq!(agent.get("/-/healthy").status, 200);
    let bearer = format!("Bearer {}", agent.token());
    let metrics = agent
        .request("GET", "/metrics")
        .header("Authorization", &bearer);
    assert_eq!(metrics.send().status, 200);
}

#[test]
fn a_web_configuration_of_prometheus_is_understood() {
    let Some(pki) = Pki::new() else { return };
    let users = |name: &str| format!("basic_auth_users:\n  {name}: {BCRYPT}\n");
    let tls = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n";
    let headers = "http_server_config:\n  http2: false\n  headers:\n    X-Frame-Options: deny\n";
    let file = pki.write("web.yml", &format!("{tls}{headers}{}", users("alice")));
    // The waits below fail often, and who fails too often is not checked any more.
    let mut agent = Agent::builder()
        .config("auth: {failures: 1000}")
        .arg("--web.config.file")
        .arg(&file)
        .start();
    let url = format!("{}/metrics", agent.base().replace("127.0.0.1", "localhost"));
    assert!(url.starts_with("https://"), "{url}");
    assert_eq!(pki.status(&[&url]), 401);
    assert_eq!(pki.status(&["-u", "alice:guess", &url]), 401);
    assert_eq!(pki.status(&["-u", "bob:U*U", &url]), 401);
    assert_eq!(pki.status(&["-u", "alice:U*U", &url]), 200);
    let head = pki
        .curl(&["-u", "alice:U*U", "-I", &url])
        .stdout
        .to_lowercase();
    assert!(
        head.starts_with("http/1.1 200") && head.contains("x-frame-options: deny"),
        "{head}"
    );
    pki.write("web.yml", &format!("{tls}{}", users("bob")));
    wait_until("the new file is in force", || {
        pki.status(&["-u", "bob:U*U", &url]) == 200
    });
    assert_eq!(pki.status(&["-u", "alice:U*U", &url]), 401);
    for broken in [
        "",
        "basic_auth_users: {bob: hunter2}",
        "rate_limit: {interval: 1s}",
    ] {
        let told = agent.log().len();
        pki.write("web.yml", broken);
        wait_until("the broken file is told", || {
            assert_eq!(pki.status(&["-u", "bob:U*U", &url]), 200);
            agent.log()[told..]
                .iter()
                .any(|line| line.contains("stays in force"))
        });
    }
    assert!(!agent.log_contains("hunter2"));
    agent.kill();
    pki.write("web.yml", "tls_server_config: {cipher_suites: [A]}");
    let said = refusal(&format!("server: {{web_config_file: {}}}", file.display()));
    assert!(
        said.contains("cipher_suites") && said.contains("web.yml"),
        "{said}"
    );
}

#[test]
fn slow_and_half_closed_clients_keep_nobody_waiting() {
    let Some(pki) = Pki::new() else { return };
    let agent = Agent::builder()
        .config(&format!(
            "limits: {{header_timeout: 1s}}\nagent: {{tls: {}}}",
            pki.section(&[])
        ))
        .start();
    let url = format!("{}/-/healthy", local(&agent));
    // Some say nothing, some half a handshake, some close their half.
    let mut slow: Vec<TcpStream> = (0..30)
        .map(|number| {
            let mut stream = TcpStream::connect(agent.api_address()).unwrap();
            if number % 3 > 0 {
                stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00").unwrap();
            }
            if number % 3 > 1 {
                stream.shutdown(std::net::Shutdown::Write).unwrap();
            }
            stream
        })
        .collect();
    assert_eq!(pki.status(&[&url]), 200);
    for stream in &mut slow {
        stream.set_read_timeout(Some(BOUND)).unwrap();
        // Closed, with an alert before it or a reset in its place.
        let _ = stream.read_to_end(&mut Vec::new());
    }
    wait_until("all are counted", || {
        refused(&agent, "api", "tls_handshake") == 30.0
    });
    assert_eq!(pki.status(&[&url]), 200);
}

#[test]
fn the_token_of_this_machine_is_for_its_owner_only() {
    let agent = Agent::builder().start();
    let file = agent.state().join("agent.token");
    let token = agent.token();
    set_mode(&file, 0o644);
    let mut agent = agent;
    agent.kill();
    let state = agent.state();
    let again = Agent::builder().env("GAXX_STATE_FOLDER", state).launch();
    let mut again = again;
    assert!(!again.wait_exit(BOUND).success());
    let said = again.log().join("\n");
    assert!(
        said.contains("agent.token") && said.contains("0644"),
        "{said}"
    );
    assert!(!said.contains(&token));
    assert_eq!(fs::read_to_string(file).unwrap().trim(), token);
}
