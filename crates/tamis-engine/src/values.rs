//! The gradients of layers' values while a batch is on its way back.

use std::sync::Arc;

use rayon::prelude::*;
use tamis_kernels::{Buffer, Destination};

/// Floats that a thread works on at a time in loops over whole values. Changes no bits.
pub(crate) const PIECE: usize = 1 << 14;

/// Values shared until somebody writes to them.
pub(crate) type Shared = Arc<Buffer>;

/// `to += from`.
pub(crate) fn add(to: &mut [f32], from: &[f32]) {
    add_all(to, &[from]);
}

/// `to += the sum of all terms`, each piece at once, so that it stays in a cache meanwhile.
pub(crate) fn add_all(to: &mut [f32], terms: &[&[f32]]) {
    to.par_chunks_mut(PIECE).enumerate().for_each(|(piece, to)| {
        for term in terms {
            let from = &term[piece * PIECE..];
            to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        }
    });
}

/// Gradients of layers' values, by place.
pub(crate) struct Gradients {
    values: Vec<Option<Shared>>,
    wanted: Vec<bool>,
}

impl Gradients {
    /// Of those layers that are wanted.
    pub(crate) fn new(wanted: Vec<bool>) -> Gradients {
        Gradients { values: vec![None; wanted.len()], wanted }
    }

    /// Whether anything that is wanted depends on the gradient of a layer.
    pub(crate) fn wants(&self, node: usize) -> bool {
        self.wanted[node]
    }

    /// Takes out the gradient of a layer; absent if nothing depends on it.
    pub(crate) fn take(&mut self, node: usize) -> Option<Shared> {
        self.values[node].take()
    }

    /// Adds to the gradient of a layer, if that is wanted.
    pub(crate) fn add(&mut self, node: usize, gradient: Shared) {
        match &mut self.values[node] {
            _ if !self.wanted[node] => {}
            Some(own) => add(Arc::<Buffer>::make_mut(own), &gradient),
            empty => *empty = Some(gradient),
        }
    }

    /// Where the gradient of a layer goes: to what is there already, if there is; nowhere if it is not
    /// wanted.
    pub(crate) fn destination(&mut self, node: usize, length: usize) -> Option<Destination<'_>> {
        self.wanted[node].then(|| match self.open(node, length) {
            (own, true) => Destination::Add(own),
            (own, false) => Destination::Write(own),
        })
    }

    /// The gradient of a layer, and whether there was one; else it is still to be written.
    pub(crate) fn open(&mut self, node: usize, length: usize) -> (&mut [f32], bool) {
        let keep = self.values[node].is_some();
        let own = self.values[node].get_or_insert_with(|| Arc::new(Buffer::take(length)));
        (Arc::<Buffer>::make_mut(own), keep)
    }
}
