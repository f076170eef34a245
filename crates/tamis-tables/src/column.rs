//! A column of a table, and how it grows while a file of text is read.

use std::collections::BTreeMap;

use super::LABEL_NAMES;

/// A named column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name, such as `sample_id`.
    pub name: String,
    /// Its values, by row.
    pub values: Values,
}

/// The values of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Whole numbers.
    Whole(Vec<i64>),
    /// Real numbers.
    Real(Vec<f64>),
    /// Words, such as the names of classes. Of what is read, columns of labels alone keep them.
    Words(Words),
    /// Something else, of which the first is kept for whoever asks for numbers.
    Other {
        /// Rows there are.
        rows: usize,
        /// The first row that holds no number; `None` where the whole column is something else.
        row: Option<usize>,
        /// What it holds.
        found: String,
    },
}

/// Words by row, each kept once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Words {
    names: Vec<String>,
    codes: Vec<u32>,
}

impl Words {
    /// The words that there are, each once.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Which of [`Words::names`] each row holds.
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// Adds the rows of others behind these.
    pub(super) fn extend(&mut self, more: &Words) {
        let words = std::mem::take(self);
        let places = words.names.iter().cloned().zip(0..).collect();
        let mut growing = GrowingWords { words, places };
        (0..more.codes.len()).for_each(|row| growing.push(more.at(row)));
        *self = growing.finish();
    }

    fn at(&self, row: usize) -> &str {
        &self.names[self.codes[row] as usize]
    }
}

/// Words that are added one by one.
#[derive(Debug, Default)]
pub(super) struct GrowingWords {
    words: Words,
    places: BTreeMap<String, u32>,
}

impl GrowingWords {
    pub(super) fn push(&mut self, word: &str) {
        let code = match self.places.get(word) {
            Some(&code) => code,
            None => {
                let code = self.words.names.len() as u32;
                self.words.names.push(word.to_owned());
                self.places.insert(word.to_owned(), code);
                code
            }
        };
        self.words.codes.push(code);
    }

    pub(super) fn finish(self) -> Words {
        self.words
    }
}

impl Values {
    /// Unsigned numbers as whole ones, or as real ones where one is beyond them.
    pub(super) fn of_unsigned(values: Vec<u64>) -> Values {
        let whole = values.iter().map(|&value| i64::try_from(value)).collect::<Result<_, _>>();
        match whole {
            Ok(whole) => Values::Whole(whole),
            Err(_) => Values::Real(values.into_iter().map(|value| value as f64).collect()),
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Values::Whole(values) => values.len(),
            Values::Real(values) => values.len(),
            Values::Words(words) => words.codes.len(),
            Values::Other { rows, .. } => *rows,
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A value as text that reads back as the same bits: a real number always has a point or an
    /// exponent, so that it is not taken for a whole one.
    pub(super) fn text(&self, row: usize) -> String {
        match self {
            Values::Whole(values) => values[row].to_string(),
            Values::Real(values) => format!("{:?}", values[row]),
            Values::Words(words) => words.at(row).to_owned(),
            Values::Other { found, .. } => found.clone(),
        }
    }

    /// The value of one row as a column's only value.
    fn single(&self, row: usize) -> Option<f64> {
        match self {
            Values::Whole(values) => Some(values[row] as f64),
            Values::Real(values) => Some(values[row]),
            Values::Words(_) | Values::Other { .. } => None,
        }
    }
}

/// The values of one row of several columns, in the order of the columns: whole numbers if all are.
pub(super) fn turned(columns: &[Column], row: usize) -> Option<Values> {
    let whole = columns.iter().map(|column| match &column.values {
        Values::Whole(values) => Some(values[row]),
        _ => None,
    });
    match whole.collect::<Option<Vec<i64>>>() {
        Some(values) => Some(Values::Whole(values)),
        None => {
            let values = columns.iter().map(|column| column.values.single(row));
            values.collect::<Option<Vec<f64>>>().map(Values::Real)
        }
    }
}

impl Column {
    /// A column of whole numbers.
    pub fn whole(name: &str, values: impl IntoIterator<Item = u32>) -> Column {
        let values = values.into_iter().map(i64::from).collect();
        Column { name: name.to_owned(), values: Values::Whole(values) }
    }

    /// A column of real numbers.
    pub fn real(name: &str, values: Vec<f64>) -> Column {
        Column { name: name.to_owned(), values: Values::Real(values) }
    }

    /// A column of words.
    pub fn words<'a>(name: &str, values: impl IntoIterator<Item = &'a str>) -> Column {
        let mut words = GrowingWords::default();
        values.into_iter().for_each(|word| words.push(word));
        Column { name: name.to_owned(), values: Values::Words(words.finish()) }
    }
}

/// A column that grows by a field of text a row.
#[derive(Debug)]
pub(super) struct GrowingColumn {
    name: String,
    growing: Growing,
}

#[derive(Debug)]
enum Growing {
    Whole(Vec<i64>),
    Real(Vec<f64>),
    /// Rows there are, the first that is no number, and what it is.
    Other(usize, usize, String),
    /// Labels, of which only the end tells whether they are numbers or names.
    Labels(GrowingWords),
}

impl GrowingColumn {
    /// A column without rows.
    pub(super) fn new(name: &str) -> GrowingColumn {
        let growing = match LABEL_NAMES.contains(&name) {
            true => Growing::Labels(GrowingWords::default()),
            false => Growing::Whole(Vec::new()),
        };
        GrowingColumn { name: name.to_owned(), growing }
    }

    /// Adds a row. The column becomes one of real numbers, or of no numbers, where it must.
    pub(super) fn push(&mut self, text: &str) {
        match &mut self.growing {
            Growing::Whole(values) => match text.parse::<i64>() {
                Ok(value) => values.push(value),
                Err(_) => {
                    let reals = values.iter().map(|&value| value as f64).collect();
                    self.growing = Growing::Real(reals);
                    self.push(text);
                }
            },
            Growing::Real(values) => match text.parse::<f64>() {
                Ok(value) => values.push(value),
                Err(_) => {
                    let row = values.len();
                    let found = format!("`{}`", text.chars().take(40).collect::<String>());
                    self.growing = Growing::Other(row + 1, row, found);
                }
            },
            Growing::Other(rows, ..) => *rows += 1,
            Growing::Labels(words) => words.push(text),
        }
    }

    pub(super) fn finish(self) -> Column {
        let values = match self.growing {
            Growing::Whole(values) => Values::Whole(values),
            Growing::Real(values) => Values::Real(values),
            Growing::Other(rows, row, found) => Values::Other { rows, row: Some(row), found },
            Growing::Labels(words) => labels(words.finish()),
        };
        Column { name: self.name, values }
    }
}

/// Labels as the numbers that they are; as words if one of them is no number.
fn labels(words: Words) -> Values {
    fn parsed<T: std::str::FromStr + Copy>(words: &Words) -> Option<Vec<T>> {
        let numbers: Vec<T> =
            words.names.iter().map(|name| name.parse().ok()).collect::<Option<_>>()?;
        Some(words.codes.iter().map(|&code| numbers[code as usize]).collect())
    }
    if let Some(whole) = parsed(&words) {
        return Values::Whole(whole);
    }
    match parsed(&words) {
        Some(reals) => Values::Real(reals),
        None => Values::Words(words),
    }
}
