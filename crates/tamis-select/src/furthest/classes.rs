//! One tree a class, by sample id: the furthest image of the same class.
//!
//! A tree a class makes "of the same class" free, and each tree smaller. Which samples are
//! candidates, and which of them are taken, is the caller's business.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use tamis_core::SampleId;

use super::{Effort, FurthestTree, Points, PointsError, Visits};

/// The answer to a query by sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Replacement {
    /// The furthest sample of the class.
    pub id: SampleId,
    /// Euclidean distance of the embeddings.
    pub distance: f64,
    /// What it took to find it.
    pub visits: Visits,
}

/// The candidates of all classes, each available or taken.
#[derive(Clone, Debug)]
pub struct ClassTrees {
    classes: Vec<ClassTree>,
    /// The candidates, ascending, and which of `classes` each is in.
    places: Vec<(SampleId, u32)>,
}

/// The candidates of one class, ascending, so that the lowest index is the lowest id.
#[derive(Clone, Debug)]
struct ClassTree {
    ids: Vec<SampleId>,
    tree: FurthestTree,
}

impl ClassTrees {
    /// Trees of candidates that are all available: `samples` gives their ids, ascending, and
    /// classes, `points` the embedding of each, in the same order.
    ///
    /// # Errors
    ///
    /// Not one point a sample, or ids that do not ascend.
    pub fn build(
        samples: &[(SampleId, u32)],
        points: &Points<'_>,
        leaf_size: NonZeroUsize,
    ) -> Result<ClassTrees, PointsError> {
        check(samples, points)?;
        let mut members: BTreeMap<u32, (Vec<SampleId>, Vec<f32>)> = BTreeMap::new();
        for (&(id, class), row) in samples.iter().zip(points.rows()) {
            let (ids, rows) = members.entry(class).or_default();
            ids.push(id);
            rows.extend_from_slice(row);
        }
        let number: BTreeMap<u32, u32> = members.keys().copied().zip(0..).collect();
        let places = samples.iter().map(|(id, class)| (*id, number[class])).collect();
        let classes = members.into_values().map(|(ids, rows)| {
            let points = Points::new(&rows, points.dimensions())?;
            Ok(ClassTree { ids, tree: FurthestTree::build(&points, leaf_size) })
        });
        Ok(ClassTrees { classes: classes.collect::<Result<_, PointsError>>()?, places })
    }

    /// How many samples of the class of this sample are available.
    ///
    /// # Errors
    ///
    /// A sample that is no candidate.
    pub fn available(&self, id: SampleId) -> Result<usize, PointsError> {
        let (class, _) = self.place(id)?;
        Ok(self.classes[class].tree.available())
    }

    /// Takes a sample, so that no query finds it. Returns whether it was available.
    ///
    /// # Errors
    ///
    /// A sample that is no candidate.
    pub fn take(&mut self, id: SampleId) -> Result<bool, PointsError> {
        let (class, index) = self.place(id)?;
        Ok(self.classes[class].tree.take(index))
    }

    /// Makes a sample available again. Returns whether it was taken.
    ///
    /// # Errors
    ///
    /// A sample that is no candidate.
    pub fn release(&mut self, id: SampleId) -> Result<bool, PointsError> {
        let (class, index) = self.place(id)?;
        Ok(self.classes[class].tree.release(index))
    }

    /// The available sample of the same class that lies furthest from this one, as far as the
    /// effort goes; `None` if none is available. A sample that is available itself is found only
    /// where no other lies apart from it.
    ///
    /// # Errors
    ///
    /// A sample that is no candidate.
    pub fn furthest(
        &self,
        id: SampleId,
        effort: Effort,
    ) -> Result<Option<Replacement>, PointsError> {
        let (class, index) = self.place(id)?;
        let ClassTree { ids, tree } = &self.classes[class];
        let query = tree.point(index).ok_or(PointsError::Unknown { sample: id.0 })?;
        let found = tree.furthest(&query, effort)?;
        Ok(found.map(|found| Replacement {
            id: ids[found.point],
            distance: found.distance,
            visits: found.visits,
        }))
    }

    /// Which tree a sample is in, and its index there.
    fn place(&self, id: SampleId) -> Result<(usize, usize), PointsError> {
        let unknown = |_| PointsError::Unknown { sample: id.0 };
        let at = self.places.binary_search_by_key(&id, |place| place.0).map_err(unknown)?;
        let class = self.places[at].1 as usize;
        let index = self.classes[class].ids.binary_search(&id).map_err(unknown)?;
        Ok((class, index))
    }
}

fn check(samples: &[(SampleId, u32)], points: &Points<'_>) -> Result<(), PointsError> {
    if samples.len() != points.len() {
        return Err(PointsError::Samples { found: points.len(), samples: samples.len() });
    }
    match samples.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
        Some(pair) => Err(PointsError::Order { before: pair[0].0.0, found: pair[1].0.0 }),
        None => Ok(()),
    }
}
