//! The table as aligned text: statistics only, without the columns that have nothing in any row.

use tamis::compare::Comparison;

use super::figures::{NONE, Table, heading, summaries};

/// All blocks.
pub(super) fn text(comparison: &Comparison) -> String {
    let blocks: Vec<String> = comparison
        .blocks
        .iter()
        .map(|block| format!("{}\n\n{}", heading(block), aligned(&summaries(block))))
        .collect();
    blocks.join("\n")
}

fn aligned(table: &Table) -> String {
    let lines = || std::iter::once(&table.header).chain(&table.rows);
    let shown = |column: &usize| table.rows.iter().any(|cells| cells[*column] != NONE);
    let width = |column: usize| {
        lines().map(|cells| cells[column].chars().count()).max().unwrap_or_default()
    };
    let columns: Vec<(usize, usize)> =
        (0..table.header.len()).filter(shown).map(|column| (column, width(column))).collect();
    let line = |cells: &Vec<String>| {
        let cells = columns.iter().map(|&(column, width)| format!("{:<width$}", cells[column]));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_empty_ones_are_left_out() {
        let cells = |texts: [&str; 4]| texts.map(str::to_owned).to_vec();
        let rows = vec![cells(["12 ± 3", "-", "-", "5"]), cells(["1", "4", "-", "5"])];
        let table = Table { header: cells(["a", "b", "c", "d"]), rows };
        assert_eq!(aligned(&table), "a       b  d\n12 ± 3  -  5\n1       4  5\n");
    }
}
