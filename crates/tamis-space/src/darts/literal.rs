//! Reading the Python literals that genotypes are written in.
//!
//! Lists, tuples, strings, numbers, names, dicts with string keys and calls such as `range(2, 6)`,
//! over several lines and with comments; no arithmetic and no escapes in strings. What a literal
//! means is said in `parse`.

use crate::Error;

const FORM: &str = "Genotype(normal=[('sep_conv_3x3', 1), ...], normal_concat=range(2, 6), \
                    reduce=[...], reduce_concat=range(2, 6))";

/// Deeper than any genotype; keeps hostile texts from exhausting the stack.
const MAX_DEPTH: usize = 8;

/// A value and where it begins, in bytes.
#[derive(Debug)]
pub(super) struct Literal<'text> {
    pub(super) at: usize,
    pub(super) kind: Kind<'text>,
}

/// The kinds of values.
#[derive(Debug)]
pub(super) enum Kind<'text> {
    /// A string, without its quotes.
    Text(&'text str),
    /// A number or a name such as `None`, as written.
    Word(&'text str),
    /// A list or a tuple.
    Sequence(Vec<Literal<'text>>),
    /// A call with its name and arguments, or a dict with an empty name.
    Fields(&'text str, Vec<Field<'text>>),
}

/// An argument of a call or an entry of a dict, and where it begins, in bytes.
#[derive(Debug)]
pub(super) struct Field<'text> {
    pub(super) at: usize,
    /// Its keyword, empty for a positional argument.
    pub(super) key: &'text str,
    pub(super) value: Literal<'text>,
}

/// The error at byte `at` of `text`.
pub(super) fn refusal(text: &str, at: usize, found: String, expected: &str) -> Error {
    Error::Genotype {
        space: "darts",
        position: text[..at].chars().count() + 1,
        found,
        expected: expected.to_owned(),
        form: FORM,
    }
}

/// Reads the one literal from byte `at` to the end of `text`, with a `,` or `;` behind it or without.
pub(super) fn read(text: &str, at: usize) -> Result<Literal<'_>, Error> {
    let mut cursor = Cursor { text, at, depth: 0 };
    cursor.skip_blanks();
    let literal = cursor.value()?;
    let _ = cursor.take(',') || cursor.take(';');
    if cursor.rest().is_empty() { Ok(literal) } else { Err(cursor.error("the end")) }
}

/// A place in a text, in bytes and always at the border of a character. After each of its methods
/// it stands behind the blanks that follow what was read.
struct Cursor<'text> {
    text: &'text str,
    at: usize,
    depth: usize,
}

impl<'text> Cursor<'text> {
    fn value(&mut self) -> Result<Literal<'text>, Error> {
        let at = self.at;
        let kind = match self.rest().chars().next() {
            Some('\'' | '"') => Kind::Text(self.string()?),
            Some('[') => Kind::Sequence(self.enclosed(['[', ']'], Cursor::value)?),
            Some('(') => Kind::Sequence(self.enclosed(['(', ')'], Cursor::value)?),
            Some('{') => Kind::Fields("", self.enclosed(['{', '}'], Cursor::entry)?),
            _ => {
                let word = self.word()?;
                match self.rest().starts_with('(') {
                    true => Kind::Fields(word, self.enclosed(['(', ')'], Cursor::argument)?),
                    false => Kind::Word(word),
                }
            }
        };
        Ok(Literal { at, kind })
    }

    /// `'key': value`
    fn entry(&mut self) -> Result<Field<'text>, Error> {
        let at = self.at;
        let key = self.string()?;
        self.expect(':')?;
        Ok(Field { at, key, value: self.value()? })
    }

    /// `value` or `key=value`
    fn argument(&mut self) -> Result<Field<'text>, Error> {
        let value = self.value()?;
        match value.kind {
            Kind::Word(key) if self.take('=') => {
                Ok(Field { at: value.at, key, value: self.value()? })
            }
            _ => Ok(Field { at: value.at, key: "", value }),
        }
    }

    /// Items between two brackets, with commas between them and perhaps one after the last.
    fn enclosed<Item>(
        &mut self,
        [open, close]: [char; 2],
        item: fn(&mut Self) -> Result<Item, Error>,
    ) -> Result<Vec<Item>, Error> {
        if self.depth == MAX_DEPTH {
            return Err(self.error("fewer brackets within brackets"));
        }
        self.depth += 1;
        self.expect(open)?;
        let mut items = Vec::new();
        while !self.take(close) {
            items.push(item(self)?);
            if !self.take(',') && !self.rest().starts_with(close) {
                return Err(self.error(&format!("`,` or `{close}`")));
            }
        }
        self.depth -= 1;
        Ok(items)
    }

    fn string(&mut self) -> Result<&'text str, Error> {
        let rest = self.rest();
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let Some(quote) = quote else { return Err(self.error("a string in quotes")) };
        let Some(length) = rest[1..].find(quote) else {
            return Err(self.error("a string with a closing quote"));
        };
        self.advance(length + 2);
        Ok(&rest[1..=length])
    }

    fn word(&mut self) -> Result<&'text str, Error> {
        let rest = self.rest();
        let length = word_length(rest);
        if length == 0 {
            return Err(self.error("a value"));
        }
        self.advance(length);
        Ok(&rest[..length])
    }

    fn expect(&mut self, token: char) -> Result<(), Error> {
        if self.take(token) { Ok(()) } else { Err(self.error(&format!("`{token}`"))) }
    }

    fn take(&mut self, token: char) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.advance(token.len_utf8());
        }
        found
    }

    fn advance(&mut self, length: usize) {
        self.at += length;
        self.skip_blanks();
    }

    /// Blanks, line ends and comments.
    fn skip_blanks(&mut self) {
        loop {
            self.at = self.text.len() - self.rest().trim_start().len();
            if !self.rest().starts_with('#') {
                return;
            }
            self.at += self.rest().find('\n').unwrap_or(self.rest().len());
        }
    }

    fn rest(&self) -> &'text str {
        &self.text[self.at..]
    }

    fn error(&self, expected: &str) -> Error {
        refusal(self.text, self.at, found(self.rest()), expected)
    }
}

/// Length of the number or the dotted name that `text` begins with.
fn word_length(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '.' | '-' | '+'))
        .unwrap_or(text.len())
}

/// What `text` begins with, in quotes for a message.
pub(super) fn found(text: &str) -> String {
    let Some(first) = text.chars().next() else { return "the end".to_owned() };
    let length = match first {
        '\'' | '"' => text[1..].find(first).map_or(text.len(), |length| length + 2),
        _ => word_length(text).max(first.len_utf8()),
    };
    format!("`{}`", text[..length].chars().take(40).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        read(text, 0).unwrap_err().to_string()
    }

    #[test]
    fn comments_line_ends_and_trailing_commas_are_let_pass() {
        let literal = read(" [ # one [\n1 ,\r\n 'a#', ]\n# end", 0).unwrap();
        let Kind::Sequence(items) = literal.kind else { panic!("{literal:?}") };
        assert!(matches!(items[0].kind, Kind::Word("1")));
        assert!(matches!(items[1].kind, Kind::Text("a#")));
        assert_eq!((literal.at, items.len()), (1, 2));
    }

    #[test]
    fn calls_keep_their_keywords_and_dicts_their_keys() {
        let literal = read("{'a': np.float32(1e-3), \"b\": f(2, c=None)}", 0).unwrap();
        let Kind::Fields("", fields) = literal.kind else { panic!("{literal:?}") };
        let keys: Vec<&str> = fields.iter().map(|field| field.key).collect();
        assert_eq!(keys, ["a", "b"]);
        assert!(matches!(fields[0].value.kind, Kind::Fields("np.float32", _)));
        let Kind::Fields("f", arguments) = &fields[1].value.kind else { panic!() };
        let keys: Vec<&str> = arguments.iter().map(|field| field.key).collect();
        assert_eq!(keys, ["", "c"]);
    }

    #[test]
    fn a_text_that_ends_early_or_late_is_refused_there() {
        assert!(error("[1, 2").contains("at character 6 found the end, expected `,` or `]`"));
        assert!(error("[1, 2] 3").contains("at character 8 found `3`, expected the end"));
        assert!(error("['a, 2]").contains("at character 2 found `'a, 2]`, expected a string with"));
        assert!(error("é = ;").contains("at character 3 found `=`, expected the end"));
        assert!(error("[1,, 2]").contains("at character 4 found `,`, expected a value"));
    }

    #[test]
    fn brackets_within_brackets_are_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(MAX_DEPTH), 0).is_ok());
        assert!(error(&nested(MAX_DEPTH + 1)).contains("at character 9"));
        assert!(error(&"[".repeat(1_000_000)).contains("fewer brackets"));
    }
}
