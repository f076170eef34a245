//! Which options of a mixing matrix run in a pass. What does not run is neither computed nor differentiated,
//! and nothing of it is kept.
//!
//! The gradient of the share of an option that does not run is the sum of the gradient of the node that it
//! would enter. That is the straight-through estimate of GDAS (Dong and Yang, "Searching for a robust neural
//! architecture in four GPU hours", CVPR 2019): its forward pass computes the option that was drawn and adds
//! the share of every other one to the node as a number, whose value is 0 there. Here that number is taken as
//! 0 whatever the share.

/// `[decision, option]`.
#[derive(Clone, Debug)]
pub(crate) struct Runs {
    flags: Vec<bool>,
    options: usize,
}

impl Runs {
    /// Of `runs`, flattened; everything runs if that is empty.
    ///
    /// # Panics
    /// If it has any other length than that of the matrix.
    pub(crate) fn new(runs: &[bool], [decisions, options]: [usize; 2]) -> Runs {
        let len = decisions * options;
        assert!(runs.is_empty() || runs.len() == len, "length of what runs");
        let flags = if runs.is_empty() { vec![true; len] } else { runs.to_vec() };
        Runs { flags, options }
    }

    /// Whether an option runs.
    pub(crate) fn of(&self, decision: usize, option: usize) -> bool {
        self.flags[decision * self.options + option]
    }

    /// Lets no option of a decision run.
    pub(crate) fn stop(&mut self, decision: usize) {
        self.flags[decision * self.options..][..self.options].fill(false);
    }
}
