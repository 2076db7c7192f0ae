//! "Did you mean": the known word nearest to a mistyped one.

/// The word most like `typed`, if one is near enough to be meant.
pub(crate) fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = plain(typed);
    // a third of the letters may differ; below three letters none
    let allowed = (plain.len() / 3).min(3);
    known
        .into_iter()
        .map(|word| (distance(&plain, &self::plain(word)), word))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Case, dashes and underscores are the commonest mistakes and count for nothing.
fn plain(word: &str) -> Vec<char> {
    word.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).take(64).collect()
}

/// How many letters must be added, left out, changed or swapped with their neighbour.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(above.len());
        row.push(i + 1);
        for (j, y) in b.iter().enumerate() {
            let mut least = (above[j] + usize::from(x != y)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(a.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_suggested_and_a_strange_one_gets_none() {
        let known = ["apiTokens", "modelMapping", "egress", "id"];
        assert_eq!(nearest("apitoken", known), Some("apiTokens"));
        assert_eq!(nearest("model_mapping", known), Some("modelMapping"));
        assert_eq!(nearest("egres", known), Some("egress"));
        assert_eq!(nearest("egrses", known), Some("egress"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("", known), None);
    }
}
