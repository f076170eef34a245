//! What the program says: data on standard output, everything else on standard error.
//!
//! Names come from files and folders of others. What is meant for people passes [`visible`] here, so
//! that no name moves a cursor, colours a terminal or breaks a table. Data (genotypes, JSON, CSV) is
//! written as it is.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, Write};

use serde::Serialize;

use super::Failure;

/// Writes data to standard output. Whoever reads it may have seen enough: that is no failure.
pub(super) fn print(data: impl AsRef<[u8]>) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(data.as_ref()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Output(error)),
        _ => Ok(()),
    }
}

/// Writes lines for people to standard output. Names in them that may hold line ends have to be made
/// [`visible`] before.
pub(super) fn print_text(text: &str) -> Result<(), Failure> {
    let lines: String = text.lines().map(|line| format!("{}\n", visible(line))).collect();
    print(lines)
}

/// Writes a value to standard output as a line of JSON.
pub(super) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(io::Error::from).map_err(Failure::Output)?;
    print(text + "\n")
}

/// Says a line on standard error. Work does not fail because nobody can be told of it.
pub(super) fn tell(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{}", visible(&line.to_string()));
}

/// Says lines on standard error, as [`print_text`] writes them.
pub(super) fn tell_lines(text: impl Display) {
    text.to_string().lines().for_each(tell);
}

/// Says a value on standard error as a line of JSON.
pub(super) fn tell_json(value: &impl Serialize) {
    if let Ok(text) = serde_json::to_string(value) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}

/// The text with every character that a terminal acts on, or that turns what is read around, as an
/// escape: `\u{1b}`. Line ends are among them.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().map(|c| match acts(c) {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    });
    Cow::Owned(shown.collect())
}

/// Whether a character does something instead of being shown: control characters, ends of lines and
/// paragraphs, and marks, embeddings, overrides and isolates of the direction of writing.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn characters_that_act_are_escaped_and_those_that_are_read_stay() {
        for (text, shown) in [
            ("\u{1b}[31mred", r"\u{1b}[31mred"),
            ("new\nline\r\t", r"new\nline\r\t"),
            ("\u{9b}2J\u{7f}\u{0}", r"\u{9b}2J\u{7f}\u{0}"),
            ("gpj\u{202e}.exe", r"gpj\u{202e}.exe"),
            ("\u{2066}a\u{2069}\u{200f}\u{2028}", r"\u{2066}a\u{2069}\u{200f}\u{2028}"),
        ] {
            assert_eq!(visible(text), shown);
        }
        for text in
            ["", "café ß 猫", "family 👨\u{200d}👩", r"C:\photos 'x' |none~0|", "می\u{200c}خواهم"]
        {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_acts_in_what_is_shown(text in r"(\PC|\p{C}){0,20}") {
            prop_assert!(!visible(&text).contains(acts));
        }
    }
}
