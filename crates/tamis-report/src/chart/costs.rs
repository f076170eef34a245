//! What was spent, a bar for each quantity, against what all data would take.

use super::plot::WIDTH;
use crate::model::{Amounts, CostLedger, CostPart};
use crate::number;
use crate::svg::{self, Anchor, Svg};
use crate::theme::Colour;

const ROW: f64 = 60.0;
const LEFT: f64 = 2.0;
const RIGHT: f64 = WIDTH - 2.0;

/// Width of what stands for an unknown amount.
const UNKNOWN: f64 = 24.0;

/// A quantity that is counted.
pub(crate) struct Quantity {
    pub(crate) name: &'static str,
    pub(crate) amount: fn(&Amounts) -> Option<f64>,
    pub(crate) format: fn(f64) -> String,
}

/// The three quantities.
pub(crate) const QUANTITIES: [Quantity; 3] = [
    Quantity {
        name: "samples passed",
        amount: |amounts| amounts.samples.map(|samples| samples as f64),
        format: number::short,
    },
    Quantity {
        name: "multiply-adds",
        amount: |amounts| amounts.macs.map(|macs| macs as f64),
        format: number::short,
    },
    Quantity {
        name: "time",
        amount: |amounts| amounts.wall_s.filter(|wall_s| wall_s.is_finite()),
        format: number::duration,
    },
];

/// A sum of amounts of which some may be unknown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Total {
    /// The sum of what is known.
    pub(crate) known: f64,
    /// Whether that is all.
    pub(crate) complete: bool,
}

impl Total {
    /// Of a quantity over all parts.
    pub(crate) fn of(parts: &[CostPart], quantity: &Quantity) -> Total {
        let amounts: Vec<Option<f64>> =
            parts.iter().map(|part| (quantity.amount)(&part.amounts)).collect();
        let known = amounts.iter().flatten().sum();
        Total { known, complete: !amounts.is_empty() && amounts.iter().all(Option::is_some) }
    }

    /// `1.25 M`, `at least 1.25 M`, or `unknown`.
    pub(crate) fn written(&self, format: fn(f64) -> String) -> String {
        match self {
            Total { complete: true, known } => format(*known),
            Total { known, .. } if *known > 0.0 => format!("at least {}", format(*known)),
            Total { .. } => "unknown".to_owned(),
        }
    }
}

/// The colour of a part.
pub(crate) fn colour(part: usize) -> Colour {
    Colour::Series(part % 7)
}

/// Draws a bar for each quantity.
pub(crate) fn draw(ledger: &CostLedger) -> Svg {
    let written = QUANTITIES.map(|quantity| {
        let total = Total::of(&ledger.parts, &quantity).written(quantity.format);
        format!("{} {total}", quantity.name)
    });
    let height = ROW * QUANTITIES.len() as f64;
    let mut svg = Svg::new(WIDTH, height, &format!("What was spent: {}", written.join(", ")));
    for (row, quantity) in QUANTITIES.iter().enumerate() {
        draw_quantity(&mut svg, ledger, quantity, ROW * row as f64);
    }
    svg
}

fn draw_quantity(svg: &mut Svg, ledger: &CostLedger, quantity: &Quantity, top: f64) {
    let total = Total::of(&ledger.parts, quantity);
    let full = (quantity.amount)(&ledger.full_data);
    let largest = total.known.max(full.unwrap_or(0.0));
    let room = if total.complete { RIGHT - LEFT } else { RIGHT - LEFT - UNKNOWN };
    let width = |amount: f64| if largest > 0.0 { room * amount / largest } else { 0.0 };
    let name = svg::text(LEFT, top + 12.0, Anchor::Start, quantity.name).attr("font-weight", "600");
    svg.add(name);
    svg.add(svg::text(RIGHT, top + 12.0, Anchor::End, &words(&total, full, quantity)));
    svg.add(svg::rect((LEFT, top + 20.0), (width(largest), 16.0), Colour::Grid));
    let mut left = LEFT;
    for (at, part) in ledger.parts.iter().enumerate() {
        let Some(amount) = (quantity.amount)(&part.amounts) else { continue };
        let bar = svg::rect((left, top + 20.0), (width(amount), 16.0), colour(at));
        let told = format!("{}: {}", part.name, (quantity.format)(amount));
        svg.add(svg::tip(bar, &told));
        left += width(amount);
    }
    if !total.complete {
        let frame = svg::rect((left + 2.0, top + 20.5), (UNKNOWN - 4.0, 15.0), Colour::Paper);
        let frame = frame.attr("stroke", Colour::Muted).attr("stroke-dasharray", "3 2");
        svg.add(svg::tip(frame, "an unknown amount more"));
        svg.add(svg::text(left + UNKNOWN / 2.0, top + 32.0, Anchor::Middle, "?"));
    }
}

/// The total, and what part of all data's it is.
fn words(total: &Total, full: Option<f64>, quantity: &Quantity) -> String {
    let written = total.written(quantity.format);
    match full {
        Some(full) if full > 0.0 && total.complete => {
            format!("{written}, {} of all data’s", number::percent(total.known / full, 1))
        }
        Some(full) => format!("{written}; all data {}", (quantity.format)(full)),
        None => format!("{written}; all data unknown"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_of_one_part_is_unknown_of_the_whole() {
        let part = |macs| CostPart {
            amounts: Amounts { macs, ..Amounts::default() },
            ..CostPart::default()
        };
        let [_, macs, time] = &QUANTITIES;
        let written = |parts: &[CostPart], quantity: &Quantity| {
            Total::of(parts, quantity).written(number::tick).replace('\u{202f}', " ")
        };
        assert_eq!(written(&[part(Some(2_000_000)), part(Some(0))], macs), "2 M");
        assert_eq!(written(&[part(Some(2_000_000)), part(None)], macs), "at least 2 M");
        assert_eq!(written(&[part(Some(1)), part(Some(1))], time), "unknown");
        assert_eq!(written(&[], macs), "unknown");
    }
}
