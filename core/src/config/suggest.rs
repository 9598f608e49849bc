//! What was probably meant.

/// The candidate nearest to `text`, if one is near enough to be a misspelling.
///
/// Case, dashes and underscores do not count, and a longer word may have more wrong letters.
pub(super) fn nearest<'c>(
    text: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let wanted = plain(text);
    // Comparing is quadratic in the length, and nobody misspells this much.
    if wanted.len() > 64 {
        return None;
    }
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&wanted, &plain(candidate)),
                candidate,
            )
        })
        .filter(|(distance, candidate)| *distance <= candidate.len().max(wanted.len()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '-' | '_' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_ones_only() {
        let keys = ["monitoring_port", "metrics_interval", "enabled"];
        assert_eq!(nearest("monitoring_prt", keys), Some("monitoring_port"));
        assert_eq!(nearest("metricsInterval", keys), Some("metrics_interval"));
        assert_eq!(nearest("enable", keys), Some("enabled"));
        assert_eq!(nearest("listen", keys), None);
        assert_eq!(nearest("", keys), None);
        assert_eq!(nearest(&"x".repeat(10_000), keys), None);
    }
}
