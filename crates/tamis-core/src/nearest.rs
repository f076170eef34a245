//! The known name that is most like a mistyped one, for hints.

/// The name with the fewest edits (Levenshtein's distance) from `found`, the first among equal ones;
/// `None` if there are no names.
pub fn nearest<'a>(found: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names.into_iter().min_by_key(|name| strsim::levenshtein(found, name))
}

/// The [`nearest`] name whatever its case, if no more than a third of the letters of `found` are edited.
pub fn near<'a>(found: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let found = found.to_lowercase();
    let distance = |name: &str| strsim::levenshtein(&found, &name.to_lowercase());
    let name = names.into_iter().min_by_key(|name| distance(name))?;
    (3 * distance(name) <= found.chars().count()).then_some(name)
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

    #[test]
    fn a_name_is_near_in_any_case_and_up_to_a_third_of_its_letters() {
        for found in ["photo", "PHOTOS", "phtos"] {
            assert_eq!(near(found, ["data", "photos"]), Some("photos"), "{found}");
        }
        for found in ["nowhere", "oto", ""] {
            assert_eq!(near(found, ["data", "photos"]), None, "{found}");
        }
    }
}
