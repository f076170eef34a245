//! How a node is formed from the states before it: one weighted sum of everything that enters it.

use super::bypass::Bypass;
use super::entries::Entry;
use super::layout::Plan;
use super::numbering::share;
use super::{Operands, Source};
use crate::elementwise::{PASS, Term, add, combine};

/// The sum that forms one node.
pub(super) struct Mixture<'a> {
    plan: &'a Plan,
    sources: &'a [Source],
    /// With their sources.
    entries: Vec<(usize, Entry)>,
    /// `[mixed channel, entry]`.
    factors: Vec<f32>,
    /// Minus the means times the factors, summed: `[mixed channel]`.
    constants: Vec<f32>,
    bypass: Bypass<'a>,
}

impl<'a> Mixture<'a> {
    /// The node after `sources`.
    pub(super) fn new(plan: &'a Plan, operands: &Operands<'_>, sources: &'a [Source]) -> Self {
        let node = sources.len();
        let entries = plan.entries.summands(node);
        let mut factors = Vec::with_capacity(plan.mixed() * entries.len());
        let mut constants = Vec::with_capacity(plan.mixed());
        for channel in 0..plan.mixed() {
            let mut constant = 0.0;
            for &(source, entry) in &entries {
                let share = share(operands.shares, source, node, entry.operation);
                let mut factor = f64::from(share);
                if let Some(statistics) = sources[source].statistics(entry.place, channel) {
                    factor *= statistics.inverse_deviation();
                    constant -= factor * statistics.mean;
                }
                factors.push(factor as f32);
            }
            constants.push(constant as f32);
        }
        let bypass = Bypass::new(plan, operands.shares, sources);
        Mixture { plan, sources, entries, factors, constants, bypass }
    }

    /// Writes the dense planes of one image of the node.
    pub(super) fn form(&self, image: usize, to: &mut [f32]) {
        let Plan { level, ref geometry, .. } = *self.plan;
        if self.entries.is_empty() {
            to.fill(0.0);
        }
        // Channels last: the planes of an entry follow each other in memory.
        for first in (0..self.entries.len()).step_by(PASS) {
            let entries = &self.entries[first..self.entries.len().min(first + PASS)];
            // Those of the mixed channels: see `Plan::shuffled`.
            let planes = to.chunks_exact_mut(geometry.flat).step_by(self.plan.shape.partial);
            for (channel, to) in planes.enumerate() {
                let factors = &self.factors[channel * self.entries.len() + first..];
                let mut terms: [Term<'_>; PASS] = [(0.0, &[]); PASS];
                for (term, (&(source, entry), &factor)) in
                    terms.iter_mut().zip(entries.iter().zip(factors))
                {
                    let plane = self.sources[source].plane(self.plan, image, entry.place, channel);
                    *term = (factor, plane);
                }
                let terms = &terms[..entries.len()];
                if first == 0 {
                    combine(level, to, self.constants[channel], terms, &geometry.mask);
                } else {
                    add(level, to, 0.0, terms, &geometry.mask);
                }
            }
        }
        self.bypass.form(image, to);
    }
}
