//! Two lists of lines beside each other, for people: ` ` in both, `-` on the page only, `+` printed
//! only.
//!
//! Pure.

use super::tolerance::{LEFT_OUT, line_matches, masked};

/// The lines of a difference; what differs only by a clock counts as equal.
pub(super) fn difference(expected: &[&str], found: &[&str]) -> Vec<String> {
    let (left, right) = (masked(expected), masked(found));
    let common = longest_common(&left, &right);
    let (mut lines, mut i, mut j) = (Vec::new(), 0, 0);
    while i < left.len() || j < right.len() {
        let both = i < left.len() && j < right.len() && equal(&left[i], &right[j]);
        if both {
            lines.push(format!("  {}", expected[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == right.len() || (i < left.len() && common[i + 1][j] >= common[i][j + 1]) {
            lines.push(format!("- {}", expected[i]));
            i += 1;
        } else {
            lines.push(format!("+ {}", found[j]));
            j += 1;
        }
    }
    lines
}

fn equal(left: &str, right: &str) -> bool {
    left.trim() != LEFT_OUT && line_matches(left, right)
}

/// How many lines the rests from (i, j) on have in common.
fn longest_common(left: &[String], right: &[String]) -> Vec<Vec<usize>> {
    let mut common = vec![vec![0; right.len() + 1]; left.len() + 1];
    for i in (0..left.len()).rev() {
        for j in (0..right.len()).rev() {
            common[i][j] = if equal(&left[i], &right[j]) {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_in_both_stand_once_and_the_page_comes_before_what_is_printed() {
        assert_eq!(
            difference(&["a", "b", "3 s", "d"], &["a", "x", "4 s", "d", "e"]),
            ["  a", "- b", "+ x", "  3 s", "  d", "+ e"]
        );
        assert_eq!(difference(&[], &["a"]), ["+ a"]);
        assert_eq!(difference(&["a"], &[]), ["- a"]);
    }
}
