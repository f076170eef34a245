//! The rows of a block: a row a policy, in it a lane a scale of the alpha rate, each as high as the
//! dots that would otherwise hide one another ask for.

use tamis::compare::{ArmResult, Block, SeedResult};
use tamis_report::swarm;

use super::axis::Axis;
use super::drawing::RADIUS;
use crate::cli::compare::figures::{counted, in_percent};

/// Width of a host's panel.
pub(super) const PANEL: f64 = 330.0;

/// Where runs stand that are below the axis.
pub(super) const BELOW_AXIS: f64 = -9.0;

/// Room around a lane.
const PAD: f64 = 4.0;

/// Half of the height of a lane of dots that lie on one line: that of a mark of the median.
pub(super) const HALF: f64 = 8.5;

/// The runs of an arm, each at its place.
pub(super) struct Lane<'a> {
    pub(super) arm: &'a ArmResult,
    /// Run, value, place along the axis and away from the middle of the lane.
    pub(super) dots: Vec<(&'a SeedResult, f64, f64, f64)>,
    /// Scale of the alpha rate, by its number.
    pub(super) scale: usize,
}

impl<'a> Lane<'a> {
    fn of(block: &Block, axis: &Axis, arm: &'a ArmResult, scale: usize) -> Lane<'a> {
        let known = arm.runs.iter().filter_map(|run| Some((run, value(block, run)?)));
        let known: Vec<(&SeedResult, f64)> = known.collect();
        let place = |value| axis.place(value).map_or(BELOW_AXIS, |share| share * PANEL);
        let places: Vec<f64> = known.iter().map(|(_, value)| place(*value)).collect();
        let offsets = swarm(&places, RADIUS + 1.0);
        let dots = known.into_iter().zip(places).zip(offsets);
        let dots = dots.map(|(((run, value), x), y)| (run, value, x, y)).collect();
        Lane { arm, dots, scale }
    }

    /// How far it reaches above its middle and below it.
    fn reach(&self) -> (f64, f64) {
        let offsets = || self.dots.iter().map(|(.., offset)| *offset);
        (offsets().fold(0.0, |up, offset| up.max(-offset)), offsets().fold(0.0, f64::max))
    }
}

/// A policy: for every scale the lanes of all hosts, which lie beside each other.
pub(super) struct Row<'a> {
    pub(super) name: &'a str,
    by_scale: Vec<Vec<Lane<'a>>>,
}

impl<'a> Row<'a> {
    pub(super) fn height(&self) -> f64 {
        let lanes = self.by_scale.iter().map(|lanes| reach(lanes));
        lanes.map(|(above, below)| above + below).sum::<f64>() + PAD
    }

    /// Every lane with the place of its middle, below the top of the row.
    pub(super) fn lanes(&self) -> Vec<(f64, &Lane<'a>)> {
        let mut top = PAD / 2.0;
        let mut placed = Vec::new();
        for lanes in &self.by_scale {
            let (above, below) = reach(lanes);
            placed.extend(lanes.iter().map(|lane| (top + above, lane)));
            top += above + below;
        }
        placed
    }
}

/// How far lanes beside each other reach above and below their common middle, with room for their medians.
fn reach(lanes: &[Lane<'_>]) -> (f64, f64) {
    lanes.iter().map(Lane::reach).fold((HALF, HALF), |(above, below), (up, down)| {
        (above.max(up + RADIUS + PAD / 2.0), below.max(down + RADIUS + PAD / 2.0))
    })
}

/// A row a policy, without arms that are the runs of another that is drawn.
pub(super) fn rows<'a>(block: &'a Block, axis: &Axis) -> Vec<Row<'a>> {
    let scales = scales(block);
    let mut rows: Vec<Row<'a>> = Vec::new();
    for arm in drawn(block) {
        let name = arm.arm.named.policy.as_str();
        let found = rows.iter().position(|row| row.name == name);
        let at = found.unwrap_or_else(|| {
            rows.push(Row { name, by_scale: Vec::new() });
            rows.len() - 1
        });
        let scale = scales.iter().position(|scale| *scale == arm.arm.named.scale);
        let lane = Lane::of(block, axis, arm, scale.unwrap_or_default());
        let lanes = &mut rows[at].by_scale;
        match lanes.iter_mut().find(|lanes| lanes.iter().all(|other| other.scale == lane.scale)) {
            Some(lanes) => lanes.push(lane),
            None => lanes.push(vec![lane]),
        }
    }
    rows
}

/// The arms without those that are the runs of another of the same host.
fn drawn(block: &Block) -> impl Iterator<Item = &ArmResult> {
    block.arms.iter().enumerate().filter_map(|(number, arm)| {
        let is_other = |other: &ArmResult| {
            other.arm.host == arm.arm.host && other.arm.runs_as == arm.arm.runs_as
        };
        (!block.arms[..number].iter().any(is_other)).then_some(arm)
    })
}

/// The scales of the alpha rate, in the order in which they come.
pub(super) fn scales(block: &Block) -> Vec<&str> {
    let mut scales: Vec<&str> = Vec::new();
    for arm in drawn(block) {
        if !scales.contains(&arm.arm.named.scale.as_str()) {
            scales.push(&arm.arm.named.scale);
        }
    }
    scales
}

/// The hosts, in the order in which they come.
pub(super) fn hosts(block: &Block) -> Vec<&str> {
    let mut hosts: Vec<&str> = Vec::new();
    for arm in &block.arms {
        if !hosts.contains(&arm.arm.host.as_str()) {
            hosts.push(&arm.arm.host);
        }
    }
    hosts
}

/// The accuracy of a run that counts, in percent.
pub(super) fn value(block: &Block, run: &SeedResult) -> Option<f64> {
    let quantity = counted(block);
    Some(in_percent(quantity, quantity.of(run)?))
}
