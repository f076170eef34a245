//! The training pool: what a policy may choose from.
//!
//! A pool is all samples of a data set or, inside a composed policy, those that the part before
//! has chosen. Either way a sample keeps its id in the data set.

use std::sync::Arc;

use tamis_core::SampleId;

use crate::Error;

/// The samples to choose from, its members, with the labels of the whole data set. There is at
/// least one member, and every label is below the number of classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    labels: Arc<[u32]>,
    members: Arc<[SampleId]>,
    classes: usize,
}

impl Pool {
    /// All samples of a data set with these labels: sample i has id i.
    ///
    /// # Errors
    ///
    /// No samples, more samples than ids, or a label that is no class.
    pub fn new(labels: Vec<u32>, classes: usize) -> Result<Pool, Error> {
        if labels.is_empty() {
            return Err(Error::PoolEmpty);
        }
        let Ok(bound) = u32::try_from(labels.len()) else {
            return Err(Error::PoolTooLarge { found: labels.len() });
        };
        let bad = (0..).zip(&labels).find(|&(_, &label)| label as usize >= classes);
        if let Some((sample, &label)) = bad {
            return Err(Error::PoolLabel { sample, label, classes });
        }
        let members = (0..bound).map(SampleId).collect();
        Ok(Pool { labels: labels.into(), members, classes })
    }

    /// The part of this pool that has these samples, given in any order.
    ///
    /// # Errors
    ///
    /// No samples, a sample given twice, or one that is no member of this pool.
    pub fn part(&self, samples: &[SampleId]) -> Result<Pool, Error> {
        let mut members = samples.to_vec();
        members.sort_unstable();
        if members.is_empty() {
            return Err(Error::PoolEmpty);
        }
        let twice = members.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
        match twice.or_else(|| members.iter().copied().find(|&id| !self.contains(id))) {
            Some(id) => Err(Error::PoolMember { sample: id.0 }),
            None => Ok(Pool { members: members.into(), ..self.clone() }),
        }
    }

    /// How many members there are, at least one.
    #[expect(clippy::len_without_is_empty, reason = "a pool is never empty")]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// One more than the largest id of the data set: the length of an array indexed by id.
    pub fn bound(&self) -> usize {
        self.labels.len()
    }

    /// How many classes there are; a class may have no member.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The label of a sample of the data set, whose id is below [`bound`](Pool::bound).
    pub fn label(&self, id: SampleId) -> u32 {
        self.labels[id.index()]
    }

    /// The members, ascending.
    pub fn members(&self) -> &[SampleId] {
        &self.members
    }

    /// The members one by one, ascending.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = SampleId> + Clone + '_ {
        self.members.iter().copied()
    }

    /// Whether a sample is a member.
    pub fn contains(&self, id: SampleId) -> bool {
        self.members.binary_search(&id).is_ok()
    }

    /// The members of each class, ascending; a class without members has an empty list.
    pub fn by_class(&self) -> Vec<Vec<SampleId>> {
        self.grouped(&self.members)
    }

    /// Samples of the data set parted by class, in the order given.
    pub fn grouped(&self, samples: &[SampleId]) -> Vec<Vec<SampleId>> {
        let mut classes = vec![Vec::new(); self.classes];
        for &id in samples {
            classes[self.label(id) as usize].push(id);
        }
        classes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ids: &[u32]) -> Vec<SampleId> {
        ids.iter().copied().map(SampleId).collect()
    }

    #[test]
    fn a_pool_without_samples_is_refused() {
        assert!(matches!(Pool::new(Vec::new(), 10), Err(Error::PoolEmpty)));
        let pool = Pool::new(vec![0; 3], 1).unwrap();
        assert!(matches!(pool.part(&[]), Err(Error::PoolEmpty)));
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
        assert_eq!(pool.ids().collect::<Vec<_>>(), ids(&[0, 1, 2]));
    }

    #[test]
    fn a_part_keeps_ids_and_labels_and_counts_only_its_members() {
        let pool = Pool::new(vec![1, 0, 1, 2, 0], 3).unwrap();
        let part = pool.part(&ids(&[4, 2, 0])).unwrap();
        assert_eq!((part.len(), part.bound(), part.classes()), (3, 5, 3));
        assert_eq!(part.members(), ids(&[0, 2, 4]));
        assert_eq!((part.label(SampleId(4)), part.contains(SampleId(1))), (0, false));
        assert_eq!(part.by_class(), [ids(&[4]), ids(&[0, 2]), ids(&[])]);
    }

    #[test]
    fn a_part_holds_members_only_and_each_once() {
        let pool = Pool::new(vec![0; 5], 1).unwrap().part(&ids(&[1, 3])).unwrap();
        for (given, sample) in [([1, 2], 2), ([3, 3], 3), ([1, 9], 9)] {
            let found = pool.part(&ids(&given));
            assert!(matches!(found, Err(Error::PoolMember { sample: s }) if s == sample));
        }
    }
}
