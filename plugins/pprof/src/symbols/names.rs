//! What people call a function.
//!
//! The table of symbols has the whole path of a function, but not of those that were inlined. Debug
//! information that is reduced to lines (`debug = "line-tables-only"`) knows them by their last
//! name and their file: their path is made up of crate and module of that file.

use std::{borrow::Cow, collections::HashMap};

/// The longest name that is shown whole, in bytes.
const LONG: usize = 200;

/// Which crate the files in a folder are of, learnt from functions whose whole path is known.
#[derive(Debug, Default)]
pub(super) struct Crates(HashMap<String, HashMap<String, u32>>);

impl Crates {
    /// A function with a whole path stands in this file.
    pub(super) fn learn(&mut self, function: &str, file: &str) {
        let path = function.trim_start_matches(['<', '&', '(', '[']);
        let Some((first, _)) = path.split_once("::") else {
            return;
        };
        if let Some((folder, _)) = split(file)
            && is_word(first)
        {
            let names = self.0.entry(folder.to_owned()).or_default();
            *names.entry(first.to_owned()).or_default() += 1;
        }
    }

    /// The path of a function of which the last name is known, where its file tells it.
    pub(super) fn qualify<'a>(&self, function: &'a str, file: &str) -> Cow<'a, str> {
        let name = without_types(function);
        let Some((folder, modules)) = split(file).filter(|_| !name.contains("::")) else {
            return function.into();
        };
        let mut path = self.name(folder);
        for module in modules
            .split('/')
            .filter(|it| !matches!(*it, "mod" | "lib" | "main"))
        {
            path += "::";
            path += module;
        }
        // As the table of symbols writes it.
        let name = if name.starts_with("{closure") {
            "{{closure}}"
        } else {
            name
        };
        format!("{path}::{name}").into()
    }

    /// What most functions in this folder say, or else what it is called itself.
    fn name(&self, folder: &str) -> String {
        let names = self.0.get(folder).into_iter().flatten();
        let most = names.max_by_key(|(name, votes)| (**votes, name.as_str()));
        most.map_or_else(|| of_folder(folder), |(name, _)| name.clone())
    }
}

/// The folder of a crate, and the path of one of its modules: `…/tokio-1.54.0`, `runtime/task/mod`.
fn split(file: &str) -> Option<(&str, &str)> {
    file.strip_suffix(".rs")?.rsplit_once("/src/")
}

/// `tokio_util` of `…/tokio-util-0.7.16`.
fn of_folder(folder: &str) -> String {
    let name = folder.rsplit('/').next().unwrap_or(folder);
    let version = name.rmatch_indices('-').find(|(at, _)| {
        let rest = name.get(at + 1..).unwrap_or_default();
        rest.starts_with(|first: char| first.is_ascii_digit()) && rest.contains('.')
    });
    let name = version.map_or(name, |(at, _)| name.get(..at).unwrap_or(name));
    name.replace('-', "_")
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

/// `push` of `push<u8, alloc::alloc::Global>`.
fn without_types(name: &str) -> &str {
    match name.find('<') {
        Some(at) if at > 0 => name.get(..at).unwrap_or(name),
        _ => name,
    }
}

/// A name without what is too deep in its types, where it is long: those of combined futures have
/// thousands of letters.
pub(super) fn shorten(name: &str) -> Cow<'_, str> {
    if name.len() <= LONG {
        return name.into();
    }
    let depths = (0..3).rev();
    let mut shorter = depths.map(|depth| cut(name, depth));
    let fitting = shorter.find(|name| name.len() <= LONG);
    fitting.unwrap_or_else(|| cut(name, 0)).into()
}

/// Replaces types that are nested deeper than this.
fn cut(name: &str, most: usize) -> String {
    let mut short = String::new();
    let (mut depth, mut before) = (0_usize, ' ');
    for letter in name.chars() {
        // `->` is no bracket, and what a name begins with is whose method it is.
        let opens = letter == '<' && !short.is_empty();
        let closes = letter == '>' && before != '-' && depth > 0;
        before = letter;
        depth -= usize::from(closes);
        if depth <= most {
            short.push(letter);
        }
        depth += usize::from(opens);
        if opens && depth == most + 1 {
            short.push('…');
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOKIO: &str = "/home/me/.cargo/registry/src/index-1949/tokio-util-0.7.16/src/task/mod.rs";

    #[test]
    fn the_path_of_an_inlined_function_is_that_of_its_file() {
        let mut crates = Crates::default();
        crates.learn(
            "gaxx_core::http::serve",
            "/home/me/gaxx-mon/core/src/http.rs",
        );
        crates.learn(
            "<gaxx_core::A as core::fmt::Display>::fmt",
            "/home/me/gaxx-mon/core/src/a.rs",
        );
        crates.learn(
            "core::ptr::drop_in_place<A>",
            "/home/me/gaxx-mon/core/src/a.rs",
        );
        crates.learn("malloc", "/home/me/gaxx-mon/core/src/a.rs");
        for (name, file, path) in [
            ("poll<T>", TOKIO, "tokio_util::task::poll"),
            ("{closure#0}<T>", TOKIO, "tokio_util::task::{{closure}}"),
            (
                "len<u8, alloc::alloc::Global>",
                "/rustc/59807/library/alloc/src/vec/mod.rs",
                "alloc::vec::len",
            ),
            (
                "answer",
                "/home/me/gaxx-mon/core/src/http/mod.rs",
                "gaxx_core::http::answer",
            ),
            ("main", "/home/me/tool/src/main.rs", "tool::main"),
            ("a::b", TOKIO, "a::b"),
            ("memcpy", "/build/glibc/src/memcpy.c", "memcpy"),
            ("poll", "build.rs", "poll"),
        ] {
            assert_eq!(crates.qualify(name, file), path);
        }
    }

    #[test]
    fn a_long_name_loses_its_inner_types() {
        let inner = "warp::filter::and::And<A,B>,".repeat(20);
        let long = format!("core::ptr::drop_in_place<a::State<{inner}fn() -> X>>");
        assert_eq!(shorten(&long), "core::ptr::drop_in_place<a::State<…>>");
        let method = format!("<a::B<{inner}> as c::D>::poll");
        assert_eq!(shorten(&method), "<a::B<…> as c::D>::poll");
        assert_eq!(shorten("a::b<C<D<E>>>"), "a::b<C<D<E>>>");
    }

    proptest! {
        #[test]
        fn any_name_is_taken(name in "[a-z<>:{}#-]{0,40}|\\PC{0,300}", file in "[a-z/.0-9-]{0,40}|/src/\\PC{0,9}.rs") {
            let mut crates = Crates::default();
            crates.learn(&name, &file);
            let _ = crates.qualify(&name, &file);
            let short = cut(&name, 0);
            prop_assert!(short.chars().filter(|it| *it != '…').count() <= name.chars().count());
        }
    }
}
