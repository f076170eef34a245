//! What the rules ask of a Rust file: its code without comments and strings, which lines are
//! tests, and its functions. Found by matching brackets in the masked text.

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

/// A function, method or declaration of one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    /// Of its `fn`, from 1.
    pub(super) line: usize,
    /// From its `fn` to its closing brace.
    pub(super) lines: usize,
    /// Without `self`.
    pub(super) parameters: usize,
}

impl<'a> Source<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let code = mask(text);
        let tests = code
            .match_indices("#[cfg(test)]")
            .map(|(at, attribute)| {
                let (_, end) = item(&code, at + attribute.len());
                line_of(&code, at)..=line_of(&code, end)
            })
            .collect();
        Source { text, code, tests }
    }

    /// Whether a line, from 1, belongs to a `#[cfg(test)]` item.
    pub(super) fn is_test(&self, line: usize) -> bool {
        self.tests.iter().any(|lines| lines.contains(&line))
    }

    /// Every function with a name; those that a macro names are left out.
    pub(super) fn functions(&self) -> Vec<Function> {
        find_words(&self.code, "fn").filter_map(|at| function(&self.code, at)).collect()
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

/// The function whose `fn` stands at `at`; a type such as `fn(u32)` is none.
fn function(code: &str, at: usize) -> Option<Function> {
    let after = code[at + 2..].trim_start();
    let name: String = after.chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect();
    if name.is_empty() {
        return None;
    }
    let (head_end, end) = item(code, at);
    let line = line_of(code, at);
    let lines = line_of(code, end) - line + 1;
    Some(Function { name, line, lines, parameters: parameters(&code[at..head_end]) })
}

/// Where the head of the item from `start` ends, at its `{` or `;`, and where the item ends.
fn item(code: &str, start: usize) -> (usize, usize) {
    let last = code.len().saturating_sub(1);
    let mut head_end = None;
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b';' if depth == 0 => return (at, at),
            b'{' if depth == 0 => {
                head_end = Some(at);
                depth += 1;
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if let (Some(head_end), 0) = (head_end, depth) {
            return (head_end, at);
        }
    }
    (head_end.unwrap_or(last), last)
}

/// How many parameters the head of a function takes, `self` not counted.
fn parameters(head: &str) -> usize {
    let mut cuts = Vec::new();
    let mut depth = 0;
    let mut previous = ' ';
    for (at, character) in head.char_indices() {
        // The `>` of an arrow closes nothing.
        let closes = matches!(character, ')' | ']') || (character == '>' && previous != '-');
        depth -= i32::from(closes);
        match (character, depth) {
            ('(', 0) => cuts.push(at),
            (',', 1) if !cuts.is_empty() => cuts.push(at),
            (')', 0) => {
                cuts.push(at);
                break;
            }
            _ => {}
        }
        depth += i32::from(matches!(character, '(' | '[' | '<'));
        previous = character;
    }
    let parameters = cuts.windows(2).map(|cut| head[cut[0] + 1..cut[1]].trim());
    parameters.filter(|parameter| !parameter.is_empty() && !is_self(parameter)).count()
}

fn is_self(parameter: &str) -> bool {
    let pattern = parameter.split(':').next().unwrap_or_default();
    pattern.split(['&', ' ']).next_back() == Some("self")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(text: &str) -> (usize, usize, usize) {
        let functions = Source::new(text).functions();
        assert_eq!(functions.len(), 1, "{functions:?}");
        (functions[0].line, functions[0].lines, functions[0].parameters)
    }

    #[test]
    fn a_function_reaches_from_its_fn_to_its_closing_brace() {
        assert_eq!(
            only("\n#[inline]\nfn f() {\n    if a { b('}') }\n}\nconst A: u8 = 0;\n"),
            (3, 3, 0)
        );
        assert_eq!(only("trait T {\n    fn f(\n        &self,\n    ) -> [u8; 3];\n}"), (2, 3, 0));
        assert_eq!(only("fn f() -> [u8; 3]\nwhere\n    T: Fn(u8),\n{\n}"), (1, 5, 0));
    }

    #[test]
    fn parameters_are_counted_without_self_and_through_nested_commas() {
        assert_eq!(only("fn f(&'a mut self, a: (u8, u8), b: Map<K, V>, c: [u8; 3],) {}").2, 3);
        assert_eq!(
            only("fn f<const N: usize, F: Fn(u8, u8) -> u8>(a: F, b: impl Fn(u8) -> u8) {}").2,
            2
        );
        assert_eq!(only("fn f(self: Arc<Self>) -> (u8, u8) {}").2, 0);
        assert_eq!(only("fn f(mut self, itself: u8) {}").2, 1);
    }

    #[test]
    fn function_types_macro_names_and_comments_are_no_functions() {
        let text = "const F: fn(u8) = g; // fn a() {}\nmacro_rules! m { () => { fn $name() {} } }";
        assert_eq!(Source::new(text).functions(), []);
    }

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
        assert_eq!(found("unsafe { unsafe_code } not_unsafe", "unsafe"), 1);
        assert_eq!(found("println!() eprintln!()", "println!"), 1);
        assert_eq!(found("std::fs::write(a) fs::write_all offs::write(a)", "fs::write"), 1);
    }

    #[test]
    fn a_file_cut_short_is_still_read() {
        assert_eq!(only("fn f(a: u8").2, 0);
        assert_eq!(only("fn f() {\n{").1, 2);
        assert!(Source::new("").functions().is_empty());
        assert!(Source::new("#[cfg(test)]").is_test(1));
    }
}
