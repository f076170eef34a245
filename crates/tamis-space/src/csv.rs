//! Tables of comma-separated values, line by line; columns are found by their names.

use crate::Error;

/// A line of a table, for messages.
#[derive(Clone, Copy)]
pub(crate) struct Place<'table> {
    pub(crate) table: &'table str,
    pub(crate) line: usize,
}

impl<'table> Place<'table> {
    /// The cells of a line, as many as the header has.
    pub(crate) fn cells(self, text: &str, width: usize) -> Result<Vec<String>, Error> {
        let cells = self.split(text)?;
        if cells.len() != width {
            let (table, line) = (self.table.to_owned(), self.line);
            return Err(Error::TableWidth { table, line, found: cells.len(), expected: width });
        }
        Ok(cells)
    }

    /// The cells of a line; commas inside quotes belong to the cell, `""` is a quote.
    fn split(self, text: &str) -> Result<Vec<String>, Error> {
        let mut cells = vec![String::new()];
        let mut quoted = false;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let cell = cells.len() - 1;
            match character {
                '"' if quoted && characters.next_if_eq(&'"').is_some() => cells[cell].push('"'),
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(String::new()),
                other => cells[cell].push(other),
            }
        }
        if quoted {
            return Err(Error::TableQuote { table: self.table.to_owned(), line: self.line });
        }
        Ok(cells)
    }

    /// A number from 0 to `most` in a cell; `None` of an empty one.
    pub(crate) fn number(
        self,
        cell: &str,
        column: &'static str,
        (most, expected): (f64, &'static str),
    ) -> Result<Option<f64>, Error> {
        let cell = cell.trim();
        match cell.parse::<f64>() {
            _ if cell.is_empty() => Ok(None),
            Ok(number) if (0.0..=most).contains(&number) => Ok(Some(number)),
            _ => Err(self.wrong(cell, column, expected)),
        }
    }

    /// The error of a cell that holds something else.
    pub(crate) fn wrong(self, cell: &str, column: &'static str, expected: &'static str) -> Error {
        let (table, line) = (self.table.to_owned(), self.line);
        Error::TableCell {
            table,
            line,
            column,
            found: cell.trim().chars().take(40).collect(),
            expected,
        }
    }

    /// The error of an architecture that stands in a line before.
    pub(crate) fn twice(self, genotype: String) -> Error {
        Error::TableTwice { table: self.table.to_owned(), line: self.line, genotype }
    }
}

/// The cells of the header, and the place and text of every line after it that is not empty.
pub(crate) fn lines<'a>(
    text: &'a str,
    table: &'a str,
) -> Result<(Vec<String>, impl Iterator<Item = (Place<'a>, &'a str)>), Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let mut lines = lines.map(move |(line, text)| (Place { table, line }, text));
    let (place, header) =
        lines.next().ok_or_else(|| Error::TableEmpty { table: table.to_owned() })?;
    Ok((place.split(header)?, lines))
}

/// The places of these columns in a header.
pub(crate) fn find_columns<const N: usize>(
    header: &[String],
    columns: [&'static str; N],
    table: &str,
) -> Result<[usize; N], Error> {
    let mut found = [0; N];
    for (place, column) in found.iter_mut().zip(columns) {
        *place = header.iter().position(|name| name.trim() == column).ok_or_else(|| {
            let expected = columns.map(|column| format!("`{column}`")).join(", ");
            Error::TableColumn { table: table.to_owned(), column, expected }
        })?;
    }
    Ok(found)
}
