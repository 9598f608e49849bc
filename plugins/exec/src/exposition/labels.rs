//! The labels of a sample.

/// Names and values, ascending by name.
pub(super) type Labels = Vec<(String, String)>;

/// Reads what follows the opening brace; answers what follows the closing one too.
pub(super) fn parse(text: &str) -> Result<(Labels, &str), &'static str> {
    let mut labels = Labels::new();
    let mut rest = text.trim_start_matches(BLANK);
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            break finish(labels).map(|labels| (labels, after));
        }
        let end = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err("there is no label's name where one should be");
        }
        let after = after.trim_start_matches(BLANK).strip_prefix('=');
        let after = after.ok_or("a label's name is not followed by `=`")?;
        let after = after.trim_start_matches(BLANK).strip_prefix('"');
        let after = after.ok_or("a label's value does not begin with `\"`")?;
        let (value, after) = quoted(after)?;
        labels.push((name.to_owned(), value));
        rest = after.trim_start_matches(BLANK);
        match rest.strip_prefix(',') {
            Some(after) => rest = after.trim_start_matches(BLANK),
            None if rest.starts_with('}') => {}
            None => return Err("a label's value is followed by neither `,` nor `}`"),
        }
    }
}

const BLANK: [char; 2] = [' ', '\t'];

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Reads up to the closing quote: `\\`, `\"` and `\n` stand for others.
fn quoted(text: &str) -> Result<(String, &str), &'static str> {
    let mut value = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        value.push(match c {
            '"' => return Ok((value, chars.as_str())),
            '\\' => match chars.next() {
                Some('\\') => '\\',
                Some('"') => '"',
                Some('n') => '\n',
                _ => {
                    return Err(
                        r#"a label's value has a `\` before something else than `\`, `"`, `n`"#,
                    );
                }
            },
            c => c,
        });
    }
    Err("a label's value does not end")
}

fn finish(mut labels: Labels) -> Result<Labels, &'static str> {
    labels.sort();
    if labels
        .windows(2)
        .any(|pair| matches!(pair, [one, next] if one.0 == next.0))
    {
        return Err("a label stands twice");
    }
    labels.retain(|(_, value)| !value.is_empty());
    Ok(labels)
}
