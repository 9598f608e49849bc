//! A page with names in braces.

/// Puts what `value` has in the place of each `{name}`. What it does not know stays as it is, and
/// what it puts in is not looked into.
pub(super) fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        filled.push_str(before);
        let known = behind
            .split_once('}')
            .and_then(|(name, rest)| Some((value(name)?, rest)));
        if let Some((shown, behind)) = known {
            filled.push_str(&shown);
            rest = behind;
        } else {
            filled.push('{');
            rest = behind;
        }
    }
    filled.push_str(rest);
    filled
}
