//! Who may profile, how much, and what is refused.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use gaxx_tests::{BOUND, Monitor, Process, Request, Response, wait_until};

use super::{BUSY, CALM, Hot, IN_PROCESS, PROCESS};

/// A token, and its hash as `printf %s TOKEN | sha256sum` shows it.
const TOKEN: &str = "a-token-for-a-test";
const HASH: &str = "sha256:6da17cb7859700a4778cbba6856739e759c93039b0bdaddfddb5721fdc718e6f";

/// What a refusal has to have: a reason and what to do, each one line.
#[track_caller]
fn expect_explained(answer: &Response) {
    let said = answer.json();
    for key in ["error", "remedy"] {
        let text = said[key].as_str().unwrap_or_default();
        assert!(!text.is_empty() && text.len() < 1000, "{key}: {said}");
        assert!(!text.chars().any(char::is_control), "{key}: {said}");
    }
}

#[test]
fn wrong_parameters_are_explained() {
    let hot = Hot::start(IN_PROCESS, CALM);
    for (path, queries) in [
        (
            "profile",
            &[
                "seconds=0",
                "seconds=301",
                "seconds=-1",
                "seconds=1e3",
                "seconds=one",
                "seconds=1&seconds=2",
                "seconds=18446744073709551616",
                "hz=0",
                "hz=251",
                "hz=99.5",
                "debug=3",
                "no-such=1",
                "seconds=1&=",
                "gc=1",
            ][..],
        ),
        (
            "heap",
            &["seconds=301", "gc=2", "gc=yes", "hz=99", "debug=9"],
        ),
        ("goroutine", &["debug=3", "hz=1", "plugin=hot"]),
        ("flamegraph", &["type=goroutine", "hz=251", "seconds=0"]),
        ("threadcreate", &["debug=x"]),
    ] {
        for query in queries {
            let start = Instant::now();
            let answer = hot.ask(&format!("/debug/pprof/{path}?{query}"));
            assert_eq!(answer.status, 400, "{path}?{query}: {answer:?}");
            expect_explained(&answer);
            assert!(start.elapsed() < BOUND / 2, "{path}?{query}");
        }
    }
    for query in [
        "plugin=no-such",
        "plugin=%00",
        "plugin=hot%0a",
        "plugin=../system",
    ] {
        for path in ["profile?", "heap?", "flamegraph?format=json&"] {
            let answer = hot.ask(&format!("/debug/pprof/{path}seconds=1&{query}"));
            assert!([400, 404].contains(&answer.status), "{query}: {answer:?}");
            expect_explained(&answer);
        }
    }
    // It has no process of its own.
    let inside = hot.ask("/debug/pprof/heap?plugin=hot");
    assert!((400..500).contains(&inside.status), "{inside:?}");
    expect_explained(&inside);
}

#[test]
fn hostile_queries_do_no_harm() {
    let hot = Hot::start(IN_PROCESS, CALM);
    let long = "x".repeat(20_000);
    let many = "a=1&".repeat(5_000);
    for query in [
        long.as_str(),
        &format!("plugin={long}"),
        &many,
        "%",
        "%zz",
        "%ff%fe",
        "&&&&&&",
        "seconds=%31%30%30%30",
        "debug=1;seconds=1",
        "plugin=<script>alert(1)</script>",
        "seconds[]=1",
    ] {
        for path in [
            "pprof/profile",
            "pprof/heap",
            "pprof/goroutine",
            "stats",
            "build",
        ] {
            let (status, text) = raw(&hot, &format!("GET /debug/{path}?{query}"));
            let well = (200..500).contains(&status);
            assert!(well, "{status} to {path}?{query:.50}: {text:.500}");
            assert!(!text.contains("<script>"), "{text}");
        }
    }
    assert_eq!(hot.get("/-/healthy").status, 200);
    assert!(!hot.log_contains("panicked"), "{:?}", hot.log());
}

/// Sends a line as it is, which a client that checks it would not.
fn raw(hot: &Hot, line: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(hot.address()).unwrap();
    stream.set_read_timeout(Some(BOUND)).unwrap();
    let head = format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // What the server refuses it may close before all of it is read.
    let _ = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (status.unwrap_or_default(), text)
}

/// A request that goes on until what is answered is dropped.
fn profiling(hot: &Hot, query: &str) -> TcpStream {
    let mut stream = TcpStream::connect(hot.address()).unwrap();
    let path = format!("/debug/pprof/profile?{query}");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    stream
}

/// The same, which is being taken. Who looks whether it is takes one himself, which may come first.
fn begin(hot: &Hot, query: &str, is_busy: impl Fn() -> bool) -> TcpStream {
    let mut first = profiling(hot, query);
    wait_until("it is being taken", || {
        let begun = is_busy();
        if !begun {
            first = profiling(hot, query);
        }
        begun
    });
    first
}

fn is_busy(hot: &Hot) -> bool {
    hot.ask("/debug/pprof/profile?seconds=1").status == 409
}

#[test]
fn there_is_one_at_a_time() {
    let hot = Hot::start(PROCESS, BUSY);
    let first = begin(&hot, "seconds=300", || is_busy(&hot));
    for path in ["profile?seconds=2", "flamegraph?seconds=2&format=json"] {
        let second = hot.ask(&format!("/debug/pprof/{path}"));
        assert_eq!(second.status, 409, "{path}: {second:?}");
    }
    expect_explained(&hot.ask("/debug/pprof/profile?seconds=2"));
    // On the other port it is the same profiler, and of another process another one.
    assert_eq!(hot.get("/debug/pprof/profile?seconds=2").status, 409);
    let other = hot.ask("/debug/pprof/profile?seconds=1&plugin=hot");
    assert_eq!(other.status, 200);
    for path in ["heap", "goroutine", "threadcreate", "cmdline"] {
        assert_eq!(
            hot.ask(&format!("/debug/pprof/{path}")).status,
            200,
            "{path}"
        );
    }
    assert_eq!(hot.ask("/debug/stats").status, 200);
    drop(first);
}

/// At once: the next profile need not wait for the end of this one.
#[test]
fn a_client_that_leaves_ends_it() {
    let hot = Hot::start(PROCESS, BUSY);
    for query in ["seconds=300", "seconds=300&plugin=hot"] {
        let short = query.replace("300", "1");
        let busy = || hot.ask(&format!("/debug/pprof/profile?{short}")).status == 409;
        for _ in 0..3 {
            drop(begin(&hot, query, busy));
            let left = Instant::now();
            wait_until("the profiler is free", || !busy());
            assert!(left.elapsed() < Duration::from_secs(30));
        }
    }
}

/// Many at once: one is served, the others hear why not, and the pages answer all the while.
#[test]
fn a_crowd_is_refused_politely() {
    let hot = Hot::start(IN_PROCESS, BUSY);
    let url = hot.at("/debug/pprof/profile?seconds=2");
    let statuses: Vec<u16> = thread::scope(|scope| {
        let ask = || Request::new("GET", &url).send().status;
        let all: Vec<_> = (0..40).map(|_| scope.spawn(ask)).collect();
        assert_eq!(hot.get("/-/healthy").status, 200);
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let of = |status: u16| statuses.iter().filter(|one| **one == status).count();
    assert_eq!(of(200), 1, "{statuses:?}");
    // 503: more requests at once than an endpoint takes.
    assert_eq!(of(200) + of(409) + of(503), 40, "{statuses:?}");
    assert_eq!(hot.ask("/debug/pprof/profile?seconds=1").status, 200);
}

/// `HEAD` asks for no samples.
#[test]
fn head_takes_no_profile() {
    let hot = Hot::start(IN_PROCESS, CALM);
    for path in ["profile", "heap", "goroutine", "flamegraph", ""] {
        let url = hot.at(&format!("/debug/pprof/{path}"));
        let start = Instant::now();
        let head = Request::new("HEAD", &url).send();
        assert!([200, 405].contains(&head.status), "{path}: {head:?}");
        assert!(head.body.is_empty(), "{path}");
        assert!(start.elapsed() < Duration::from_secs(20), "{path}");
    }
    assert_eq!(hot.ask("/debug/pprof/profile?seconds=1").status, 200);
}

/// On loopback everybody may. Where the pages are plainly open to others, profiles are not; a token
/// of the scope opens them.
#[test]
fn to_others_it_needs_the_scope() {
    let tokens =
        format!("auth:\n  tokens:\n  - {{name: profiler, hash: '{HASH}', scopes: [profile]}}\n");
    let reader = tokens.replace("[profile]", "[read]");
    let paths = [
        "/debug/pprof/profile?seconds=1",
        "/debug/pprof/heap",
        "/debug/pprof/cmdline",
        "/debug/stats",
        "/debug/build",
    ];
    let server = "server: {listen: 0.0.0.0, allow_plain_remote: true}\n";
    for (auth, authorized) in [(&tokens, 200), (&reader, 403)] {
        let monitor = Monitor::builder()
            .listen("0.0.0.0:0")
            .config(&format!("{server}{auth}"))
            .start();
        let at = |path: &str| {
            let url = format!("{}{path}", monitor.base());
            Request::new("GET", &url.replace("0.0.0.0", "127.0.0.1"))
        };
        assert_eq!(at("/metrics").send().status, 200);
        for path in paths {
            let nobody = at(path).send().status;
            assert!([401, 403].contains(&nobody), "{path}: {nobody}");
            let bearer = format!("Bearer {TOKEN}");
            let somebody = at(path).header("Authorization", &bearer).send();
            assert_eq!(somebody.status, authorized, "{path}: {somebody:?}");
        }
        let purge = format!("{}/debug/gc", monitor.base());
        let purge = Request::new("POST", &purge.replace("0.0.0.0", "127.0.0.1"));
        assert!([401, 403].contains(&purge.send().status));
    }
    // The profiling port does not open to others at all without TLS.
    let mut open = Monitor::builder()
        .config("profiling: {listen: 0.0.0.0}")
        .launch();
    assert!(!open.wait_exit(BOUND).success());
    assert!(open.log_contains("profiling"), "{:?}", open.log());
}

/// Where a page needs a login on loopback too, so do profiles.
#[test]
fn where_pages_need_a_login_so_do_profiles() {
    let monitor = Monitor::builder()
        .config(&format!(
            "server: {{require_login: true}}\nauth:\n  tokens:\n  - {{name: profiler, hash: '{HASH}', scopes: [profile]}}\n"
        ))
        .start();
    assert_eq!(monitor.get("/debug/stats").status, 401);
    let bearer = format!("Bearer {TOKEN}");
    let asked = monitor.request("GET", "/debug/stats");
    assert_eq!(asked.header("Authorization", &bearer).send().status, 200);
}

/// The symboliser's memory is not kept.
#[test]
fn memory_and_processes_are_given_back() {
    let hot = Hot::start(IN_PROCESS, BUSY);
    let own = Process(hot.pid());
    let path = "/debug/pprof/profile?seconds=1";
    (0..2).for_each(|_| drop(hot.ask(path).expect(200)));
    let helpers = || own.children().len();
    wait_until("no helper is left", || helpers() == 0);
    let (memory, files) = (own.memory().anonymous, own.descriptors());
    (0..5).for_each(|_| drop(hot.ask(path).expect(200)));
    wait_until("no helper is left", || helpers() == 0);
    wait_until("nothing has grown", || {
        own.memory().anonymous < memory + 8.0 && own.descriptors() <= files + 2
    });
}
