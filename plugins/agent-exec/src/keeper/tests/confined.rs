//! What a command is kept from.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs::{self, File},
    net::TcpListener,
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::{MetadataExt, PermissionsExt},
    },
    time::Duration,
};

use super::{super::User, *};

#[test]
fn it_sees_the_ordered_variables_and_no_others() {
    let mut order = order("/usr/bin/env", &[]);
    order.environment = vec![("B".into(), "2 = two".into()), ("A".into(), "".into())];
    assert_eq!(run(&keepers(), &order).output, "B=2 = two\nA=\n");
}

#[test]
fn it_gets_its_arguments_byte_for_byte() {
    let mut order = order("/usr/bin/printf", &["%s|%s|%s", "", "a b"]);
    order.arguments.push(OsString::from_vec(vec![0xff, b'\n']));
    let mut watched = begin(&keepers(), &order);
    watched.started();
    let mut output = Vec::new();
    watched.output.read_to_end(&mut output).unwrap();
    assert_eq!(output, b"|a b|\xff\n");
}

#[test]
fn no_file_leaks_into_it() {
    // This process has more open, and the spawner and the keeper too.
    let _open: Vec<File> = (0..9).map(|_| File::open("/dev/null").unwrap()).collect();
    for keepers in [keepers(), bare_keepers()] {
        // The last is how it reads the folder.
        let done = run(&keepers, &order("/bin/ls", &["/proc/self/fd"]));
        assert_eq!(done.output, "0\n1\n2\n3\n");
    }
}

#[test]
fn it_has_a_session_of_its_own_and_nothing_of_the_agents_signals() {
    let mut watched = begin(
        &keepers(),
        &order("/bin/cat", &["/proc/self/stat", "/proc/self/status"]),
    );
    let pid = watched.started().to_string();
    let text = watched.ended().output;
    let (_, rest) = text.lines().next().unwrap().rsplit_once(") ").unwrap();
    let words: Vec<_> = rest.split(' ').collect();
    assert_eq!((words[2], words[3]), (&*pid, &*pid));
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name}"))
            .trim()
            .to_owned()
    };
    for set in ["SigBlk:", "SigIgn:", "SigCgt:", "CapAmb:"] {
        assert_eq!(field(set), "0000000000000000", "{set}");
    }
    assert_eq!(field("NoNewPrivs:"), "1");
}

#[test]
fn its_limits_are_set() {
    let mut order = order("/bin/cat", &["/proc/self/limits"]);
    order.limits = Limits {
        cpu: Some(Duration::from_millis(2500)),
        memory: Some(1 << 30),
        files: Some(77),
        processes: Some(5000),
        file_size: Some(1 << 20),
    };
    let limits = |output: &str| -> BTreeSet<String> {
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        output.lines().map(words).collect()
    };
    let limited = limits(&run(&keepers(), &order).output);
    for line in [
        "Max cpu time 2 3 seconds",
        "Max data size 1073741824 1073741824 bytes",
        "Max open files 77 77 files",
        "Max processes 5000 5000 processes",
        "Max file size 1048576 1048576 bytes",
        "Max core file size 1 1 bytes",
    ] {
        assert!(
            limited.contains(line) || line.contains("core"),
            "{line}: {limited:#?}"
        );
    }
    order.limits = Limits::default();
    let usual = run(&keepers(), &order).output;
    assert!(usual.contains("Max open files            1024"), "{usual}");
    let core = usual.lines().find(|line| line.contains("core")).unwrap();
    assert!(!core.contains("unlimited"), "{core}");
}

#[test]
fn a_file_that_grows_over_its_limit_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut order = order("/usr/bin/head", &["-c", "100000", "/dev/zero"]);
    order.limits.file_size = Some(5000);
    let path = folder.path().join("big");
    let file = File::create(&path).unwrap();
    let errors = pipe().unwrap();
    let mut run = keepers()
        .run(&order, null(), file.into(), errors.1.into())
        .unwrap();
    assert!(matches!(run.next().unwrap(), Event::Started { .. }));
    let Event::Ended { end, .. } = run.next().unwrap() else {
        panic!()
    };
    assert_eq!(end, End::Signal(libc::SIGXFSZ));
    assert_eq!(fs::metadata(path).unwrap().len(), 5000);
}

#[test]
fn it_begins_in_its_folder_with_its_umask() {
    let folder = tempfile::tempdir().unwrap();
    let mut order = shell("pwd; : > made");
    order.folder = folder.path().into();
    order.umask = 0o077;
    let done = run(&keepers(), &order);
    assert_eq!(done.output.trim(), folder.path().to_str().unwrap());
    let made = fs::metadata(folder.path().join("made")).unwrap();
    assert_eq!(made.permissions().mode() & 0o777, 0o600);
}

#[test]
fn it_runs_as_its_user() {
    if !is_root() {
        return;
    }
    let mut order = shell("id -u; id -g; id -G; grep CapEff /proc/self/status");
    order.user = Some(User {
        uid: 65534,
        gid: 65533,
        groups: vec![65532, 65531],
    });
    let keepers = keepers();
    assert!(keepers.abilities().users);
    let done = run(&keepers, &order);
    let expected = "65534\n65533\n65533 65531 65532\nCapEff:\t0000000000000000\n";
    assert_eq!(done.output, expected);
}

#[test]
fn what_may_not_be_is_kept_from_root_too() {
    // A set-user-ID bit counts for nothing: this would be the file's user.
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("id");
    fs::copy("/usr/bin/id", &copy).unwrap();
    if !is_root() {
        return;
    }
    std::os::unix::fs::chown(&copy, Some(65534), None).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o4755)).unwrap();
    assert_eq!(fs::metadata(&copy).unwrap().uid(), 65534);
    let done = run(&keepers(), &order(copy.to_str().unwrap(), &["-u"]));
    assert_eq!(done.output, "0\n");
}

#[test]
fn landlock_leaves_it_its_folders_to_write() {
    let keepers = keepers();
    assert!(keepers.abilities().landlock);
    let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let kept = outside.path().join("kept");
    fs::write(&kept, "kept").unwrap();
    let mut order = shell(
        "echo a > in && mkdir sub && mv in sub/in && rm -r sub && echo inside > in; \
         echo x > /dev/null && echo null; cat \"$0/kept\"; \
         echo x > \"$0/kept\" || echo cut; echo x >> \"$0/kept\" || echo append; \
         echo x > \"$0/new\" || echo new; rm -f \"$0/kept\" || echo rm; ln in \"$0/ln\" || echo ln; \
         mv in \"$0/mv\" || echo mv; truncate -s 0 \"$0/kept\" || echo truncate; cat in",
    );
    order.arguments.push(outside.path().into());
    order.folder = inside.path().into();
    order.landlock = Some(vec![inside.path().into()]);
    let done = run(&keepers, &order);
    assert_eq!(
        done.output, "null\nkeptcut\nappend\nnew\nrm\nln\nmv\ntruncate\ninside\n",
        "{}",
        done.errors
    );
    assert_eq!(fs::read_to_string(kept).unwrap(), "kept");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[test]
fn without_a_network_it_reaches_nobody() {
    let keepers = keepers();
    assert!(keepers.abilities().no_network);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port} && echo reached");
    let mut order = order("/bin/bash", &["-c", &script]);
    assert_eq!(run(&keepers, &order).output, "reached\n");
    order.no_network = true;
    let done = run(&keepers, &order);
    assert_eq!(done.output, "");
    assert!(done.errors.contains("Permission denied"), "{}", done.errors);
}

#[test]
fn without_a_network_it_has_unix_sockets_still() {
    let script = "import socket, ctypes\n\
        socket.socketpair()\n\
        socket.socket(socket.AF_UNIX).close()\n\
        for family in [socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET]:\n  \
        try:\n    socket.socket(family, socket.SOCK_RAW)\n    print('open', family)\n  \
        except PermissionError: print('refused')\n\
        libc = ctypes.CDLL(None, use_errno=True)\n\
        for call in [425, 438]: print(libc.syscall(call, 0, 0, 0), ctypes.get_errno())\n";
    let mut order = order("/usr/bin/python3", &["-c", script]);
    if !order.program.exists() {
        return;
    }
    order.no_network = true;
    let done = run(&keepers(), &order);
    let calls = format!("-1 {}\n-1 {}\n", libc::ENOSYS, libc::EACCES);
    assert_eq!(
        done.output,
        "refused\n".repeat(4) + &calls,
        "{}",
        done.errors
    );
}

/// The file that was checked runs, and not what has taken its name since.
#[test]
fn the_checked_image_is_what_runs() {
    let folder = tempfile::tempdir().unwrap();
    let keepers = keepers();
    let path = folder.path().join("program");
    let put = |make: &dyn Fn()| {
        let _ = fs::remove_file(&path);
        make();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let checked: [(&dyn Fn(), &str); 2] = [
        (
            &|| assert!(fs::copy("/bin/echo", &path).is_ok()),
            "good word\n",
        ),
        (
            &|| fs::write(&path, "#!/bin/sh\necho good \"$1\"\n").unwrap(),
            "good word\n",
        ),
    ];
    for (make, says) in checked {
        put(make);
        let image = File::open(&path).unwrap();
        put(&|| fs::write(&path, "#!/bin/sh\necho exchanged\n").unwrap());
        let is_script = says == "good word\n" && image.metadata().unwrap().len() < 100;
        let mut order = order(
            path.to_str().unwrap(),
            if is_script {
                &["word"]
            } else {
                &["good", "word"]
            },
        );
        assert_eq!(run(&keepers, &order).output, "exchanged\n");
        order.image = Some(image.into());
        assert_eq!(run(&keepers, &order).output, says);
    }
}

#[test]
fn an_image_that_is_a_program_leaves_no_file_open() {
    let mut order = order("/bin/ls", &["/proc/self/fd"]);
    order.image = Some(File::open("/bin/ls").unwrap().into());
    assert_eq!(run(&keepers(), &order).output, "0\n1\n2\n3\n");
}

#[test]
fn what_it_reads_is_what_it_is_given() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), OsString::from("input").as_bytes()).unwrap();
    let (mut output, out) = pipe().unwrap();
    let input = File::open(file.path()).unwrap();
    let err = null();
    let mut run = keepers()
        .run(&order("/bin/cat", &[]), input.into(), out.into(), err)
        .unwrap();
    while !matches!(run.next().unwrap(), Event::Ended { .. }) {}
    let mut text = String::new();
    output.read_to_string(&mut text).unwrap();
    assert_eq!(text, "input");
}
