//! Puts what commands print now into a page, in the form that the page has: where it leaves lines
//! out, as many stay at the beginning and at the end.
//!
//! Pure.

use std::ops::Range;

use super::tolerance::LEFT_OUT;

/// The lines that a page shows for `found`, where it showed `expected`.
pub(super) fn shown(expected: &[&str], found: &[&str]) -> Vec<String> {
    let is_left_out = |line: &&str| line.trim() == LEFT_OUT;
    let owned = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let (Some(first), Some(last)) =
        (expected.iter().position(is_left_out), expected.iter().rposition(is_left_out))
    else {
        return owned(found);
    };
    let tail = expected.len() - last - 1;
    if found.len() <= first + tail {
        return owned(found);
    }
    let mut lines = owned(&found[..first]);
    lines.push(LEFT_OUT.to_owned());
    lines.extend(owned(&found[found.len() - tail..]));
    lines
}

/// A page with other lines in these places, which are in order and do not overlap.
pub(super) fn replaced(text: &str, changes: &[(Range<usize>, Vec<String>)]) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut mended: Vec<&str> = Vec::with_capacity(lines.len());
    let mut at = 0;
    for (range, instead) in changes {
        mended.extend(&lines[at..range.start]);
        mended.extend(instead.iter().map(String::as_str));
        at = range.end;
    }
    mended.extend(&lines[at..]);
    mended.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_stays_left_out_with_as_many_lines_around_it() {
        let found = ["1", "2", "3", "4", "5"];
        assert_eq!(shown(&["a", "b"], &found), found);
        assert_eq!(shown(&["a", "…", "y", "z"], &found), ["1", "…", "4", "5"]);
        assert_eq!(shown(&["…"], &found), ["…"]);
        assert_eq!(shown(&["a", "…", "m", "…", "z"], &found), ["1", "…", "5"]);
        assert_eq!(
            shown(&["a", "…", "z"], &["1", "2"]),
            ["1", "2"],
            "nothing is left to leave out"
        );
    }

    #[test]
    fn only_the_lines_in_question_change() {
        let lines =
            |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let changes = [(1..2, lines(&["B", "BB"])), (2..2, lines(&["new"])), (3..4, lines(&[]))];
        assert_eq!(replaced("a\nb\nc\nd\ne\n", &changes), "a\nB\nBB\nnew\nc\ne\n");
        assert_eq!(replaced("a\n", &[]), "a\n");
    }
}
