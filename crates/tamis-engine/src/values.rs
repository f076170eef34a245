//! The values of layers and their gradients while a batch is on its way, and where their memory comes from.

use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;
use tamis_kernels::Destination;

/// Floats that a thread works on at a time in loops over whole values. Changes no bits.
pub(crate) const PIECE: usize = 1 << 14;

/// Values shared until somebody writes to them.
pub(crate) type Shared = Arc<Vec<f32>>;

/// Values that nobody needs any more, for the next that are needed: clearing memory that is written over
/// anyway was measured to take a twentieth of a step.
static POOL: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());

/// Values to be written over: what they are is left from others, or 0.
pub(crate) fn take(length: usize) -> Vec<f32> {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    let fits = (0..pool.len()).filter(|&at| (length..=2 * length).contains(&pool[at].capacity()));
    let found = fits.min_by_key(|&at| pool[at].capacity()).map(|at| pool.swap_remove(at));
    drop(pool);
    let mut values = found.unwrap_or_default();
    values.resize(length, 0.0);
    values
}

/// Gives values back to be taken again.
pub(crate) fn give(values: Vec<f32>) {
    if values.capacity() > 0 {
        POOL.lock().unwrap_or_else(PoisonError::into_inner).push(values);
    }
}

/// Gives the memory that is kept for later batches back to the system.
pub(crate) fn release() {
    POOL.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

/// `to += from`.
pub(crate) fn add(to: &mut [f32], from: &[f32]) {
    to.par_chunks_mut(PIECE).zip(from.par_chunks(PIECE)).for_each(|(to, from)| {
        to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
    });
}

/// Gradients of layers' values, by place.
pub(crate) struct Gradients(Vec<Option<Shared>>);

impl Gradients {
    pub(crate) fn new(layers: usize) -> Gradients {
        Gradients(vec![None; layers])
    }

    /// Takes out the gradient of a layer; absent if nothing depends on it.
    pub(crate) fn take(&mut self, node: usize) -> Option<Shared> {
        self.0[node].take()
    }

    /// Adds to the gradient of a layer.
    pub(crate) fn add(&mut self, node: usize, gradient: Shared) {
        match &mut self.0[node] {
            Some(own) => add(Arc::<Vec<f32>>::make_mut(own), &gradient),
            empty => *empty = Some(gradient),
        }
    }

    /// Where the gradient of a layer goes: to what is there already, if there is.
    pub(crate) fn destination(&mut self, node: usize, length: usize) -> Destination<'_> {
        match &mut self.0[node] {
            Some(own) => Destination::Add(Arc::<Vec<f32>>::make_mut(own)),
            empty => {
                let own = empty.insert(Arc::new(take(length)));
                Destination::Write(Arc::<Vec<f32>>::make_mut(own))
            }
        }
    }
}

/// Gives the values of a gradient back, unless somebody else has them, too.
pub(crate) fn give_shared(gradient: Shared) {
    if let Ok(values) = Arc::try_unwrap(gradient) {
        give(values);
    }
}
