//! The nearest of the known words to a misspelt one.

/// The known word that `word` was probably meant to be, if one is near enough: within a third of
/// its letters, and at least one. Of equally near ones the first wins.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let bound = (word.chars().count() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        let distance = edit_distance(word, candidate);
        if distance <= bound && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other
/// (optimal string alignment), with `-` and `_` and the two cases taken for equal.
fn edit_distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().map(folded).collect();
    let right: Vec<char> = right.chars().map(folded).collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=right.len()).collect()];
    for row in 1..=left.len() {
        let mut current = vec![row];
        for column in 1..=right.len() {
            let differs = usize::from(left[row - 1] != right[column - 1]);
            let replaced = rows[row - 1][column - 1] + differs;
            let inserted = current[column - 1] + 1;
            let deleted = rows[row - 1][column] + 1;
            let mut least = replaced.min(inserted).min(deleted);
            let swapped = row > 1
                && column > 1
                && left[row - 1] == right[column - 2]
                && left[row - 2] == right[column - 1];
            if swapped {
                least = least.min(rows[row - 2][column - 2] + 1);
            }
            current.push(least);
        }
        rows.push(current);
    }
    rows[left.len()][right.len()]
}

fn folded(character: char) -> char {
    if character == '-' { '_' } else { character.to_ascii_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_single_changes() {
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("", "abc"), 3);
        assert_eq!(edit_distance("cuont", "count"), 1);
        assert_eq!(edit_distance("on-receipt", "On_Receipt"), 0);
    }

    #[test]
    fn a_slip_finds_its_word_and_nonsense_finds_none() {
        let known = ["heartbeat", "silence_after", "retry_after"];
        assert_eq!(nearest("heartbeet", known), Some("heartbeat"));
        assert_eq!(nearest("retryafter", known), Some("retry_after"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("at", ["for", "it"]), Some("it"));
    }
}
