//! The training pool: what a policy may choose from.

use tamis_core::SampleId;

use crate::Error;

/// The labels of the training samples. Sample i has id i; there is at least one sample, and every
/// label is below the number of classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    labels: Vec<u32>,
    classes: usize,
}

impl Pool {
    /// A pool of samples with these labels.
    ///
    /// # Errors
    ///
    /// No samples, more samples than ids, or a label that is no class.
    pub fn new(labels: Vec<u32>, classes: usize) -> Result<Pool, Error> {
        if labels.is_empty() {
            return Err(Error::PoolEmpty);
        }
        if u32::try_from(labels.len()).is_err() {
            return Err(Error::PoolTooLarge { found: labels.len() });
        }
        let bad = (0..).zip(&labels).find(|&(_, &label)| label as usize >= classes);
        match bad {
            Some((sample, &label)) => Err(Error::PoolLabel { sample, label, classes }),
            None => Ok(Pool { labels, classes }),
        }
    }

    /// How many samples there are, at least one.
    #[expect(clippy::len_without_is_empty, reason = "a pool is never empty")]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// How many classes there are; a class may have no sample.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The label of every sample, by id.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// All ids, ascending.
    pub fn ids(&self) -> impl Iterator<Item = SampleId> + use<> {
        (0..self.labels.len() as u32).map(SampleId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_without_samples_is_refused() {
        assert!(matches!(Pool::new(Vec::new(), 10), Err(Error::PoolEmpty)));
    }

    #[test]
    fn a_label_beyond_the_classes_is_refused_with_its_sample() {
        let error = Pool::new(vec![0, 1, 2, 3], 2).unwrap_err().to_string();
        assert_eq!(
            error,
            "making a training pool: found label 2 at sample 2, expected one below the 2 classes"
        );
    }

    #[test]
    fn ids_count_up_from_zero() {
        let pool = Pool::new(vec![1, 0, 1], 2).unwrap();
        assert_eq!(pool.ids().collect::<Vec<_>>(), [SampleId(0), SampleId(1), SampleId(2)]);
    }
}
