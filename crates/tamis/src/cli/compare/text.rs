//! The table as aligned text: statistics only.

use tamis::compare::Comparison;

use super::figures::{Table, heading, summaries};

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
    let width = |column: usize| {
        lines().map(|cells| cells[column].chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..table.header.len()).map(width).collect();
    let line = |cells: &Vec<String>| {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let cells = |texts: [&str; 3]| texts.map(str::to_owned).to_vec();
        let table =
            Table { header: cells(["a", "b", "c"]), rows: vec![cells(["12 ± 3", "4", "5"])] };
        assert_eq!(aligned(&table), "a       b  c\n12 ± 3  4  5\n");
    }
}
