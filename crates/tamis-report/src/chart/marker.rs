//! Marks of groups of arms: a colour and a shape, so that neither has to be seen.

use crate::markup::Element;
use crate::model::Arm;
use crate::svg::{self, px};
use crate::theme::{Colour, SERIES};

/// The groups of arms, in the order in which they first come.
pub(crate) fn groups(arms: &[Arm]) -> Vec<&str> {
    let mut groups: Vec<&str> = Vec::new();
    for arm in arms {
        if !groups.contains(&arm.group.as_str()) {
            groups.push(&arm.group);
        }
    }
    groups
}

/// The place of an arm's group.
pub(crate) fn group_of(arm: &Arm, groups: &[&str]) -> usize {
    groups.iter().position(|group| *group == arm.group).unwrap_or(0)
}

/// The colour of a group. The last colour, grey, is not among them.
pub(crate) fn colour(group: usize) -> Colour {
    Colour::Series(group % (SERIES - 1))
}

/// The mark of a group, as large as a circle of `radius`.
pub(crate) fn mark(group: usize, centre: (f64, f64), radius: f64) -> Element {
    let (x, y) = centre;
    let corners = |points: &[(f64, f64)]| {
        let points = points.iter().map(|(dx, dy)| Some((x + dx * radius, y + dy * radius)));
        let way = format!("{}Z", svg::way(points));
        Element::new("path").attr("d", way).attr("fill", colour(group))
    };
    match group % 4 {
        0 => svg::circle(centre, radius, colour(group)),
        1 => corners(&[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)]),
        2 => corners(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
        _ => corners(&[(0.0, -1.2), (1.2, 0.9), (-1.2, 0.9)]),
    }
}

/// The mark as a drawing of its own, for legends.
pub(crate) fn legend(group: usize) -> Element {
    let size = px(12.0);
    Element::new("svg")
        .attr("viewBox", format!("0 0 {size} {size}"))
        .attr("width", &size)
        .attr("height", &size)
        .attr("aria-hidden", "true")
        .with(mark(group, (6.0, 6.0), 4.4))
}
