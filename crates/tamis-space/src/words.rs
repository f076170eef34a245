//! Texts of words with spaces between them, read word by word.

use crate::Error;

/// How the texts of a space are written.
pub(crate) struct Form {
    /// The space.
    pub(crate) space: &'static str,
    /// A text of it.
    pub(crate) example: &'static str,
}

/// A word of a text.
pub(crate) struct Word<'a> {
    pub(crate) text: &'a str,
    /// Its first character in the text, from 1.
    pub(crate) position: usize,
}

/// The words of a text.
pub(crate) fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    text.split_whitespace().map(move |word| {
        let before = word.as_ptr().addr() - text.as_ptr().addr();
        Word { text: word, position: text[..before].chars().count() + 1 }
    })
}

impl Form {
    /// The error of a word that is not what was expected.
    pub(crate) fn refuse(&self, word: &Word<'_>, expected: &str) -> Error {
        self.error(word.position, format!("`{}`", word.text), expected)
    }

    /// The error of a text that ends where something was expected.
    pub(crate) fn refuse_end(&self, text: &str, expected: &str) -> Error {
        self.error(text.chars().count() + 1, "the end".to_owned(), expected)
    }

    /// The error of what stands at a character.
    pub(crate) fn error(&self, position: usize, found: String, expected: &str) -> Error {
        let Form { space, example: form } = *self;
        Error::Genotype { space, position, found, expected: expected.to_owned(), form }
    }
}
