//! Everything in the repository is our own, and readable.

use crate::tracked::{self, Tracked};

/// What is made by a compiler, a packer or somebody else's release does not belong here.
const FOREIGN_ENDINGS: [&str; 10] = [
    ".a", ".dll", ".exe", ".min.css", ".min.js", ".o", ".so", ".wasm", ".woff", ".woff2",
];

/// Folders in which other people's code usually lies.
const FOREIGN_FOLDERS: [&str; 4] = ["bower_components", "node_modules", "third_party", "vendor"];

/// Marks that libraries, bundlers and their licences leave in scripts and styles.
const FOREIGN_MARKS: [&str; 8] = [
    "@license",
    "@preserve",
    "sourceMappingURL",
    "webpack",
    "jQuery",
    "All rights reserved",
    "MIT License",
    "!function(",
];

/// Longer lines are not written by hand. An SVG path may come close.
const LONGEST_LINE: usize = 400;

#[test]
fn no_file_is_foreign_by_its_name() {
    let foreign = |file: &Tracked| {
        FOREIGN_ENDINGS
            .iter()
            .any(|ending| file.path.ends_with(ending))
            || file
                .path
                .split('/')
                .any(|folder| FOREIGN_FOLDERS.contains(&folder))
    };
    let found: Vec<_> = tracked::files()
        .into_iter()
        .filter(foreign)
        .map(|file| file.path)
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn scripts_styles_and_pages_are_written_by_hand() {
    let mut found = Vec::new();
    for file in tracked::files() {
        if !matches!(
            file.extension(),
            "js" | "mjs" | "ts" | "css" | "html" | "svg"
        ) {
            continue;
        }
        let Some(text) = file.text() else {
            found.push(format!("{} is no text", file.path));
            continue;
        };
        let marks = FOREIGN_MARKS.iter().filter(|mark| text.contains(**mark));
        found.extend(marks.map(|mark| format!("{} contains {mark}", file.path)));
        let long = text.lines().position(|line| line.len() > LONGEST_LINE);
        found.extend(long.map(|line| format!("{}:{} is packed", file.path, line + 1)));
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// What the server hands to a browser loads nothing from elsewhere.
#[test]
fn pages_load_nothing_from_elsewhere() {
    const LOADS: [&str; 10] = [
        "src=\"http",
        "src='http",
        "src=\"//",
        "href=\"//",
        "@import",
        "url(http",
        "url(\"http",
        "from \"http",
        "import(\"http",
        "fetch(\"http",
    ];
    let mut found = Vec::new();
    for file in tracked::files() {
        let served = file.path.starts_with("core/")
            && matches!(file.extension(), "js" | "mjs" | "css" | "html");
        let Some(text) = file.text().filter(|_| served) else {
            continue;
        };
        let loads = LOADS.iter().filter(|load| text.contains(**load));
        found.extend(loads.map(|load| format!("{} contains {load}", file.path)));
    }
    assert!(found.is_empty(), "{found:#?}");
}
