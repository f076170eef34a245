//! A column of numbers, and how it grows while a file of text is read.

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
    /// Something else, of which the first is kept for whoever asks for numbers.
    Other {
        /// Rows there are.
        rows: usize,
        /// The first row that holds no number.
        row: usize,
        /// What it holds.
        found: String,
    },
}

impl Values {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Values::Whole(values) => values.len(),
            Values::Real(values) => values.len(),
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
            Values::Other { found, .. } => found.clone(),
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

    /// A column without rows, to be filled by [`Column::push_text`].
    pub(super) fn empty(name: &str) -> Column {
        Column { name: name.to_owned(), values: Values::Whole(Vec::new()) }
    }

    /// Adds a row. The column becomes one of real numbers, or of no numbers, where it must.
    pub(super) fn push_text(&mut self, text: &str) {
        match &mut self.values {
            Values::Whole(values) => match text.parse::<i64>() {
                Ok(value) => values.push(value),
                Err(_) => {
                    let reals = values.iter().map(|&value| value as f64).collect();
                    self.values = Values::Real(reals);
                    self.push_text(text);
                }
            },
            Values::Real(values) => match text.parse::<f64>() {
                Ok(value) => values.push(value),
                Err(_) => {
                    let row = values.len();
                    let found = format!("`{}`", text.chars().take(40).collect::<String>());
                    self.values = Values::Other { rows: row + 1, row, found };
                }
            },
            Values::Other { rows, .. } => *rows += 1,
        }
    }
}
