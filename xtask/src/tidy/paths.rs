//! No file names a place on the machine where it was written: it would mean nothing elsewhere.

use super::Finding;

/// First folders of absolute paths that belong to one machine.
const MACHINE_FOLDERS: [&str; 5] = ["Users", "home", "root", "tmp", "work"];

/// The folder of data sets that may lie beside a checkout.
const BESIDE_CHECKOUT: &str = "shared";

/// The only file that may look there, to tell the tests by `TAMIS_DATA`.
const MAY_LOOK_BESIDE: &str = ".ci/run";

/// Every line that names such a place.
pub(super) fn check(path: &str, text: &str) -> Vec<Finding> {
    let mut places: Vec<String> = MACHINE_FOLDERS.map(|folder| format!("/{folder}")).to_vec();
    if path != MAY_LOOK_BESIDE {
        places.push(format!("../{BESIDE_CHECKOUT}"));
    }
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let named = places.iter().filter(|place| begins_a_path(line, place));
        findings.extend(named.map(|place| {
            let message = format!("`{place}` is a place on one machine");
            Finding::new(index + 1, message)
        }));
    }
    findings
}

/// Whether a path in `line` begins with `place`, all of its last folder.
fn begins_a_path(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + place.len()..]);
        let starts = before.chars().next_back().is_none_or(|c| " \t\"'`([{=:,>".contains(c));
        let ends = !after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        starts && ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(path, text).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn absolute_paths_of_machines_are_found_anywhere_in_a_line() {
        for folder in MACHINE_FOLDERS {
            let text = format!("\n/{folder}/a\nsee `/{folder}/b`, \"/{folder}\"\ncp x /{folder}");
            assert_eq!(lines("docs/a.md", &text), [2, 3, 4], "{folder}");
        }
    }

    #[test]
    fn the_same_names_inside_other_paths_and_words_are_left_alone() {
        for folder in MACHINE_FOLDERS {
            let text = format!("target/{folder}/a ~/{folder} https://a.b/{folder}/ /{folder}s");
            assert_eq!(lines("docs/a.md", &text), [], "{folder}");
        }
    }

    #[test]
    fn only_the_test_entry_looks_beside_the_checkout() {
        let text = format!("cd ../{BESIDE_CHECKOUT}/data");
        assert_eq!(lines("README.md", &text), [1]);
        assert_eq!(lines(MAY_LOOK_BESIDE, &text), []);
        assert_eq!(lines(MAY_LOOK_BESIDE, &format!("cd /{}", MACHINE_FOLDERS[0])), [1]);
    }
}
