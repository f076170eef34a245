//! Whether what a command prints is what a page shows: equal, but for what a clock says, and for what the
//! page leaves out.
//!
//! Pure. Figures of a clock, of memory and of processes are let pass. Counts, accuracies, losses,
//! architectures, hashes, names and words have to be equal: they are on every processor.

use std::sync::LazyLock;

use regex_lite::Regex;

/// What a page puts in place of what it leaves out: whole lines, or a part of one.
pub(super) const LEFT_OUT: &str = "…";

/// A kind of figure that may differ, and what takes its place.
struct Mask {
    pattern: Regex,
    instead: &'static str,
}

fn masks(rules: &[(&str, &'static str)]) -> Vec<Mask> {
    rules
        .iter()
        .filter_map(|(pattern, instead)| {
            // A pattern that does not compile fails a test of this file.
            Regex::new(pattern).ok().map(|pattern| Mask { pattern, instead })
        })
        .collect()
}

/// Seconds, rates, bytes of memory, moments, names of scratch files.
static CLOCK: LazyLock<Vec<Mask>> = LazyLock::new(|| {
    masks(&[
        (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?", "TIME"),
        (r#"("\w*wall_s"): ?[\d.e+-]+"#, "$1:#"),
        (r#"("peak_rss_bytes"): ?\d+"#, "$1:#"),
        (r"\b\d[\d,]*(\.\d+)?(e\d+)? ?([kMGT]?[A-Za-z-]*/s)\b", "# $3"),
        (r"\b\d[\d,]*(\.\d+)? (ms|s|min|h|seconds?|minutes?|hours?|kB|MB|GB)\b", "# $2"),
        (r"\.\d+-\d+\.tmp\b", ".#.tmp"),
    ])
});

/// Whether a page may show `expected` where a command prints `found`.
pub(super) fn alike(expected: &[&str], found: &[&str]) -> bool {
    lines_match(&masked(expected), &masked(found))
}

/// Lines with marks in place of what may differ.
pub(super) fn masked(lines: &[&str]) -> Vec<String> {
    let mut timed: Vec<usize> = Vec::new();
    let mut masked = Vec::with_capacity(lines.len());
    for line in lines {
        let cells = cells(line);
        if line.trim().is_empty() {
            timed.clear();
        } else if let Some(columns) = timed_columns(&cells) {
            timed = columns;
        }
        masked.push(masked_line(line, &cells, &timed));
    }
    masked
}

/// The columns of a table's header that a clock fills, if it is one.
fn timed_columns(cells: &[&str]) -> Option<Vec<usize>> {
    let columns: Vec<usize> =
        (0..cells.len()).filter(|&column| is_of_a_clock(cells[column])).collect();
    (cells.len() > 2 && !columns.is_empty()).then_some(columns)
}

fn is_of_a_clock(header: &str) -> bool {
    header == "memory" || header == "seconds" || header.ends_with(" seconds")
}

/// Texts with two spaces or more between them.
fn cells(line: &str) -> Vec<&str> {
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

fn masked_line(line: &str, cells: &[&str], timed: &[usize]) -> String {
    let mut text = line.trim_end().to_owned();
    if !timed.is_empty() {
        // As wide as its widest cell is a column, also one of seconds.
        let mut shown = cells.to_vec();
        for &column in timed {
            if let Some(cell) = shown.get_mut(column) {
                *cell = if cell.starts_with(|c: char| c.is_ascii_digit()) { "#" } else { *cell };
            }
        }
        text = shown.join("  ");
    }
    for Mask { pattern, instead } in CLOCK.iter() {
        text = pattern.replace_all(&text, *instead).into_owned();
    }
    text
}

/// Whether lines match, where a line that is left out stands for any number of them.
fn lines_match(expected: &[String], found: &[String]) -> bool {
    match expected {
        [] => found.is_empty(),
        [line, rest @ ..] if line.trim() == LEFT_OUT => {
            (0..=found.len()).any(|skipped| lines_match(rest, &found[skipped..]))
        }
        [line, rest @ ..] => {
            let [first, others @ ..] = found else { return false };
            line_matches(line, first) && lines_match(rest, others)
        }
    }
}

/// Whether a line matches, where what is left out stands for any text.
pub(super) fn line_matches(expected: &str, found: &str) -> bool {
    let Some((before, after)) = expected.split_once(LEFT_OUT) else { return expected == found };
    let Some(rest) = found.strip_prefix(before) else { return false };
    let starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    starts.into_iter().any(|start| line_matches(after, &rest[start..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(expected: &str, found: &str) -> bool {
        let (expected, found): (Vec<&str>, Vec<&str>) =
            (expected.lines().collect(), found.lines().collect());
        alike(&expected, &found)
    }

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(CLOCK.len(), 6);
    }

    #[test]
    fn what_a_clock_says_may_differ() {
        for (expected, found) in [
            ("time in the search          19.2 s", "time in the search          8.1 s"),
            ("skip 0.200, 3.9 s, about 35 s left", "skip 0.200, 12 s, about 1,035 s left"),
            ("about 2 min left", "about 13 min left"),
            ("peak memory   90 MB", "peak memory   1,290 MB"),
            (r#"{"macs":8,"wall_s":38.6480}"#, r#"{"macs":8,"wall_s":1.5e-3}"#),
            (r#""peak_rss_bytes": 90"#, r#""peak_rss_bytes": 12345"#),
            ("at 2026-01-02T03:04:05Z", "at 2027-11-12T13:14:15.6Z"),
            ("34.1 GMAC/s", "8 GMAC/s"),
            ("a/.config.toml.2663-0.tmp: No", "a/.config.toml.99-12.tmp: No"),
        ] {
            assert!(same(expected, found), "{expected} | {found}");
        }
    }

    #[test]
    fn what_no_clock_says_may_not_differ() {
        for (expected, found) in [
            ("samples, weights  25,000", "samples, weights  25,001"),
            ("5 samples", "6 samples"),
            ("multiply-adds  4.21e11", "multiply-adds  4.22e11"),
            ("samples / full data  0.500", "samples / full data  0.501"),
            ("validation accuracy  30.7 %", "validation accuracy  30.8 %"),
            ("|none~0|+|none~0|none~1|", "|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|"),
            ("0,0,1.3926551988583766", "0,0,1.3926551988583767"),
            ("epoch 3/10: 3.9 s", "epoch 4/10: 3.9 s"),
            ("after epoch 3, step 0", "after epoch 3, step 1"),
            ("weight-abf763c1.txt", "weight-abf763c2.txt"),
            ("wrote scores.csv", "wrote score.csv"),
            ("3.9 s left", "3.9 s  left"),
            ("1.00x", "2.00x"),
            (r#"{"samples":8000,"wall_s":1.0}"#, r#"{"samples":8001,"wall_s":1.0}"#),
            ("19.2 s", "19.2 MB"),
            ("a", "a\nb"),
            ("a\nb", "a"),
            ("", "a"),
        ] {
            assert!(!same(expected, found), "{expected} | {found}");
        }
    }

    #[test]
    fn columns_that_a_clock_fills_may_differ_and_widen_and_others_may_not() {
        let table = |n: u32, seconds: &str, times: &str| {
            format!("host   n  seconds  speed-up seconds\ndarts  {n}  {seconds}      {times}\n")
        };
        assert!(!same(&table(3, "1.6", "1.97x"), &table(3, "12.6", "-")), "none is no figure");
        assert!(same(&table(3, "1.6", "1.97x"), &table(3, "112.60  ", "12.00x")));
        assert!(!same(&table(3, "1.6", "1.97x"), &table(2, "1.6", "1.97x")));
        let below = |n: u32| format!("{}\nseconds of {n}  x", table(3, "1.6", "1.97x"));
        assert!(!same(&below(1), &below(2)), "the table has ended");
    }

    #[test]
    fn what_is_left_out_may_be_anything_and_what_stands_around_it_may_not() {
        assert!(same("a\n…\nd", "a\nb\nc\nd"));
        assert!(same("a\n…\nd", "a\nd"));
        assert!(same("…\nd\n…", "a\nd\nd"));
        assert!(!same("a\n…\nd", "a\nb\nc"));
        assert!(!same("a\n…\nd", "b\nd"));
        assert!(same("error: … and …", "error: this and that"));
        assert!(!same("error: … and more", "error: this and that"));
        assert!(!same("error: …", "warning: this"));
    }
}
