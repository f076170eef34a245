//! What the rules ask of a Rust file: its code without comments and strings, and which lines are
//! tests. Found by matching brackets in the masked text.

use std::ops::RangeInclusive;

use super::mask::mask;

/// A Rust file as the rules see it.
pub(super) struct Source<'a> {
    /// As written.
    pub(super) text: &'a str,
    /// With spaces in place of comments and strings.
    pub(super) code: String,
    /// Lines of `#[cfg(test)]` items.
    tests: Vec<RangeInclusive<usize>>,
}

impl<'a> Source<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let code = mask(text);
        let tests = code
            .match_indices("#[cfg(test)]")
            .map(|(at, attribute)| {
                let end = item_end(&code, at + attribute.len());
                line_of(&code, at)..=line_of(&code, end)
            })
            .collect();
        Source { text, code, tests }
    }

    /// Whether a line, from 1, belongs to a `#[cfg(test)]` item.
    pub(super) fn is_test(&self, line: usize) -> bool {
        self.tests.iter().any(|lines| lines.contains(&line))
    }
}

/// Where `word` stands in `text`, not as a part of a longer name.
pub(super) fn find_words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let in_name = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let (before, after) = (&text[..at], &text[at + word.len()..]);
        let begins = !word.starts_with(in_name) || !before.ends_with(in_name);
        let ends = !word.ends_with(in_name) || !after.starts_with(in_name);
        begins && ends
    })
}

fn line_of(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count() + 1
}

/// Where the item from `start` ends: at its closing brace, or at a `;` before any.
fn item_end(code: &str, start: usize) -> usize {
    let last = code.len().saturating_sub(1);
    let (mut open, mut depth) = (false, 0_usize);
    for (at, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b';' if depth == 0 => return at,
            b'{' if depth == 0 => (open, depth) = (true, 1),
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if open && depth == 0 {
            return at;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_items_are_known_by_line_whatever_they_are() {
        let import = "#[cfg(test)]\nuse b::{\n    c\n};\n";
        let module = "#[cfg(test)]\nmod tests {\n    {}\n}\n";
        let file = "#[cfg(test)]\nmod tests;\n";
        let text = format!("a\n{import}d\n{module}e\n{file}f");
        let source = Source::new(&text);
        let lines: Vec<usize> = (1..=14).filter(|&line| source.is_test(line)).collect();
        assert_eq!(lines, [2, 3, 4, 5, 7, 8, 9, 10, 12, 13]);
    }

    #[test]
    fn words_are_not_found_inside_longer_names() {
        let found = |text, word| find_words(text, word).count();
        assert_eq!(found("burn burned auburn", "burn"), 1);
        assert_eq!(found("std::env::var(a) env::var_os(a) anenv::var(a)", "env::var"), 1);
    }

    #[test]
    fn a_file_cut_short_is_still_read() {
        assert!(Source::new("#[cfg(test)]").is_test(1));
        assert!(Source::new("#[cfg(test)]\nfn f() {\n{").is_test(3));
        assert!(!Source::new("").is_test(1));
    }
}
