//! Where unsafe code stands.

use proc_macro2::{TokenStream, TokenTree};

use crate::tracked;

/// The places, and why. A path that ends with `/` is a folder.
const ALLOWED: [(&str, &str); 20] = [
    (
        "core/src/loader/",
        "opens libraries and calls into them before their layout is known",
    ),
    (
        "core/src/isolation/helper/descriptors.rs",
        "takes over the socket of a helper, and closes what a helper was begun with",
    ),
    (
        "core/src/process/code.rs",
        "gives pages of code back to the system",
    ),
    (
        "core/src/process/heap/",
        "asks the allocator by name through a C function, and is told of samples by it",
    ),
    (
        "core/src/profile/cpu/",
        "handles the signal of a timer, and has the kernel read memory that may not be there",
    ),
    (
        "sdk/src/border/plugins.rs",
        "takes over the socket that the host gives a helper",
    ),
    ("sdk/src/host.rs", "takes over the socket of a helper"),
    (
        "sdk/src/declare.rs",
        "places the note into its section of the library",
    ),
    (
        "tests/frozen/abi-1.0/plugin/src/lib.rs",
        "does the same by hand, as a plugin without the SDK must",
    ),
    (
        "tests/rogue/src/sabotage.rs",
        "does to its process what a bug may do",
    ),
    (
        "plugins/agent-exec/src/keeper/birth.rs",
        "shares its memory with a command until that becomes its program, and calls what rustix lacks",
    ),
    (
        "plugins/agent-exec/src/keeper/fork.rs",
        "forks, and into a cgroup",
    ),
    (
        "plugins/agent-exec/src/keeper/landlock.rs",
        "makes and puts on the rules of Landlock, which nobody wraps",
    ),
    (
        "plugins/agent-exec/src/keeper/network.rs",
        "puts on a filter of system calls",
    ),
    (
        "plugins/agent-exec/src/keeper/reap.rs",
        "waits for children with what they used",
    ),
    (
        "plugins/agent-exec/src/keeper/signals.rs",
        "sets signals, and reads them by a descriptor",
    ),
    (
        "plugins/exec/src/program/birth.rs",
        "acts between fork and exec, and marks files to be closed",
    ),
    (
        "plugins/exec/src/program/image.rs",
        "executes a program without the shell that std falls back to",
    ),
    (
        "plugins/system/src/time/",
        "asks the C library for the time zone",
    ),
    (
        "plugins/system/src/timex.rs",
        "asks the kernel for the state of its clock",
    ),
];

#[test]
fn unsafe_code_stands_only_where_it_may() {
    let allowed = |file: &String| ALLOWED.iter().any(|(place, _)| file.starts_with(place));
    let found: Vec<_> = with_unsafe_code()
        .into_iter()
        .filter(|file| !allowed(file))
        .collect();
    assert!(
        found.is_empty(),
        "unsafe code in {found:#?}: do without, or name the place and the reason above"
    );
}

/// An allowance ends with its reason.
#[test]
fn every_allowance_is_needed() {
    let found = with_unsafe_code();
    for (place, why) in ALLOWED {
        let needed = found.iter().any(|file| file.starts_with(place));
        assert!(needed, "{place} ({why}) holds no unsafe code");
    }
}

/// The paths of the Rust files that hold some.
fn with_unsafe_code() -> Vec<String> {
    let rust = tracked::files()
        .into_iter()
        .filter(|file| file.extension() == "rs");
    rust.filter(|file| {
        let text = file
            .text()
            .unwrap_or_else(|| panic!("{} is no text", file.path));
        let tokens: TokenStream = text
            .parse()
            .unwrap_or_else(|error| panic!("{}: {error}", file.path));
        contains(tokens, "unsafe")
    })
    .map(|file| file.path)
    .collect()
}

/// Whether a word stands in the code: not in a comment, a string or a longer name.
fn contains(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => contains(group.stream(), word),
        TokenTree::Ident(ident) => ident == word,
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

#[test]
fn words_in_comments_strings_and_names_do_not_count() {
    let says = |code: &str| contains(code.parse().unwrap(), "unsafe");
    assert!(says("fn f() { g(|| unsafe { h() }) }"));
    assert!(says("macro_rules! m { () => { unsafe { h() } } }"));
    assert!(says("#[unsafe(no_mangle)] fn f() {}"));
    assert!(!says(
        "#![allow(unsafe_code)] // unsafe\n const S: &str = \"unsafe\";"
    ));
}
