//! The known name that is most like a mistyped one, for hints.

/// The name with the fewest edits (Levenshtein's distance) from `found`, the first among equal ones;
/// `None` if there are no names.
pub fn nearest<'a>(found: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names.into_iter().min_by_key(|name| strsim::levenshtein(found, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_names_with_the_fewest_edits_is_found() {
        let names = ["full", "random", "random-epoch", "proxy"];
        for (found, expected) in
            [("rndom", "random"), ("random-epch", "random-epoch"), ("", "full")]
        {
            assert_eq!(nearest(found, names), Some(expected), "{found}");
        }
        assert_eq!(nearest("x", ["a", "b"]), Some("a"));
        assert_eq!(nearest("x", []), None);
    }
}
