//! Blanks what is not code: comments, strings and character literals become spaces, lines and
//! columns stay. What is left can be searched for words and brackets.
//!
//! Not a lexer: quotes and the prefixes of literals (`b`, `r#`) are left standing. They disturb no
//! rule, and a quote tells that a literal was there.

/// `text` with spaces in place of comments, strings and characters.
pub(super) fn mask(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    while at < characters.len() {
        match hidden(&characters[..at], &characters[at..]) {
            0 => {
                masked.push(characters[at]);
                at += 1;
            }
            length => {
                let blanked = characters[at..at + length].iter();
                masked.extend(blanked.map(|&c| if matches!(c, '\n' | '"') { c } else { ' ' }));
                at += length;
            }
        }
    }
    masked
}

/// Length of the comment, string or character that `rest` begins with, 0 if none.
fn hidden(before: &[char], rest: &[char]) -> usize {
    let length = match rest {
        ['/', '/', ..] => rest.iter().position(|&c| c == '\n'),
        ['/', '*', ..] => block_comment(rest),
        ['"', ..] => match raw_hashes(before) {
            Some(hashes) => raw_string(rest, hashes),
            None => string(rest),
        },
        // After the escaped character, which may itself be a quote.
        ['\'', '\\', _, tail @ ..] => tail.iter().position(|&c| c == '\'').map(|end| end + 4),
        ['\'', _, '\'', ..] => Some(3),
        // Everything else, lifetimes with their lone quote too, is code.
        _ => Some(0),
    };
    length.unwrap_or(rest.len())
}

/// Block comments nest.
fn block_comment(rest: &[char]) -> Option<usize> {
    let (mut depth, mut at) = (0, 0);
    loop {
        match rest.get(at..at + 2)? {
            ['/', '*'] => depth += 1,
            ['*', '/'] => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// How many `#` a raw string that opens after `before` has; `None` if it is not raw.
fn raw_hashes(before: &[char]) -> Option<usize> {
    let hashes = before.iter().rev().take_while(|&&c| c == '#').count();
    (before[..before.len() - hashes].last() == Some(&'r')).then_some(hashes)
}

fn raw_string(rest: &[char], hashes: usize) -> Option<usize> {
    let end = rest[1..]
        .windows(hashes + 1)
        .position(|window| window[0] == '"' && window[1..].iter().all(|&c| c == '#'))?;
    Some(end + hashes + 2)
}

fn string(rest: &[char]) -> Option<usize> {
    let mut at = 1;
    loop {
        match rest.get(at)? {
            '"' => return Some(at + 1),
            '\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of `text` without the spaces and quotes.
    fn left(text: &str) -> String {
        let masked = mask(text);
        assert_eq!(masked.chars().count(), text.chars().count(), "columns stay");
        assert_eq!(masked.lines().count(), text.lines().count(), "lines stay");
        masked.split(|c: char| c.is_whitespace() || c == '"').collect()
    }

    #[test]
    fn comments_are_blanked_to_their_end_and_no_further() {
        assert_eq!(left("a // b \"\nc"), "ac");
        assert_eq!(left("a /* b /* c */ d */ e"), "ae");
        assert_eq!(left("a /* never closed\nb"), "a");
    }

    #[test]
    fn strings_are_blanked_with_their_escapes_and_lines() {
        assert_eq!(left(r#"a("b \" { c", "\\", d)"#), "a(,,d)");
        assert_eq!(left("a(\"b {\n // c\", d)"), "a(,d)");
        assert_eq!(left("a(\"π {\") b"), "a()b");
    }

    #[test]
    fn raw_strings_end_at_as_many_hashes_as_they_began_with() {
        assert_eq!(left(r###"a(r#"b " { \"#, c)"###), "a(r#,c)");
        assert_eq!(left(r####"a(br##"b "# c"##) d"####), "a(br##)d");
        assert_eq!(left(r#"a(r"b \", c)"#), "a(r,c)");
    }

    #[test]
    fn characters_are_blanked_and_lifetimes_are_not() {
        assert_eq!(left(r"a('{', '\'', '\\', '\u{7b}', b'}') b"), "a(,,,,b)b");
        assert_eq!(left("fn f<'a, 'b>(a: &'a str) { 'outer: loop {} }").matches('{').count(), 2);
    }
}
