//! Who may what, by token and by password.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::*;
use crate::security::{AccessBuilder, Limiter, Scopes, Token, WebConfig};

const TOKEN: &str = "a-token-for-exec";

fn known() -> AccessBuilder {
    let scopes = Scopes::NONE.with(Scope::Exec);
    let mut over = Token::from_text("old", "an-old-token", scopes).unwrap();
    over.expires = Some("2001-01-01".parse().unwrap());
    Access::builder().tokens([Token::from_text("ctl", TOKEN, scopes).unwrap(), over])
}

async fn site(access: AccessBuilder) -> Site {
    Site::guarded(Limits::default(), access.build(), None).await
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

fn basic(user: &str, password: &str) -> String {
    let login = STANDARD.encode(format!("{user}:{password}"));
    format!("Authorization: Basic {login}\r\n")
}

#[tokio::test]
async fn what_needs_a_scope_is_for_those_who_have_it() {
    let site = site(known()).await;
    let done = site.ask("POST", "/exec", &bearer(TOKEN)).await;
    assert_eq!(body(&done), "done");
    let nobody = site.ask("POST", "/exec", "").await;
    assert_failure(&nobody, 401);
    assert!(nobody.contains("exec"), "{nobody}");
    for challenge in [
        "www-authenticate: basic realm=",
        "www-authenticate: bearer realm=",
    ] {
        assert!(head(&nobody).contains(challenge), "{nobody}");
    }
    let lacking = site.ask("GET", "/read", &bearer(TOKEN)).await;
    assert_failure(&lacking, 403);
    assert!(
        lacking.contains("ctl") && lacking.contains("read"),
        "{lacking}"
    );
    let seen = site.until(|seen| seen.answers.len() == 3).await;
    assert_eq!(seen.refused, [Refusal::Unauthenticated, Refusal::Forbidden]);
    assert_eq!(seen.answers[0].route, "exec");
}

#[tokio::test]
async fn wrong_credentials_are_refused_where_none_are_needed_too() {
    let open = Scopes::NONE.with(Scope::Read);
    let site = site(known().anonymous(open)).await;
    assert_eq!(status(&site.ask("GET", "/read", "").await), 200);
    for wrong in [
        bearer("guess"),
        bearer(&"x".repeat(5000)),
        bearer("an-old-token"),
        basic("ctl", "guess"),
        basic("other", TOKEN),
        "Authorization: Negotiate abc\r\n".to_owned(),
        format!("{}{}", bearer(TOKEN), bearer(TOKEN)),
    ] {
        let refused = site.ask("GET", "/read", &wrong).await;
        assert_failure(&refused, 401);
        assert!(!refused.contains("guess"), "{refused}");
    }
    // What everyone may, who is known may too.
    let who = site.ask("GET", "/caller", &bearer(TOKEN)).await;
    assert_eq!(body(&who), "ctl (token): read, exec");
    let who = site.ask("GET", "/caller", &basic("ctl", TOKEN)).await;
    assert_eq!(body(&who), "ctl (token): read, exec");
    let seen = site.until(|seen| seen.answers.len() == 10).await;
    assert_eq!(seen.refused, [Refusal::Unauthenticated; 7]);
}

#[tokio::test]
async fn where_nobody_is_known_credentials_are_not_looked_at() {
    let site = site(Access::builder().anonymous(Scopes::NONE.with(Scope::Read))).await;
    assert_eq!(
        status(&site.ask("GET", "/read", &bearer("of-a-proxy")).await),
        200
    );
}

#[tokio::test]
async fn who_guesses_is_stopped_and_who_is_right_is_not() {
    let limiter = Arc::new(Limiter::new(3, Duration::from_hours(1)));
    let site = site(known().limiter(&limiter)).await;
    for _ in 0..3 {
        assert_failure(&site.ask("POST", "/exec", &bearer("guess")).await, 401);
    }
    let stopped = site.ask("POST", "/exec", &bearer("guess")).await;
    assert_failure(&stopped, 429);
    assert!(head(&stopped).contains("retry-after: 3600"), "{stopped}");
    assert_eq!(
        body(&site.ask("POST", "/exec", &bearer(TOKEN)).await),
        "done"
    );
    assert_failure(&site.ask("POST", "/exec", "").await, 401);
    let seen = site.until(|seen| seen.answers.len() == 6).await;
    let stops = seen
        .refused
        .iter()
        .filter(|reason| **reason == Refusal::LoginLimit);
    assert_eq!(stops.count(), 1);
}

fn web(folder: &tempfile::TempDir, cost: u32) -> Arc<WebConfig> {
    let hash = bcrypt::hash_with_salt("secret", cost, *b"sixteen of salt!").unwrap();
    let text = format!(
        "http_server_config: {{headers: {{X-Frame-Options: deny}}}}\n\
         basic_auth_users: {{alice: {hash}}}\n"
    );
    let path = folder.path().join("web.yml");
    std::fs::write(&path, text).unwrap();
    WebConfig::open("--web.config.file", path).unwrap()
}

#[tokio::test]
async fn users_of_a_web_configuration_log_in_by_password_and_nobody_else_reads() {
    let folder = tempfile::tempdir().unwrap();
    let open = Scopes::NONE.with(Scope::Read);
    let access = Access::builder().anonymous(open).web(Some(web(&folder, 4)));
    let site = site(access).await;
    let nobody = site.ask("GET", "/read", "").await;
    assert_failure(&nobody, 401);
    assert!(head(&nobody).contains("x-frame-options: deny"), "{nobody}");
    for _ in 0..2 {
        let who = site.ask("GET", "/caller", &basic("alice", "secret")).await;
        assert_eq!(body(&who), "alice (basic): read, admin, profile");
    }
    for (user, password) in [("alice", "guess"), ("bob", "secret"), ("", "")] {
        let refused = site.ask("GET", "/read", &basic(user, password)).await;
        assert_failure(&refused, 401);
    }
    assert_failure(&site.ask("GET", "/read", &bearer(TOKEN)).await, 401);
}

#[tokio::test]
async fn a_stopped_guesser_of_passwords_costs_no_hash() {
    let folder = tempfile::tempdir().unwrap();
    let limiter = Arc::new(Limiter::new(1, Duration::from_hours(1)));
    let access = Access::builder()
        .web(Some(web(&folder, 4)))
        .limiter(&limiter);
    let site = site(access).await;
    let good = basic("alice", "secret");
    assert_eq!(status(&site.ask("GET", "/caller", &good).await), 200);
    assert_failure(
        &site.ask("GET", "/caller", &basic("alice", "guess")).await,
        401,
    );
    assert_failure(
        &site.ask("GET", "/caller", &basic("alice", "guess")).await,
        429,
    );
    // Known from before, so it needs no check.
    assert_eq!(status(&site.ask("GET", "/caller", &good).await), 200);
}

#[tokio::test]
async fn many_right_logins_at_once_are_all_answered() {
    let folder = tempfile::tempdir().unwrap();
    let limiter = Arc::new(Limiter::new(1, Duration::from_hours(1)));
    let access = Access::builder()
        .web(Some(web(&folder, 4)))
        .limiter(&limiter);
    let site = site(access).await;
    let good = basic("alice", "secret");
    let asked = (0..20).map(|_| site.ask("GET", "/caller", &good));
    for answer in futures_util::future::join_all(asked).await {
        assert_eq!(status(&answer), 200, "{answer}");
    }
}

#[tokio::test]
async fn a_body_without_limit_and_of_any_type_is_taken() {
    let limits = Limits {
        max_body: 1,
        body_limits: BodyLimits::by(|path| (path == "/echo").then_some(u64::MAX)),
        ..Limits::default()
    };
    let site = Site::with(limits).await;
    let text = "x".repeat(100_000);
    let sent = format!("Content-Type: application/x-own\r\nContent-Length: 100000\r\n\r\n{text}");
    let answer = site.ask("POST", "/echo", &sent).await;
    assert!(answer.contains(&text[..1000]), "{}", head(&answer));
    let chunked = "Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n";
    let answer = site.ask("POST", "/echo", chunked).await;
    assert!(answer.contains("one"), "{answer}");
}
