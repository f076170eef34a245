//! The section that sets arms side by side.

use super::part::Section;
use crate::chart::{forest, marker, pareto, strip};
use crate::figure::{Figure, details, grid, legend, remark};
use crate::markup::{Element, Markup};
use crate::model::{Arm, Comparison, Difference, Estimate};
use crate::number;
use crate::table::{Cell, Table, numbers, words};

pub(crate) fn section(comparison: &Comparison) -> Section {
    let mut section = Section::new("comparison", "Comparison");
    let mut figures = Vec::new();
    section.show("arms", &comparison.arms, |arms| {
        if arms.is_empty() {
            return remark("There is no arm to show.");
        }
        figures.push(strips(comparison, arms));
        grid([costs(comparison, arms)])
    });
    section.show("differences", &comparison.differences, |differences| {
        figures.push(forests(comparison, differences));
        Markup::default()
    });
    section.push(grid(figures));
    if let Some(arms) = comparison.arms.given().filter(|arms| !arms.is_empty()) {
        section.push(details("Arms as a table", arm_table(comparison, arms)));
        section.push(details("Every seed as a table", seed_table(comparison, arms)));
    }
    section
}

fn costs(comparison: &Comparison, arms: &[Arm]) -> Figure {
    let (accuracy, cost) = (&comparison.accuracy_name, &comparison.cost_name);
    let title = format!("{accuracy}, %, against {cost}");
    let placed = pareto::placed(arms).len();
    if placed == 0 {
        return Figure::new(
            title,
            remark("Not drawn: no arm has both a mean accuracy and a mean cost."),
        )
        .wide();
    }
    let groups = marker::groups(arms);
    let names =
        groups.iter().enumerate().map(|(at, group)| (marker::legend(at), (*group).to_owned()));
    // One drawing for phones and one for wider windows; the page shows one of the two.
    let draw = |size| pareto::draw(accuracy, cost, arms, size);
    let narrow = Element::new("div").attr("class", "narrow").with(draw((340.0, 320.0)));
    let broad = Element::new("div").attr("class", "broad").with(draw((760.0, 400.0)));
    let left_out = match arms.len() - placed {
        0 => String::new(),
        n => format!(
            " Without a place for want of a mean accuracy or cost: {n} of {} arms.",
            arms.len()
        ),
    };
    let note = format!(
        "Large marks are means with the {}, small ones seeds; arms of equal cost stand beside each \
         other. Along the dashed line no arm is beaten in both. Names that found no room are told by \
         their marks and in the table.{left_out}",
        comparison.interval_name
    );
    Figure::new(title, legend(names)).note(note).with(narrow).with(broad).wide()
}

fn strips(comparison: &Comparison, arms: &[Arm]) -> Figure {
    let title = format!("{}, every seed", comparison.accuracy_name);
    let note =
        format!("Each dot is a seed, the bar the mean, the line the {}.", comparison.interval_name);
    Figure::new(title, strip::draw(&comparison.accuracy_name, arms)).note(note)
}

fn forests(comparison: &Comparison, differences: &[Difference]) -> Figure {
    let title = "Differences, seed by seed";
    if differences.is_empty() {
        return Figure::new(title, remark("There is no pair of arms to compare."));
    }
    let note = format!(
        "Mean difference in percentage points with the {}; hollow where that holds zero or is \
         unknown. n is the number of seeds that both arms have.",
        comparison.interval_name
    );
    let table = details("Differences as a table", difference_table(differences));
    Figure::new(title, forest::draw(title, differences)).note(note).with(table)
}

fn difference_table(differences: &[Difference]) -> Table {
    let columns = vec![
        words("difference"),
        numbers("mean"),
        numbers("from"),
        numbers("to"),
        numbers("seeds"),
    ];
    let mut table = Table::new("Differences in percentage points", columns);
    let points = |share: Option<f64>| Cell::number(share.map(|share| share * 100.0), two_decimals);
    for difference in differences {
        let Estimate { mean, interval } = difference.estimate;
        table.push(vec![
            Cell::words(&difference.name),
            points(Some(mean)),
            points(interval.map(|(low, _)| low)),
            points(interval.map(|(_, high)| high)),
            Cell::count(difference.pairs as u64),
        ]);
    }
    table
}

fn arm_table(comparison: &Comparison, arms: &[Arm]) -> Table {
    let columns = vec![
        words("arm"),
        words("group"),
        numbers("seeds"),
        numbers("mean, %"),
        numbers("from, %"),
        numbers("to, %"),
        numbers(&comparison.cost_name),
    ];
    let mut table = Table::new(format!("{} by arm", comparison.accuracy_name), columns);
    let share = |share: Option<f64>| Cell::number(share.map(|share| share * 100.0), two_decimals);
    for arm in arms {
        let interval = arm.accuracy.and_then(|found| found.interval);
        table.push(vec![
            Cell::words(&arm.name),
            Cell::words(&arm.group),
            Cell::count(arm.seeds.len() as u64),
            share(arm.accuracy.map(|found| found.mean)),
            share(interval.map(|(low, _)| low)),
            share(interval.map(|(_, high)| high)),
            Cell::number(arm.cost, number::short),
        ]);
    }
    table
}

fn seed_table(comparison: &Comparison, arms: &[Arm]) -> Table {
    let columns =
        vec![words("arm"), numbers("seed"), numbers("accuracy, %"), numbers(&comparison.cost_name)];
    let mut table = Table::new(format!("{} by seed", comparison.accuracy_name), columns);
    for arm in arms {
        for seed in &arm.seeds {
            table.push(vec![
                Cell::words(&arm.name),
                Cell::words(seed.seed.to_string()),
                Cell::number(seed.accuracy.map(|share| share * 100.0), two_decimals),
                Cell::number(seed.cost, number::short),
            ]);
        }
    }
    table
}

fn two_decimals(value: f64) -> String {
    number::fixed(value, 2)
}
