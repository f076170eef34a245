//! The table as aligned text: statistics only, without the columns that have nothing in any row, and,
//! unless all are asked for, without those that people need least, until it fits.

use tamis::compare::{Block, Comparison};

use super::figures::{
    Detail, NONE, Table, VS_FULL_STEPS, VS_RANDOM_LIKE, heading, note, summaries,
};

/// Widest table where not all columns are asked for.
const WIDTH: usize = 120;

/// Between two columns.
const GAP: usize = 2;

/// The columns that stay while there is room, what is needed most first. All others (host, policy,
/// number of runs, the accuracy that counts) stay whatever their width.
const IF_THERE_IS_ROOM: [&str; 16] = [
    "samples",
    VS_RANDOM_LIKE,
    VS_FULL_STEPS,
    "multiply-adds",
    "seconds",
    "speed-up seconds",
    "decisive",
    "median",
    "cifar10_valid_12",
    "one-off samples",
    ALPHA_RATE,
    "initial",
    "collapsed",
    "cut off",
    "speed-up samples",
    "memory",
];

/// Tells arms apart, and then stays, or is the same for all.
const ALPHA_RATE: &str = "alpha rate";

/// What the differences of a narrow table are, which has no room for words.
const DIFFERENCES: &str = "vs: difference to as many random images, or to all images in as many steps, \
seed by seed, with the 95 % interval of its mean (seeds in which it is better)";

/// All blocks.
pub(super) fn text(comparison: &Comparison, wide: bool) -> String {
    let blocks = comparison.blocks.iter().map(|block| block_text(block, wide));
    blocks.collect::<Vec<_>>().join("\n")
}

fn block_text(block: &Block, wide: bool) -> String {
    let above = note(block).map(|note| note + "\n").unwrap_or_default();
    let detail = if wide { Detail::Full } else { Detail::Brief };
    let mut table = summaries(block, detail);
    drop_empty(&mut table);
    let below = if wide { String::new() } else { footnotes(&narrow(&mut table), &table) };
    format!("{}\n{above}\n{}{below}", heading(block), aligned(&table))
}

/// What stands below a narrow table.
fn footnotes(left_out: &[&str], table: &Table) -> String {
    let mut lines = String::new();
    if table.header.iter().any(|name| [VS_RANDOM_LIKE, VS_FULL_STEPS].contains(&name.as_str())) {
        lines += &format!("\n{DIFFERENCES}\n");
    }
    if !left_out.is_empty() {
        lines += &format!("\nwith --wide also: {}\n", left_out.join(", "));
    }
    lines
}

/// Without the columns that have nothing in any row.
fn drop_empty(table: &mut Table) {
    for column in (0..table.header.len()).rev() {
        if table.rows.iter().all(|cells| cells[column] == NONE) {
            drop_column(table, column);
        }
    }
}

/// Drops the columns for which there is no room; their names.
fn narrow(table: &mut Table) -> Vec<&'static str> {
    let mut optional = IF_THERE_IS_ROOM.to_vec();
    optional.retain(|name| *name != ALPHA_RATE || same_in_all_rows(table, ALPHA_RATE));
    let columns = || table.header.iter().zip(widths(table));
    let kept = columns().filter(|(name, _)| !optional.contains(&name.as_str()));
    let mut width = kept.map(|(_, width)| width + GAP).sum::<usize>().saturating_sub(GAP);
    let mut left_out = Vec::new();
    for name in optional {
        let Some((_, own)) = columns().find(|(header, _)| *header == name) else { continue };
        if width + GAP + own <= WIDTH {
            width += GAP + own;
        } else {
            left_out.push(name);
        }
    }
    for name in &left_out {
        if let Some(column) = table.header.iter().position(|header| header == name) {
            drop_column(table, column);
        }
    }
    left_out
}

/// Whether a column has one value, apart from rows that it says nothing of.
fn same_in_all_rows(table: &Table, name: &str) -> bool {
    let Some(column) = table.header.iter().position(|header| header == name) else { return false };
    let mut values = table.rows.iter().map(|cells| &cells[column]).filter(|cell| *cell != NONE);
    let first = values.next();
    values.all(|value| Some(value) == first)
}

fn drop_column(table: &mut Table, column: usize) {
    for cells in std::iter::once(&mut table.header).chain(&mut table.rows) {
        cells.remove(column);
    }
}

fn widths(table: &Table) -> Vec<usize> {
    let widths = (0..table.header.len()).map(|column| {
        let lines = std::iter::once(&table.header).chain(&table.rows);
        lines.map(|cells| cells[column].chars().count()).max().unwrap_or_default()
    });
    widths.collect()
}

fn aligned(table: &Table) -> String {
    let widths = widths(table);
    let lines = std::iter::once(&table.header).chain(&table.rows).map(|cells| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("{}\n", padded.collect::<Vec<_>>().join(&" ".repeat(GAP)).trim_end())
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(lines: &[&[&str]]) -> Table {
        let mut cells = lines.iter().map(|line| line.iter().map(|cell| cell.to_string()).collect());
        Table { header: cells.next().unwrap(), rows: cells.collect() }
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_empty_ones_are_left_out() {
        let mut table =
            table(&[&["a", "b", "c", "d"], &["12 ± 3", "-", "-", "5"], &["1", "4", "-", "5"]]);
        drop_empty(&mut table);
        assert_eq!(aligned(&table), "a       b  d\n12 ± 3  -  5\n1       4  5\n");
    }

    #[test]
    fn what_is_needed_most_stays_while_there_is_room_and_policies_always_do() {
        let narrowed = |policy: usize| {
            let policy = "p".repeat(policy);
            let mut table =
                table(&[&["policy", "memory", "samples", "median"], &[&policy, "1", "2", "3"]]);
            let left_out = narrow(&mut table);
            (left_out, table.rows.remove(0).split_off(1).join(" "))
        };
        let all = WIDTH - "memorysamplesmedian".len() - 3 * GAP;
        assert_eq!(narrowed(all), (vec![], "1 2 3".to_owned()), "exactly {WIDTH} wide");
        assert_eq!(narrowed(all + 1), (vec!["memory"], "2 3".to_owned()));
        let one = WIDTH - "samples".len() - GAP;
        assert_eq!(narrowed(one), (vec!["median", "memory"], "2".to_owned()));
        assert_eq!(
            narrowed(one + 1),
            (vec!["samples", "memory"], "3".to_owned()),
            "what fits stays"
        );
        assert_eq!(narrowed(2 * WIDTH), (vec!["samples", "median", "memory"], String::new()));
    }

    #[test]
    fn the_alpha_rate_goes_only_where_it_tells_no_arms_apart() {
        let policy = "p".repeat(WIDTH);
        let rows = |second| {
            table(&[&["policy", ALPHA_RATE], &[&policy, "none"], &["q", second], &["r", NONE]])
        };
        assert_eq!(narrow(&mut rows("none")), [ALPHA_RATE]);
        assert!(
            narrow(&mut rows("steps")).is_empty(),
            "what tells rows apart stays, too wide or not"
        );
    }
}
