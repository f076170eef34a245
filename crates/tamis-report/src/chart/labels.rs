//! Names beside marks: each at the first place around its mark where it covers nothing.

use crate::svg::{self, Anchor};
use crate::text;

/// A box in a drawing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Area {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

impl Area {
    /// Around a point.
    pub(crate) fn around(point: (f64, f64), across: f64, up: f64) -> Area {
        let (x, y) = point;
        Area { left: x - across, top: y - up, right: x + across, bottom: y + up }
    }

    fn overlaps(&self, other: &Area) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    fn holds(&self, other: &Area) -> bool {
        self.left <= other.left
            && self.top <= other.top
            && self.right >= other.right
            && self.bottom >= other.bottom
    }
}

/// Where a name is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Label {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) anchor: Anchor,
}

/// A place for each name, in their order of importance; `None` where there is none inside `frame`
/// that covers nothing of what is `taken` or named before.
pub(crate) fn place(
    names: &[(&str, (f64, f64))],
    taken: &[Area],
    frame: &Area,
) -> Vec<Option<Label>> {
    let mut taken = taken.to_vec();
    let mut labels = Vec::new();
    for (name, mark) in names {
        let width = text::bold_width(name, svg::TYPE);
        let free = places(*mark).into_iter().find_map(|label| {
            let area = area(&label, width);
            let free = frame.holds(&area) && !taken.iter().any(|other| other.overlaps(&area));
            free.then_some((label, area))
        });
        taken.extend(free.map(|(_, area)| area));
        labels.push(free.map(|(label, _)| label));
    }
    labels
}

/// Places around a mark, the best first.
fn places((x, y): (f64, f64)) -> Vec<Label> {
    let mut places = Vec::new();
    for far in [0.0, 7.0, 16.0, 28.0, 42.0, 58.0] {
        let (right, left) = (x + 8.0 + far, x - 8.0 - far);
        for (x, y, anchor) in [
            (right, y + 4.0, Anchor::Start),
            (left, y + 4.0, Anchor::End),
            (right - 4.0, y - 7.0 - far, Anchor::Start),
            (right - 4.0, y + 15.0 + far, Anchor::Start),
            (left + 4.0, y - 7.0 - far, Anchor::End),
            (left + 4.0, y + 15.0 + far, Anchor::End),
            (x, y - 10.0 - far, Anchor::Middle),
            (x, y + 18.0 + far, Anchor::Middle),
        ] {
            places.push(Label { x, y, anchor });
        }
    }
    places
}

fn area(label: &Label, width: f64) -> Area {
    let left = match label.anchor {
        Anchor::Start => label.x,
        Anchor::Middle => label.x - width / 2.0,
        Anchor::End => label.x - width,
    };
    Area { left, top: label.y - 9.5, right: left + width, bottom: label.y + 3.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_name_covers_another_or_a_mark(
            marks in prop::collection::vec((0.0..300.0_f64, 0.0..200.0_f64), 1..20),
        ) {
            let names: Vec<(&str, (f64, f64))> =
                marks.iter().map(|&mark| ("random:0.1", mark)).collect();
            let taken: Vec<Area> = marks.iter().map(|&mark| Area::around(mark, 4.0, 4.0)).collect();
            let frame = Area { left: 0.0, top: 0.0, right: 300.0, bottom: 200.0 };
            let width = text::bold_width("random:0.1", svg::TYPE);
            let placed = place(&names, &taken, &frame);
            let areas: Vec<Area> = placed.iter().flatten().map(|label| area(label, width)).collect();
            for (at, one) in areas.iter().enumerate() {
                prop_assert!(frame.holds(one));
                prop_assert!(taken.iter().all(|mark| !mark.overlaps(one)));
                prop_assert!(areas[..at].iter().all(|other| !other.overlaps(one)));
            }
        }
    }

    #[test]
    fn a_lone_mark_has_its_name_at_its_right() {
        let frame = Area { left: 0.0, top: 0.0, right: 300.0, bottom: 200.0 };
        let labels = place(&[("full", (50.0, 50.0))], &[], &frame);
        assert_eq!(labels, [Some(Label { x: 58.0, y: 54.0, anchor: Anchor::Start })]);
    }
}
