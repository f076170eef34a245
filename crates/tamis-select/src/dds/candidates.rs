//! Who may come into the subset, and who of them for whom.
//!
//! Candidates are the samples of the weight half, of the class of the one that leaves. Who is
//! blocked (in the subset already, or gone too recently) is the curriculum's business.

use std::num::NonZeroUsize;

use tamis_core::{Key, SampleId};

use crate::furthest::{ClassTrees, Effort, Points, Visits};
use crate::{DdsSettings, Embeddings, Error, FurthestSearch, Pool};

/// The candidates, by the way in which one is found.
pub(crate) enum Candidates {
    /// The one that is furthest away.
    Furthest { trees: Box<ClassTrees>, effort: Effort },
    /// Any of the class.
    Random(RandomOfClass),
}

/// Who comes in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Incoming {
    pub(crate) id: SampleId,
    /// Distance of the embeddings, where one was looked at.
    pub(crate) distance: Option<f64>,
    pub(crate) visits: Visits,
}

/// The candidates of each class, and who is blocked.
pub(crate) struct RandomOfClass {
    classes: Vec<Vec<SampleId>>,
    pool: Pool,
    blocked: Vec<bool>,
}

impl Candidates {
    /// The candidates of which the furthest comes in.
    pub(crate) fn furthest(
        pool: &Pool,
        candidates: &[SampleId],
        embeddings: &Embeddings,
        settings: &DdsSettings,
    ) -> Result<Candidates, Error> {
        let samples: Vec<(SampleId, u32)> =
            candidates.iter().map(|&id| (id, pool.label(id))).collect();
        let rows = candidates.iter().filter_map(|&id| embeddings.row(id));
        let values: Vec<f32> = rows.flatten().copied().collect();
        let points = Points::new(&values, embeddings.dimensions())?;
        let trees = ClassTrees::build(&samples, &points, at_least_one(settings.leaf_size))?;
        let effort = match settings.search {
            FurthestSearch::Greedy => Effort::Greedy,
            FurthestSearch::BestFirst => {
                Effort::BestFirst { leaves: at_least_one(settings.leaf_budget) }
            }
            FurthestSearch::Exact => Effort::Exact,
        };
        Ok(Candidates::Furthest { trees: Box::new(trees), effort })
    }

    /// The candidates of which any of the class comes in.
    pub(crate) fn random(pool: &Pool, candidates: &[SampleId]) -> Candidates {
        let blocked = vec![false; pool.bound()];
        let classes = pool.grouped(candidates);
        Candidates::Random(RandomOfClass { classes, pool: pool.clone(), blocked })
    }

    /// Blocks a candidate, or makes it available.
    pub(crate) fn block(&mut self, id: SampleId, blocked: bool) -> Result<(), Error> {
        match self {
            Candidates::Furthest { trees, .. } if blocked => {
                trees.take(id)?;
            }
            Candidates::Furthest { trees, .. } => {
                trees.release(id)?;
            }
            Candidates::Random(random) => random.blocked[id.index()] = blocked,
        }
        Ok(())
    }

    /// Who comes in for a sample that is itself blocked; `None` if all of its class are.
    pub(crate) fn replacement(&self, id: SampleId, key: Key) -> Result<Option<Incoming>, Error> {
        match self {
            Candidates::Furthest { trees, effort } => {
                Ok(trees.furthest(id, *effort)?.map(|found| Incoming {
                    id: found.id,
                    distance: Some(found.distance),
                    visits: found.visits,
                }))
            }
            Candidates::Random(random) => Ok(random.draw(id, key)),
        }
    }
}

impl RandomOfClass {
    fn draw(&self, id: SampleId, key: Key) -> Option<Incoming> {
        let class = &self.classes[self.pool.label(id) as usize];
        let available: Vec<SampleId> =
            class.iter().copied().filter(|id| !self.blocked[id.index()]).collect();
        let drawn = key.id(u64::from(id.0)).stream().below(available.len() as u64);
        let id = *available.get(drawn as usize)?;
        Some(Incoming { id, distance: None, visits: Visits::default() })
    }
}

/// Settings are checked to be at least 1.
fn at_least_one(count: u32) -> NonZeroUsize {
    NonZeroUsize::new(count as usize).unwrap_or(NonZeroUsize::MIN)
}
