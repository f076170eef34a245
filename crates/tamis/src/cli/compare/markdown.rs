//! The tables as Markdown: statistics, then every value.

use tamis::compare::Comparison;

use super::figures::{Detail, Table, heading, note, summaries, values};

/// What the columns mean.
const LEGEND: &str = "\
Accuracies in percent, mean ± standard deviation (n - 1) over the seeds; costs are means a run. `vs \
random-like` is the difference to as many random samples, `vs full-steps` that to all data in as \
many steps, seed by seed, with its 95 % t interval. `samples` and `multiply-adds` are shares of what \
all data takes, multiply-adds with what was spent before the search. Speed-ups are all data over \
this arm, without what was spent before. `decisive`, `initial`, `collapsed`, `cut off`: share of \
runs with every edge decided, that end at the argmax of their initial alphas, that skip or none took \
over, that no path leads through. `?` is unknown, `-` is none.";

/// All blocks.
pub(super) fn markdown(comparison: &Comparison) -> String {
    let mut text = String::new();
    for block in &comparison.blocks {
        text += &format!("## {}\n\n", heading(block));
        text += &note(block).map(|note| note + "\n\n").unwrap_or_default();
        text += &format!("{}\n{LEGEND}\n\n", table(&summaries(block, Detail::Full)));
        text += &format!("### Every value\n\n{}\n", table(&values(block)));
    }
    text
}

fn table(table: &Table) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| escaped(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rule = format!("|{}\n", " --- |".repeat(table.header.len()));
    let rows: String = table.rows.iter().map(|row| line(row)).collect();
    format!("{}{rule}{rows}", line(&table.header))
}

/// Text in a cell; architectures are full of bars.
fn escaped(cell: &str) -> String {
    if cell.contains('|') { format!("`{}`", cell.replace('|', "\\|")) } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_in_a_cell_end_no_cell() {
        let cells = |text: &str| vec![text.to_owned(), "x".to_owned()];
        let text = table(&Table { header: cells("a"), rows: vec![cells("|none~0|")] });
        assert_eq!(text, "| a | x |\n| --- | --- |\n| `\\|none~0\\|` | x |\n");
    }
}
