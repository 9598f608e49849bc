//! `docs/plugin-guide.md` shows this plugin, letter for letter. Leave this file behind when you copy
//! the folder.

const GUIDE: &str = include_str!("../../../docs/plugin-guide.md");

#[test]
fn the_guide_shows_this_source() {
    let (_, after) = GUIDE
        .split_once("<!-- examples/file-age/src/lib.rs -->\n```rust\n")
        .expect("the guide marks the block");
    let (shown, _) = after.split_once("```\n").expect("the block ends");
    assert!(
        shown == include_str!("../src/lib.rs"),
        "docs/plugin-guide.md and examples/file-age/src/lib.rs differ: copy one over the other"
    );
}
