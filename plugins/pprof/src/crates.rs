//! Which crate a function is of, read from its demangled name.

/// What the standard library consists of, for a reader one thing.
const STANDARD: [&str; 3] = ["alloc", "core", "std"];
/// What may stand before a path: references, pointers, brackets and qualifiers of types.
const BEFORE: [&str; 11] = [
    "<", "&", "(", "[", "*const ", "*mut ", "mut ", "dyn ", "impl ", "for<", "'_ ",
];

/// The crate of a Rust function: the first segment of its path, `std` for all of the standard
/// library. `None` for a name that is no path, such as one of C.
///
/// Where the type comes from no crate (`<&mut T as io::Read>::read`), it is the trait's.
pub(crate) fn crate_of(function: &str) -> Option<&str> {
    let own = first_of_path(function);
    let of_trait = || {
        function
            .split_once(" as ")
            .and_then(|(_, rest)| first_of_path(rest))
    };
    // Primitive types have functions of their own in the standard library only.
    let of_primitive = || (function.starts_with('<') && function.contains(">::")).then_some("std");
    let found = own.or_else(of_trait).or_else(of_primitive)?;
    Some(if STANDARD.contains(&found) {
        "std"
    } else {
        found
    })
}

fn first_of_path(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(shorter) = BEFORE.iter().find_map(|before| rest.strip_prefix(before)) {
        rest = shorter;
    }
    let end = rest.find(|letter: char| letter != '_' && !letter.is_ascii_alphanumeric())?;
    let (name, behind) = rest.split_at(end);
    // The newer mangling tells crates of one name apart: `core[94c1c8e3]::fmt`.
    let behind = match behind.strip_prefix('[') {
        Some(mark) => mark.split_once(']')?.1,
        None => behind,
    };
    (!name.is_empty() && behind.starts_with("::")).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::crate_of;

    #[test]
    fn the_crate_is_the_first_segment() {
        for (function, expected) in [
            ("gaxx_core::http::serve", Some("gaxx_core")),
            ("alloc::vec::Vec<T>::push", Some("std")),
            ("core[94c1c8e3d35e5a2b]::fmt::write", Some("std")),
            (
                "<gaxx_core::A as core::fmt::Display>::fmt",
                Some("gaxx_core"),
            ),
            ("<&mut T as std::io::Read>::read", Some("std")),
            ("<[T] as serde::Serialize>::serialize", Some("serde")),
            ("<u8 as <[_]>::to_vec_in::ConvertVec>::to_vec", Some("std")),
            ("<[T]>::to_vec", Some("std")),
            ("<(dyn hyper::Body + 'static)>::poll", Some("hyper")),
            ("<*const u8 as tokio::io::Raw>::raw", Some("tokio")),
        ] {
            assert_eq!(crate_of(function), expected, "{function}");
        }
    }

    #[test]
    fn a_name_of_c_has_none() {
        for function in [
            "",
            "malloc",
            "_rjem_je_malloc",
            "[libc.so.6]",
            "<",
            "::",
            "a[",
            "ü::b",
        ] {
            assert_eq!(crate_of(function), None, "{function}");
        }
    }
}
