//! The known name that is most like a mistyped one, for hints.

/// The name of `names` with the fewest edits from `found`, the first among equal ones.
pub(crate) fn nearest(
    found: &str,
    names: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    names.min_by_key(|name| edits(found, name))
}

/// Insertions, deletions and replacements that lead from `a` to `b` (Levenshtein's distance).
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted_both_ways() {
        for (a, b, expected) in
            [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("randm", "random", 1)]
        {
            assert_eq!((edits(a, b), edits(b, a)), (expected, expected), "{a} {b}");
        }
    }

    #[test]
    fn the_first_of_the_nearest_names_is_taken() {
        assert_eq!(nearest("bat", ["dog", "cat", "rat"].into_iter()), Some("cat"));
    }
}
