//! Puts what commands print now into a page, in the form that the page has: what it leaves out stays left
//! out, between lines that look as they did but for their figures and architectures.
//!
//! Pure.

use std::ops::Range;
use std::sync::LazyLock;

use regex_lite::Regex;

use super::tolerance::LEFT_OUT;

/// Architectures and figures: what of a line may change and leave it the line that it was.
static FIGURES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let patterns = [r"\|\w+~\d[\w~|+]*\|", r"Genotype\(.*\)", r"\b\d[\d,.]*(e[+-]?\d+)?\b", r"\s+"];
    // A pattern that does not compile fails a test of this file.
    patterns.into_iter().filter_map(|pattern| Regex::new(pattern).ok()).collect()
});

/// A line without what may change.
fn form(line: &str) -> String {
    let masked = |text: String, pattern: &Regex| pattern.replace_all(&text, "#").into_owned();
    FIGURES.iter().fold(line.trim().to_owned(), masked)
}

fn is_left_out(line: &str) -> bool {
    line.trim() == LEFT_OUT
}

/// The lines that a page shows for `found`, where it showed `expected`. Where no lines look like those of the
/// page, as many stay at the beginning and at the end.
pub(super) fn shown(expected: &[&str], found: &[&str]) -> Vec<String> {
    aligned(expected, found).unwrap_or_else(|| ends(expected, found))
}

/// Every part of the page between lines that are left out, as what looks like it in `found`.
fn aligned(expected: &[&str], found: &[&str]) -> Option<Vec<String>> {
    let (mut lines, mut at, mut anywhere) = (Vec::new(), 0, false);
    let parts: Vec<&[&str]> = expected.split(|line| is_left_out(line)).collect();
    for (number, part) in parts.iter().enumerate() {
        let last_start = found.len().checked_sub(part.len())?;
        let is_last = number + 1 == parts.len();
        let starts = if !anywhere {
            at..=at
        } else if is_last {
            last_start..=last_start
        } else {
            at..=last_start
        };
        let fits = |&start: &usize| start >= at && looks_like(part, &found[start..]);
        // Of several the one that begins most like the page: an epoch is told from others by its number.
        let start =
            starts.filter(fits).rev().max_by_key(|&start| likeness(part, &found[start..]))?;
        let pairs = part.iter().zip(&found[start..]);
        lines.extend(pairs.map(|(expected, found)| line_of(expected, found)));
        at = start + part.len();
        if is_last {
            return (anywhere || at == found.len()).then_some(lines);
        }
        lines.push(LEFT_OUT.to_owned());
        anywhere = true;
    }
    None
}

fn looks_like(part: &[&str], found: &[&str]) -> bool {
    let pairs = || part.iter().zip(found);
    part.len() <= found.len() && pairs().all(|(expected, found)| line_looks_like(expected, found))
}

/// How many characters lines begin with in common.
fn likeness(part: &[&str], found: &[&str]) -> usize {
    let common =
        |(a, b): (&&str, &&str)| a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    part.iter().zip(found).map(common).sum()
}

fn line_looks_like(expected: &str, found: &str) -> bool {
    match expected.split_once(LEFT_OUT) {
        None => form(expected) == form(found),
        Some((before, _)) => form(found).starts_with(form(before).trim_end_matches('#')),
    }
}

/// The line that is printed now; of one that leaves out a part, as many words around it.
fn line_of(expected: &str, found: &str) -> String {
    let Some((before, after)) = expected.split_once(LEFT_OUT) else { return found.to_owned() };
    let [kept, ending] = [before, after].map(|text| text.split_whitespace().count());
    let words: Vec<&str> = found.split_whitespace().collect();
    // What is left out may begin or end within a word, which then stays as it was.
    let whole = before.ends_with(' ') && (after.is_empty() || after.starts_with(' '));
    if !whole || after.contains(LEFT_OUT) || words.len() < kept + ending {
        return expected.to_owned();
    }
    let end = words.get(kept).and_then(|word| found.find(word)).unwrap_or(found.len());
    let rest = words[words.len() - ending..].join(" ");
    let space = if after.is_empty() { "" } else { " " };
    format!("{}{LEFT_OUT}{space}{rest}", &found[..end])
}

/// As many lines at the beginning and at the end as the page has.
fn ends(expected: &[&str], found: &[&str]) -> Vec<String> {
    let owned = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let place = |line: &&str| is_left_out(line);
    let (Some(first), Some(last)) =
        (expected.iter().position(place), expected.iter().rposition(place))
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
    fn every_pattern_compiles() {
        assert_eq!(FIGURES.len(), 4);
    }

    #[test]
    fn what_is_left_out_stays_left_out_between_lines_that_look_as_they_did() {
        let found =
            ["epoch 1/2: loss 2.1", "note: x", "epoch 2/2: loss 1.7", "", "accuracy  41.2 %", "b"];
        let page = ["epoch 1/2: loss 2.0", "…", "accuracy  39 %", "…"];
        assert_eq!(shown(&page, &found), ["epoch 1/2: loss 2.1", "…", "accuracy  41.2 %", "…"]);
        let page = ["…", "epoch 2/2: loss 1.9", "…", "b"];
        assert_eq!(shown(&page, &found), ["…", "epoch 2/2: loss 1.7", "…", "b"]);
        let page = ["epoch … loss 2.0", "…"];
        assert_eq!(shown(&page, &found), ["epoch … loss 2.1", "…"]);
        let page = ["epoch …: loss 2.0", "…"];
        assert_eq!(shown(&page, &found), page, "a part of a word is left out");
    }

    #[test]
    fn architectures_may_change_and_words_may_not() {
        let found = ["|none~0|+|none~0|none~1|", "done"];
        let page = ["|skip_connect~0|+|none~0|nor_conv_3x3~1|", "…"];
        assert_eq!(shown(&page, &found), ["|none~0|+|none~0|none~1|", "…"]);
        assert_eq!(shown(&["gone", "…"], &found), ["|none~0|+|none~0|none~1|", "…"]);
    }

    #[test]
    fn where_nothing_looks_alike_as_many_lines_stay_around_what_is_left_out() {
        let found = ["a1", "b2", "c3", "d4", "e5"];
        assert_eq!(shown(&["a", "b"], &found), found);
        assert_eq!(shown(&["a", "…", "y", "z"], &found), ["a1", "…", "d4", "e5"]);
        assert_eq!(shown(&["…"], &found), ["…"]);
        assert_eq!(shown(&["a", "…", "m", "…", "z"], &found), ["a1", "…", "e5"]);
        let too_few = shown(&["a", "…", "z"], &["p", "q"]);
        assert_eq!(too_few, ["p", "q"], "nothing is left to leave out");
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
