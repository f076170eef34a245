//! The section of costs: a table and bars, one-off parts too.

use super::part::Section;
use crate::chart::costs::{self, QUANTITIES, Total};
use crate::figure::{Figure, grid, legend, patch, remark};
use crate::markup::Element;
use crate::model::{Amounts, CostLedger};
use crate::number;
use crate::table::{Cell, Table, numbers, words};

pub(crate) fn section(ledger: &CostLedger) -> Section {
    let mut section = Section::new("cost", "Cost");
    if ledger.parts.is_empty() {
        section.push(remark("No part of the cost is recorded."));
    } else {
        let names = ledger.parts.iter().enumerate().map(|(at, part)| {
            let once = if part.one_off { ", once" } else { "" };
            (patch(costs::colour(at)), format!("{}{once}", part.name))
        });
        let bars = Figure::new("What was spent", legend(names))
            .note("The pale bar is what the same recipe takes on all data.")
            .with(costs::draw(ledger));
        let table = Figure::new("Part by part", table(ledger));
        section.push(grid([bars, table]));
    }
    let memory = ledger.peak_rss_bytes.map_or_else(|| "unknown".to_owned(), number::bytes);
    section.push(Element::new("p").text(format!("Most memory resident: {memory}.")));
    section
}

fn table(ledger: &CostLedger) -> Table {
    let names = QUANTITIES.iter().map(|quantity| numbers(quantity.name));
    let columns = std::iter::once(words("part")).chain(names).collect();
    let mut table = Table::new("Costs part by part", columns);
    for part in &ledger.parts {
        let name = if part.one_off { format!("{} (once)", part.name) } else { part.name.clone() };
        table.push(row(name, &part.amounts));
    }
    let totals = QUANTITIES
        .iter()
        .map(|quantity| Cell::words(Total::of(&ledger.parts, quantity).written(quantity.format)));
    table.push(std::iter::once(Cell::words("total")).chain(totals).collect());
    table.push(row("all data, same recipe".to_owned(), &ledger.full_data));
    table
}

fn row(name: String, amounts: &Amounts) -> Vec<Cell> {
    let cells =
        QUANTITIES.iter().map(|quantity| Cell::number((quantity.amount)(amounts), quantity.format));
    std::iter::once(Cell::words(name)).chain(cells).collect()
}
