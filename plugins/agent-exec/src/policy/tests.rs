#![allow(clippy::unwrap_used)]

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use gaxx_sdk::{
    json,
    serde_json::{self, Value},
};
use proptest::prelude::*;

use super::*;

fn settings(json: &Value) -> gaxx_sdk::Result<Policy> {
    let settings: Settings = serde_json::from_value(json.clone())?;
    Policy::new(&settings)
}

#[allow(clippy::needless_pass_by_value)] // So that a test can write `rule(json!({}))`.
fn rule(json: Value) -> Value {
    let mut rule = json!({ "name": "r", "program": "/usr/bin/uptime" });
    rule.as_object_mut()
        .unwrap()
        .extend(json.as_object().unwrap().clone());
    json!({ "allow": "rules", "rules": [rule] })
}

fn decide(policy: &Value, request: &Value) -> Result<Permit, Refusal> {
    let request = Request::parse(request.to_string().as_bytes()).unwrap();
    settings(policy).unwrap().decide(&request, "me")
}

fn refused(policy: &Value, request: &Value, reason: Reason, remedy: &str) {
    let refusal = decide(policy, request).unwrap_err();
    assert_eq!(refusal.reason, reason, "{refusal:?}");
    assert!(refusal.remedy.contains(remedy), "{refusal:?}");
}

fn copy(of: &str, to: &Path) {
    fs::copy(of, to).unwrap();
}

#[test]
fn nothing_runs_by_default() {
    let request = json!({ "command": "/usr/bin/uptime" });
    refused(
        &json!({}),
        &request,
        Reason::Nothing,
        "{name: example, program: \"/usr/bin/uptime\"}",
    );
}

#[test]
fn a_rule_lets_its_program_run_and_no_other() {
    let policy = rule(json!({}));
    for command in ["/usr/bin/uptime", "uptime", "/usr/../usr/bin/uptime"] {
        let permit = decide(&policy, &json!({ "command": command })).unwrap();
        assert_eq!(permit.order.program, Path::new("/usr/bin/uptime"));
        assert_eq!(
            (permit.name.as_str(), permit.order.folder.as_path()),
            ("r", Path::new("/"))
        );
    }
    refused(
        &policy,
        &json!({ "command": "/bin/ls", "args": ["-l", "a.b"] }),
        Reason::Program,
        r#"{name: NAME, program: "/usr/bin/ls", args: ["-l","a\\.b"]}"#,
    );
    refused(
        &policy,
        &json!({ "command": "/bin/bash" }),
        Reason::Program,
        "interpreter: true",
    );
    refused(
        &policy,
        &json!({ "command": "./uptime" }),
        Reason::Program,
        "absolute path",
    );
    refused(
        &policy,
        &json!({ "command": "no-such-program" }),
        Reason::Program,
        "plugins.agent-exec.path",
    );
    refused(
        &policy,
        &json!({ "command": "/etc/passwd" }),
        Reason::Program,
        "executable",
    );
    refused(
        &policy,
        &json!({ "command": "/usr/bin" }),
        Reason::Program,
        "program that is there",
    );
}

#[test]
fn links_are_followed_before_programs_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("tool"), folder.path().join("link"));
    copy("/bin/true", &real);
    symlink(&real, &link).unwrap();
    let by_link = rule(json!({ "program": link }));
    // The rule's own name of the program is what it sees as its name.
    let permit = decide(&by_link, &json!({ "command": real })).unwrap();
    assert_eq!(permit.order.program, link);
    // A program that is many in one, called by a name that the rule does not mean.
    let other = folder.path().join("rm");
    symlink(&real, &other).unwrap();
    refused(
        &by_link,
        &json!({ "command": other }),
        Reason::Program,
        "rules",
    );
}

#[test]
fn arguments_fit_whole_patterns() {
    let policy =
        rule(json!({ "args": ["restart|status", "[a-z]+\\.service"], "more_args": "--[a-z]+" }));
    let ask = |args: Value| decide(&policy, &json!({ "command": "uptime", "args": args }));
    assert!(ask(json!(["restart", "a.service"])).is_ok());
    assert!(ask(json!(["status", "a.service", "--x", "--y"])).is_ok());
    for wrong in [
        json!([]),
        json!(["restart"]),
        json!(["restart", "a.service; rm"]),
        json!(["xrestart", "a.service"]),
        json!(["restart", "aXservice"]),
        json!(["restart", "a.service\n"]),
        json!(["restart", "a.service", "-x"]),
    ] {
        assert_eq!(
            ask(wrong.clone()).unwrap_err().reason,
            Reason::Arguments,
            "{wrong}"
        );
    }
    let any = rule(json!({ "args": "any" }));
    assert!(decide(&any, &json!({ "command": "uptime", "args": ["a", "\n"] })).is_ok());
    let none = rule(json!({}));
    refused(
        &none,
        &json!({ "command": "uptime", "args": ["-p"] }),
        Reason::Arguments,
        "in place 1: \"-p\"",
    );
}

#[test]
fn interpreters_need_a_word_of_their_own() {
    for name in [
        "sh",
        "bash",
        "dash",
        "python3.11",
        "perl5",
        "lua5.4",
        "env",
        "sudo",
        "busybox",
        "awk",
        "mawk",
        "find",
        "xargs",
        "vim.basic",
        "vi",
        "ld-linux-x86-64.so.2",
        "tclsh8.6",
        "node",
        "Rscript",
        "perl5.36-x86_64-linux-gnu",
        "bash-static",
        "ld-2.31.so",
        "git",
    ] {
        assert!(interpreters::is_name(name), "{name}");
    }
    for name in [
        "uptime",
        "ls",
        "cat",
        "shred",
        "envsubst",
        "tarball",
        "rm",
        "systemctl",
        "true",
        "date",
        "shutdown",
        "lda",
        "manpath",
    ] {
        assert!(!interpreters::is_name(name), "{name}");
    }
    let shell = rule(json!({ "program": "/bin/bash", "args": "any" }));
    let request = json!({ "command": "/bin/bash", "args": ["-c", "id"] });
    refused(&shell, &request, Reason::Interpreter, "interpreter: true");
    let granted = rule(json!({ "program": "/bin/bash", "args": "any", "interpreter": true }));
    assert!(decide(&granted, &request).is_ok());
}

#[test]
fn an_interpreter_is_known_by_its_file_too() {
    let folder = tempfile::tempdir().unwrap();
    copy("/bin/true", &folder.path().join("bash"));
    let hidden = folder.path().join("harmless");
    fs::hard_link(folder.path().join("bash"), &hidden).unwrap();
    let mut policy = rule(json!({ "program": hidden }));
    policy["path"] = json!([folder.path()]);
    refused(
        &policy,
        &json!({ "command": hidden }),
        Reason::Interpreter,
        "interpreter: true",
    );
}

#[test]
fn a_rule_may_be_for_some_callers() {
    let policy = rule(json!({ "callers": ["you"] }));
    refused(
        &policy,
        &json!({ "command": "uptime" }),
        Reason::Caller,
        "add \"me\" to callers",
    );
    assert!(
        decide(
            &rule(json!({ "callers": ["you", "me"] })),
            &json!({ "command": "uptime" })
        )
        .is_ok()
    );
}

#[test]
fn it_runs_where_the_rule_says() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("in");
    fs::create_dir(&inner).unwrap();
    let way_out = inner.join("out");
    symlink("/etc", &way_out).unwrap();
    let policy = rule(json!({ "work_folders": [folder.path()] }));
    let ask = |folder: &Path| decide(&policy, &json!({ "command": "uptime", "work_dir": folder }));
    assert_eq!(
        ask(&inner).unwrap().order.folder,
        fs::canonicalize(&inner).unwrap()
    );
    assert_eq!(
        decide(&policy, &json!({ "command": "uptime" }))
            .unwrap()
            .order
            .folder,
        fs::canonicalize(folder.path()).unwrap()
    );
    for wrong in [
        Path::new("/"),
        &way_out,
        &inner.join("..").join(".."),
        &inner.join("absent"),
    ] {
        assert_eq!(
            ask(wrong).unwrap_err().reason,
            Reason::Folder,
            "{}",
            wrong.display()
        );
    }
    refused(
        &rule(json!({})),
        &json!({ "command": "uptime", "work_dir": "/tmp" }),
        Reason::Folder,
        "work_folders",
    );
}

#[test]
fn a_request_sets_the_variables_that_a_rule_names() {
    let policy = rule(
        json!({ "env": ["APP_*", "TZ"], "set_env": { "TZ": "UTC", "LD_LIBRARY_PATH": "/opt" } }),
    );
    let ask = |env: &[&str]| decide(&policy, &json!({ "command": "uptime", "env": env }));
    let permit = ask(&["APP_MODE=fast", "TZ=mine"]).unwrap();
    let value = |name: &str| {
        let found = permit
            .order
            .environment
            .iter()
            .find(|(other, _)| other == name);
        found.map(|(_, value)| value.to_string_lossy().into_owned())
    };
    assert_eq!(value("APP_MODE").unwrap(), "fast");
    assert_eq!(
        value("TZ").unwrap(),
        "UTC",
        "the rule goes before the request"
    );
    assert_eq!(value("LANG").unwrap(), "C.UTF-8");
    assert!(value("PATH").unwrap().contains("/usr/bin") && value("HOME").is_some());
    assert_eq!(permit.order.environment.len(), 8);
    assert_eq!(ask(&["OTHER=1"]).unwrap_err().reason, Reason::Variable);
    let any = json!({ "allow": "any" });
    for name in [
        "LD_PRELOAD",
        "LD_AUDIT",
        "GAXX_AGENT_TOKEN",
        "GLIBC_TUNABLES",
        "GCONV_PATH",
    ] {
        let request = json!({ "command": "uptime", "env": [format!("{name}=x")] });
        assert_eq!(
            decide(&any, &request).unwrap_err().reason,
            Reason::Variable,
            "{name}"
        );
    }
}

#[test]
fn a_request_may_ask_for_less_time_and_no_more() {
    let policy = rule(json!({ "max_time": "10s" }));
    let ask = |seconds: f64| {
        decide(
            &policy,
            &json!({ "command": "uptime", "timeout_seconds": seconds }),
        )
    };
    assert_eq!(ask(2.5).unwrap().time, Duration::from_millis(2500));
    assert_eq!(ask(0.0).unwrap().time, Duration::from_secs(10));
    assert_eq!(ask(11.0).unwrap_err().reason, Reason::Time);
}

#[test]
fn only_the_users_of_a_rule_are_had() {
    let own = rule(json!({}));
    let ask =
        |policy: &Value, user: &str| decide(policy, &json!({ "command": "uptime", "user": user }));
    let daemon = rule(json!({ "users": ["daemon", "bin"] }));
    let permit = decide(&daemon, &json!({ "command": "uptime" })).unwrap();
    assert_eq!(
        (permit.user.as_str(), permit.order.user.unwrap().uid),
        ("daemon", 1)
    );
    assert_eq!(ask(&daemon, "2").unwrap().user, "bin", "by number");
    assert_eq!(ask(&daemon, "sys").unwrap_err().reason, Reason::User);
    assert_eq!(ask(&own, "daemon").unwrap_err().reason, Reason::User);
    assert_eq!(
        ask(&own, "nobody-of-that-name").unwrap_err().reason,
        Reason::User
    );
    assert_eq!(
        ask(&json!({ "allow": "any" }), "daemon")
            .unwrap()
            .order
            .user
            .unwrap()
            .gid,
        1
    );
}

#[test]
fn groups_are_those_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (passwd, group) = (folder.path().join("passwd"), folder.path().join("group"));
    fs::write(&passwd, "bad line\nann:x:4242:50:Ann:/home/ann:/bin/sh\n").unwrap();
    fs::write(&group, "a:x:7:bob,ann\nb:x:8:bob\nc:x:9:ann\n").unwrap();
    let users = users::Users::of(passwd, group);
    let ann = users.find("ann").unwrap();
    let user = users.change(&ann).unwrap();
    assert_eq!(
        (user.uid, user.gid, user.groups),
        (4242, 50, vec![7, 9, 50])
    );
    assert_eq!(users.find("4242"), Some(ann));
    assert_eq!(users.find("bob"), None);
}

#[test]
fn what_is_run_is_what_was_checked() {
    let folder = tempfile::tempdir().unwrap();
    let tool = folder.path().join("tool");
    copy("/bin/true", &tool);
    let digest = blake3::hash(&fs::read(&tool).unwrap()).to_hex();
    let policy = rule(json!({ "program": tool, "digest": format!("blake3:{digest}") }));
    let request = json!({ "command": tool });
    assert!(decide(&policy, &request).unwrap().order.image.is_some());
    let other = rule(json!({ "program": tool, "digest": format!("sha256:{digest}") }));
    refused(&other, &request, Reason::Digest, "digest");
    fs::write(&tool, "#!/bin/sh\n").unwrap();
    let refusal = decide(&policy, &request).unwrap_err();
    assert!(refusal.why.contains("is a script"), "{refusal:?}");
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(
        decide(&policy, &request).unwrap_err().reason,
        Reason::Program
    );
}

#[test]
fn the_nearest_rule_is_the_one_that_is_told() {
    let policy = json!({ "allow": "rules", "rules": [
        { "name": "far", "program": "/bin/ls" },
        { "name": "nearer", "program": "/usr/bin/uptime", "args": ["a"] },
        { "name": "nearest", "program": "/usr/bin/uptime", "args": ["b"] },
    ]});
    let refusal = decide(
        &policy,
        &json!({ "command": "uptime", "args": ["b"], "work_dir": "/tmp" }),
    )
    .unwrap_err();
    assert_eq!(
        (refusal.reason, refusal.rule.as_deref()),
        (Reason::Folder, Some("nearest"))
    );
}

#[test]
fn wrong_settings_name_their_key() {
    for (json, key) in [
        (json!({ "allow": "rules" }), "rules"),
        (json!({ "path": [] }), "path"),
        (json!({ "path": ["bin"] }), "path"),
        (json!({ "confine": { "umask": "8" } }), "confine.umask"),
        (json!({ "max_output": "2GiB" }), "max_output"),
        (rule(json!({ "name": "any" })), "rules[0].name"),
        (rule(json!({ "name": "a b" })), "rules[0].name"),
        (rule(json!({ "program": "uptime" })), "rules[0].program"),
        (rule(json!({ "args": ["("] })), "rules[0].args"),
        (rule(json!({ "args": [")|("] })), "rules[0].args"),
        (rule(json!({ "more_args": "[" })), "rules[0].more_args"),
        (rule(json!({ "digest": "md5:00" })), "rules[0].digest"),
        (rule(json!({ "env": ["LD_PRELOAD"] })), "rules[0].env"),
        (
            rule(json!({ "confine": { "landlock": ["x"] } })),
            "rules[0].confine.landlock",
        ),
    ] {
        let error = settings(&json).unwrap_err();
        assert!(error.message().starts_with(key), "{key}: {error}");
        assert!(!error.remedy_text().is_empty(), "{error}");
    }
}

proptest! {
    #[test]
    fn a_pattern_never_fits_a_part(pattern in "[ab.*+?|()^$\\[\\]x#]{1,8}", argument in "[ab\n]{0,6}") {
        if let Ok(ready) = pattern::Pattern::new("key", &pattern)
            && ready.fits(&argument)
        {
            let whole = regex_lite::Regex::new(&pattern).unwrap();
            // What fits as a whole is found from the beginning to the end.
            let reference = regex_lite::Regex::new(&format!("^(?:{pattern})$")).unwrap();
            prop_assert!(whole.is_match(&argument) && reference.is_match(&argument));
        }
    }

    #[test]
    fn an_escaped_text_fits_itself_alone(text in "\\PC{0,30}", other in "\\PC{0,30}") {
        let pattern = pattern::Pattern::new("key", &regex_lite::escape(&text)).unwrap();
        prop_assert!(pattern.fits(&text));
        prop_assert_eq!(pattern.fits(&other), text == other);
    }

    #[test]
    fn no_command_is_too_much(command in "\\PC{1,60}") {
        let request = json!({ "command": command });
        if let Ok(request) = Request::parse(request.to_string().as_bytes()) {
            let _ = settings(&rule(json!({}))).unwrap().decide(&request, "me");
        }
    }
}
