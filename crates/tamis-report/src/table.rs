//! Tables of a page: numbers to the right, every column sortable where scripts run.

use crate::markup::{Element, Markup};

/// A table that is being filled.
pub(crate) struct Table {
    caption: String,
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

/// A column's name and whether it holds numbers.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    name: String,
    numeric: bool,
}

/// A column of words.
pub(crate) fn words(name: impl Into<String>) -> Column {
    Column { name: name.into(), numeric: false }
}

/// A column of numbers.
pub(crate) fn numbers(name: impl Into<String>) -> Column {
    Column { name: name.into(), numeric: true }
}

/// What stands in a cell.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    shown: String,
    number: Option<f64>,
    unknown: bool,
}

impl Cell {
    /// Words.
    pub(crate) fn words(words: impl Into<String>) -> Cell {
        Cell { shown: words.into(), number: None, unknown: false }
    }

    /// A number as `format` writes it; `None` is unknown.
    pub(crate) fn number(number: Option<f64>, format: impl Fn(f64) -> String) -> Cell {
        match number {
            Some(number) => Cell { shown: format(number), number: Some(number), unknown: false },
            None => Cell { shown: "unknown".to_owned(), number: None, unknown: true },
        }
    }

    /// A whole number.
    pub(crate) fn count(count: u64) -> Cell {
        let shown = crate::number::count(count);
        Cell { shown, number: Some(count as f64), unknown: false }
    }
}

impl Table {
    /// An empty table; the caption says what is in it to those who do not see it.
    pub(crate) fn new(caption: impl Into<String>, columns: Vec<Column>) -> Table {
        Table { caption: caption.into(), columns, rows: Vec::new() }
    }

    /// With a row more.
    pub(crate) fn push(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }
}

impl From<Table> for Markup {
    fn from(table: Table) -> Markup {
        let Table { caption, columns, rows } = table;
        let heads = columns.iter().map(|column| {
            let head = Element::new("th").attr("scope", "col");
            let head = if column.numeric { head.attr("class", "number") } else { head };
            head.text(&column.name)
        });
        let head = Element::new("thead").with(Element::new("tr").with_all(heads));
        let rows = rows.iter().map(|row| {
            let cells = row.iter().zip(&columns).enumerate();
            Element::new("tr").with_all(cells.map(|(at, (cell, column))| drawn(at, cell, column)))
        });
        let body = Element::new("tbody").with_all(rows);
        let table = Element::new("table")
            .attr("class", "sortable")
            .with(Element::new("caption").text(&caption))
            .with(head)
            .with(body);
        scrolling(&caption, table)
    }
}

fn drawn(at: usize, cell: &Cell, column: &Column) -> Element {
    let element =
        if at == 0 { Element::new("th").attr("scope", "row") } else { Element::new("td") };
    let class = match (column.numeric, cell.unknown) {
        (_, true) => "number unknown",
        (true, false) => "number",
        (false, false) => "words",
    };
    let element = element.attr("class", class);
    let element = match cell.number {
        Some(number) if number.is_finite() => element.attr("data-value", number),
        _ => element,
    };
    element.text(&cell.shown)
}

/// What may be wider than a phone, in a box that scrolls by itself.
pub(crate) fn scrolling(name: &str, inside: impl Into<Markup>) -> Markup {
    let scroll = Element::new("div").attr("class", "scroll").attr("tabindex", "0");
    scroll.attr("role", "region").attr("aria-label", name).with(inside).into()
}
