//! Helpers of a crate, in its unit tests.

use std::{
    fs,
    io::{BufRead, BufReader, Write, read_to_string},
    os::{fd::OwnedFd, unix::net::UnixStream},
    process,
};

use gaxx_abi::fault;

use crate::{
    ErrorKind,
    declare::HelperEntry,
    prelude::*,
    testing::{self, Conditions, Facility, TestHost},
};

crate::helper!("tells" => tells, "fails" => fails);

/// Answers each line, until there are no more.
fn tells(socket: OwnedFd) -> Result<()> {
    let mut socket = UnixStream::from(socket);
    let lines = BufReader::new(socket.try_clone()?).lines();
    for line in lines {
        match line?.as_str() {
            "pid" => writeln!(socket, "{}", process::id())?,
            "input" => writeln!(socket, "{}", fs::read_link("/proc/self/fd/0")?.display())?,
            "threads" => writeln!(socket, "{}", fs::read_dir("/proc/self/task")?.count())?,
            _ => writeln!(socket, "what?")?,
        }
    }
    Ok(())
}

fn fails(socket: OwnedFd) -> Result<()> {
    drop(socket);
    Err(Error::failed("as it was told to"))
}

// It is not among those of the macro, whose test would find it.
inventory::submit! { HelperEntry {
    package: env!("CARGO_PKG_NAME"),
    name: "panics",
    main: |_| panic!("as it was told to"),
    test: Some(concat!(module_path!(), "::helpers_end_with_their_sockets")),
} }

// As that of a crate which is linked with a test of another.
inventory::submit! { HelperEntry {
    package: "other",
    name: "others",
    main: |_| Ok(()),
    test: None,
} }

struct Asker {
    lines: BufReader<UnixStream>,
}

impl Asker {
    fn new(name: &str) -> Self {
        let socket = UnixStream::from(testing::host().helper(name).unwrap());
        Self {
            lines: BufReader::new(socket),
        }
    }

    fn ask(&mut self, what: &str) -> String {
        writeln!(self.lines.get_mut(), "{what}").unwrap();
        let mut answer = String::new();
        self.lines.read_line(&mut answer).unwrap();
        answer.trim_end().to_owned()
    }
}

#[test]
fn a_helper_is_a_process_that_speaks_over_its_socket() {
    let mut helper = Asker::new("tells");
    let pid = helper.ask("pid");
    assert_ne!(pid, process::id().to_string());
    assert_eq!(helper.ask("pid"), pid);
    assert_eq!(helper.ask("input"), "/dev/null");
    // Its own, and the harness's.
    assert!(["1", "2"].contains(&helper.ask("threads").as_str()));
    assert_ne!(Asker::new("tells").ask("pid"), pid);
}

#[test]
fn a_helper_that_fails_closes_its_socket() {
    for name in ["fails", "panics"] {
        let socket = UnixStream::from(testing::host().helper(name).unwrap());
        assert_eq!(read_to_string(socket).unwrap(), "");
    }
}

#[test]
#[should_panic(expected = "helper panics ended with exit status: 101")]
fn one_that_panics_is_found() {
    testing::helpers_end(&["panics"]);
}

#[test]
fn one_that_is_not_there_is_refused_with_a_reason() {
    let refused = |host: &Host, name| host.helper(name).unwrap_err();
    let host = testing::host();
    assert_eq!(refused(&host, "no-such").kind(), ErrorKind::Unknown);
    let others = refused(&host, "others");
    assert_eq!(others.kind(), ErrorKind::Refused);
    assert!(others.message().contains("crate under test"), "{others}");
    let deaf = TestHost::new(Conditions::default().refusing(Facility::Helpers));
    let refused = refused(&Host::new(deaf.reference()), "tells");
    assert_eq!(refused.message(), "the test's host refuses helpers");
}

#[test]
fn a_plugin_names_its_helpers_and_has_no_others() {
    let plugins = crate::linked().into_iter();
    let named = |plugin: &gaxx_abi::PluginBox, wanted: &str| plugin.manifest().name == wanted;
    let plugin = { plugins }
        .find(|plugin| named(plugin, "declared"))
        .unwrap();
    let attributes = plugin.manifest().attributes;
    let helpers = attributes.iter().filter(|it| it.name == "helper");
    let helpers: Vec<_> = helpers.map(|helper| helper.value.as_str()).collect();
    assert_eq!(helpers, ["fails", "panics", "tells"]);
    let (socket, _far) = UnixStream::pair().unwrap();
    let socket = std::os::fd::IntoRawFd::into_raw_fd(socket);
    let refused = plugin.helper("others".into(), socket).into_result();
    assert_eq!(refused.unwrap_err().kind, fault::kind::UNKNOWN);
}
