//! Helpers: processes that components have asked for, of a plugin in the program and of one in a
//! process of its own.

use std::fs;
use std::os::fd::AsRawFd;

use gaxx_tests::{Agent, BOUND, Process, Response, wait_until};
use rustix::process::{Pid, Signal, getpgid, kill_process};

use super::{QUICK, wait_gone};
use crate::rogue::Rogue;

/// As [`QUICK`]; the folder is looked at only when the test asks for it, and a start may take as
/// long as it does where much else is started.
fn config() -> String {
    QUICK
        .replace("plugins:\n", "plugins:\n  watch: false\n")
        .replace("deadline: 1s", "deadline: 30s")
}

/// The program with the plugin in it, and with the plugin in a process of its own.
fn each(test: impl Fn(&mut Rogue)) {
    for start in [Rogue::start, Rogue::isolated] {
        let mut rogue = start("", &config());
        rogue.wait_calls("calm", 1);
        test(&mut rogue);
    }
}

impl Rogue {
    /// Asks the plugin for something about its helpers.
    #[track_caller]
    fn ask(&self, path: &str) -> Response {
        self.get(&format!("/rogue-helpers/{path}")).expect(200)
    }

    /// Has a helper started, and gives its number.
    #[track_caller]
    fn helper(&self, name: &str) -> u32 {
        let answer = self.ask(&format!("start/{name}"));
        let text = answer.text();
        text.trim().parse().unwrap_or_else(|_| panic!("{text}"))
    }

    /// How often helpers were started, or refused.
    fn asked_for(&self, outcome: &str) -> f64 {
        let labels = [
            ("plugin", "rogue"),
            ("component", "helpers"),
            ("outcome", outcome),
        ];
        let name = "gaxx_plugin_helpers_total";
        self.metrics().value(name, &labels).unwrap()
    }

    #[track_caller]
    fn wait_line(&self, texts: &[&str]) {
        wait_until(&format!("the log has {texts:?}"), || {
            !self.log_with(texts).is_empty()
        });
    }
}

/// A file of a process under /proc.
#[track_caller]
fn read(pid: u32, file: &str) -> String {
    fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap()
}

fn threads(pid: u32) -> usize {
    Process(pid).threads()
}

fn pid(number: u32) -> Pid {
    i32::try_from(number).ok().and_then(Pid::from_raw).unwrap()
}

fn kill(number: u32) {
    kill_process(pid(number), Signal::KILL).unwrap();
}

#[test]
fn a_helper_has_one_thread_and_nothing_of_the_program() {
    // Whatever the program was begun with that it does not know of.
    let file = tempfile::NamedTempFile::new().unwrap();
    let inherited = rustix::io::dup(&file).unwrap();
    each(|rogue| {
        let own = fs::read_dir(format!("/proc/{}/fd", rogue.pid())).unwrap();
        let links = own.flatten().flat_map(|fd| fs::read_link(fd.path()));
        assert!({ links }.any(|link| link == file.path()), "it is inherited");

        let helper = rogue.helper("calm");
        assert_eq!(read(helper, "comm"), "gaxx-helper\n");
        let arguments = read(helper, "cmdline");
        assert!(
            arguments.starts_with("gaxx-mon\0plugin-helper\0rogue\0calm\0"),
            "{arguments}"
        );
        let parent = format!("PPid:\t{}\n", rogue.pid());
        assert!(read(helper, "status").contains(&parent));
        assert_eq!(threads(helper), 1);
        assert_eq!(getpgid(Some(pid(helper))).unwrap(), pid(helper));
        for variable in read(helper, "environ").split_terminator('\0') {
            let name = variable.split('=').next().unwrap();
            let may_be_there = ["PATH", "HOME", "LANG", "LC_ALL", "TZ"];
            assert!(may_be_there.contains(&name), "{variable}");
        }
        let limits = |process| read(process, "limits");
        assert_eq!(limits(helper), limits(rogue.pid()), "none of its own");
        let mut files: Vec<String> = fs::read_dir(format!("/proc/{helper}/fd"))
            .unwrap()
            .map(|fd| fs::read_link(fd.unwrap().path()).unwrap())
            .map(|link| link.display().to_string())
            .collect();
        files.sort();
        let kinds: Vec<&str> = files
            .iter()
            .map(|it| it.split(':').next().unwrap())
            .collect();
        assert_eq!(kinds, ["/dev/null", "pipe", "pipe", "socket"], "{files:?}");
    });
    assert!(inherited.as_raw_fd() > 2);
}

#[test]
fn it_ends_with_its_socket_and_nobody_is_left_to_wait_for() {
    each(|rogue| {
        let helpers = [rogue.helper("calm"), rogue.helper("calm")];
        let (files, children) = {
            let own = Process(rogue.pid());
            (own.descriptors(), own.children().len())
        };
        rogue.ask("close");
        helpers.into_iter().for_each(wait_gone);
        let own = Process(rogue.pid());
        wait_until("it has fewer files and children", || {
            own.descriptors() < files && own.children().len() == children - 2
        });
        assert!((rogue.asked_for("started") - 2.0).abs() < f64::EPSILON);
        rogue.expect_sound();
    });
}

#[test]
fn how_one_ends_is_told() {
    each(|rogue| {
        for (name, said) in [
            ("fails", "exited with status 1; it printed: told to fail"),
            (
                "panics",
                "exited with status 1; it printed: helper panics panicked",
            ),
            ("aborts", "ended by signal 6 (SIGABRT"),
        ] {
            wait_gone(rogue.helper(name));
            rogue.wait_line(&[&format!("its helper {name} "), said]);
        }
        let helper = rogue.helper("hangs");
        kill(helper);
        wait_gone(helper);
        rogue.wait_line(&["its helper hangs was ended by signal 9"]);
        rogue.expect_sound();
    });
}

#[test]
fn one_that_does_not_heed_its_socket_is_killed_with_its_component() {
    each(|rogue| {
        let helpers = [rogue.helper("hangs"), rogue.helper("babbles")];
        rogue.reload(&config().replace("rogue: {", "rogue: {enabled: false, "));
        helpers.into_iter().for_each(wait_gone);
        rogue.wait_line(&["its helper hangs did not end with the component: it was killed"]);
    });
}

#[test]
fn one_that_floods_the_log_waits() {
    each(|rogue| {
        let helper = rogue.helper("floods");
        rogue.wait_line(&["its helper floods prints more than"]);
        rogue.wait_calls("calm", 2);
        rogue.ask("close");
        wait_gone(helper);
        rogue.expect_sound();
    });
}

#[test]
fn one_outlives_signals_that_tell_the_program_to_stop() {
    each(|rogue| {
        let helper = rogue.helper("calm");
        for signal in [Signal::HUP, Signal::INT, Signal::TERM] {
            kill_process(pid(helper), signal).unwrap();
        }
        rogue.wait_calls("calm", 1);
        assert_eq!(threads(helper), 1);
    });
}

#[test]
fn none_outlives_the_program() {
    for signal in [Signal::KILL, Signal::TERM] {
        each(|rogue| {
            let helper = rogue.helper("calm");
            rogue.signal(signal);
            rogue.wait_exit(BOUND);
            wait_gone(helper);
        });
    }
}

/// No other process has the component's end of its socket.
#[test]
fn none_outlives_the_process_of_its_component() {
    let rogue = Rogue::isolated("", &config());
    rogue.wait_calls("calm", 1);
    // A program that the core has started meanwhile, and another helper.
    let helpers = [rogue.helper("calm"), rogue.helper("calm")];
    kill(rogue.wait_process());
    helpers.into_iter().for_each(wait_gone);
    rogue.wait_well();
    rogue.helper("calm");
}

#[test]
fn a_component_that_is_made_anew_has_none_of_the_one_before() {
    each(|rogue| {
        let before = rogue.helper("calm");
        rogue.reload(&config().replace("rogue: {", "rogue: {keep_values: 7s, "));
        wait_gone(before);
        let after = rogue.helper("calm");
        assert_eq!(threads(after), 1);
    });
}

/// What is loaded is what was checked, whatever becomes of the file.
#[test]
fn the_library_may_be_gone() {
    each(|rogue| {
        let row = rogue.plugin("rogue").unwrap();
        fs::remove_file(row["file"].as_str().unwrap()).unwrap();
        let helper = rogue.helper("calm");
        let maps = read(helper, "maps");
        assert!(maps.contains("/state/loaded/"), "{maps}");
    });
}

#[test]
fn there_are_only_so_many() {
    each(|rogue| {
        let unknown = rogue.ask("start/no-such");
        assert!(
            unknown
                .text()
                .starts_with("Unknown: plugin rogue has no helper no-such"),
            "{unknown:?}"
        );
        let helpers: Vec<u32> = (0..8).map(|_| rogue.helper("calm")).collect();
        let refused = rogue.ask("start/calm");
        assert!(
            refused
                .text()
                .starts_with("Limit: rogue/helpers has 8 helpers"),
            "{refused:?}"
        );
        assert!((rogue.asked_for("refused") - 2.0).abs() < f64::EPSILON);
        rogue.ask("close");
        helpers.into_iter().for_each(wait_gone);
        wait_until("there is room again", || {
            !rogue.ask("start/calm").text().starts_with("Limit")
        });
        rogue.expect_sound();
    });
}

/// Whether it is in the program or in a process of its own.
#[test]
fn a_plugin_that_is_linked_in_has_helpers_too() {
    for isolation in ["in-process", "process"] {
        let config = format!("plugins: {{agent-exec: {{allow: any, isolation: {isolation}}}}}\n");
        let agent = Agent::builder().config(&config).start();
        let request = agent.call("POST", "/v0/exec");
        let request = request.header("Content-Type", "application/json");
        let answer = request.try_send_body(br#"{"command": "/bin/true"}"#.to_vec());
        let answer = answer.unwrap_or_else(|reason| panic!("{isolation}: {reason}"));
        assert_eq!(answer.expect(200).json()["exit_code"], 0, "{isolation}");
        let children = Process(agent.pid()).children();
        let mut arguments = children.iter().map(|child| read(child.pid, "cmdline"));
        let helper = "gaxx-mon\0plugin-helper\0agent-exec\0keeper\0";
        assert!(arguments.any(|line| line == helper), "{isolation}");
    }
}

#[test]
fn it_is_no_command_for_people() {
    for arguments in [&["plugin-helper"][..], &["plugin-helper", "rogue", "calm"]] {
        let mut run = gaxx_tests::Monitor::builder();
        for argument in arguments {
            run = run.arg(*argument);
        }
        let outcome = run.run().expect(2);
        assert!(
            outcome.stderr.contains("not a command for people"),
            "{outcome:?}"
        );
    }
}
