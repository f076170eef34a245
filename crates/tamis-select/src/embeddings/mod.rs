//! Embeddings of samples: a point in a space of few dimensions each, made by somebody else.
//!
//! As score tables they are checked twice: when they are made, each row for itself, and when they
//! are used, against the pool. Reading and writing files is not done here.

mod error;

use std::fmt;
use std::sync::Arc;

pub use error::EmbeddingsError;
use tamis_core::SampleId;

use crate::Pool;

/// Numbers that somebody holds, who need not be this crate: an array of another program is not copied.
pub type SharedValues = Arc<dyn AsRef<[f32]> + Send + Sync>;

/// Points of samples, at most one each, all of as many dimensions.
#[derive(Clone)]
pub struct Embeddings {
    /// Id and class of each row, ascending by id.
    samples: Vec<(SampleId, u32)>,
    /// The rows one after the other, `[sample, dimension]`; there may be more of them than samples.
    values: SharedValues,
    dimensions: usize,
}

impl Embeddings {
    /// Embeddings of these samples, each with its class, in any order; `values` has their rows one
    /// after the other, `[sample, dimension]`.
    ///
    /// # Errors
    ///
    /// No dimensions, another number of values, a value that is not finite, or a sample with two
    /// rows.
    pub fn new(
        samples: &[(SampleId, u32)],
        values: &[f32],
        dimensions: usize,
    ) -> Result<Embeddings, EmbeddingsError> {
        check(samples, values, dimensions)?;
        let mut order: Vec<usize> = (0..samples.len()).collect();
        order.sort_by_key(|&row| samples[row].0);
        let sorted: Vec<(SampleId, u32)> = order.iter().map(|&row| samples[row]).collect();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(EmbeddingsError::Twice { sample: pair[0].0.0 });
        }
        let rows = order.iter().flat_map(|&row| &values[row * dimensions..(row + 1) * dimensions]);
        let values: Vec<f32> = rows.copied().collect();
        Ok(Embeddings { samples: sorted, values: Arc::new(values), dimensions })
    }

    /// Embeddings of the samples 0, 1, 2 and so on, each with its class, whose rows `values` has one after
    /// the other, `[sample, dimension]`. Nothing is copied.
    ///
    /// # Errors
    ///
    /// As [`Embeddings::new`].
    pub fn in_order(
        classes: &[u32],
        values: SharedValues,
        dimensions: usize,
    ) -> Result<Embeddings, EmbeddingsError> {
        let samples = (0..).map(SampleId).zip(classes.iter().copied()).collect::<Vec<_>>();
        check(&samples, (*values).as_ref(), dimensions)?;
        Ok(Embeddings { samples, values, dimensions })
    }

    /// All rows, one after the other.
    fn values(&self) -> &[f32] {
        let all: &[f32] = (*self.values).as_ref();
        &all[..self.samples.len() * self.dimensions]
    }

    /// Dimensions of the space, at least one.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Id and class of each row, ascending by id.
    pub fn samples(&self) -> &[(SampleId, u32)] {
        &self.samples
    }

    /// The point of a sample, `[dimension]`.
    pub fn row(&self, id: SampleId) -> Option<&[f32]> {
        let place = self.place(id)?;
        self.values().get(place * self.dimensions..(place + 1) * self.dimensions)
    }

    fn place(&self, id: SampleId) -> Option<usize> {
        // Where no sample is missing, a row's place is its id.
        match self.samples.get(id.index()) {
            Some(row) if row.0 == id => Some(id.index()),
            _ => self.samples.binary_search_by_key(&id, |row| row.0).ok(),
        }
    }

    /// The rows of the samples with ids below `samples`, for a pool that is cut to its beginning.
    pub fn first(mut self, samples: usize) -> Embeddings {
        let rows = self.samples.partition_point(|row| row.0.index() < samples);
        self.samples.truncate(rows);
        self
    }

    /// Whether there is a row for each member of the pool, with its class. Rows of other samples
    /// of the data set do not matter.
    ///
    /// # Errors
    ///
    /// A member without row or with another class, or a row that is not of the data set.
    pub fn check(&self, pool: &Pool) -> Result<(), EmbeddingsError> {
        let samples = pool.len();
        for id in pool.ids() {
            let place = self.place(id).ok_or(EmbeddingsError::Missing { sample: id.0, samples })?;
            let (found, expected) = (self.samples[place].1, pool.label(id));
            if found != expected {
                return Err(EmbeddingsError::Class { sample: id.0, found, expected });
            }
        }
        let samples = pool.bound();
        match self.samples.last().filter(|row| row.0.index() >= samples) {
            Some(row) => Err(EmbeddingsError::Foreign { sample: row.0.0, samples }),
            None => Ok(()),
        }
    }
}

/// Refuses values that are not as many as the samples need, or that are no numbers.
fn check(
    samples: &[(SampleId, u32)],
    values: &[f32],
    dimensions: usize,
) -> Result<(), EmbeddingsError> {
    let expected = samples.len().checked_mul(dimensions);
    if dimensions == 0 || expected != Some(values.len()) {
        let (found, samples) = (values.len(), samples.len());
        return Err(EmbeddingsError::Shape { found, samples, dimensions });
    }
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(place) => {
            let sample = samples[place / dimensions].0.0;
            let (dimension, found) = (place % dimensions, values[place]);
            Err(EmbeddingsError::Value { sample, dimension, found })
        }
    }
}

impl PartialEq for Embeddings {
    fn eq(&self, other: &Embeddings) -> bool {
        (&self.samples, self.values(), self.dimensions)
            == (&other.samples, other.values(), other.dimensions)
    }
}

impl fmt::Debug for Embeddings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Embeddings of {} samples, {} dimensions", self.samples.len(), self.dimensions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[(u32, u32, [f32; 2])]) -> Result<Embeddings, EmbeddingsError> {
        let samples: Vec<_> = rows.iter().map(|row| (SampleId(row.0), row.1)).collect();
        let values: Vec<f32> = rows.iter().flat_map(|row| row.2).collect();
        Embeddings::new(&samples, &values, 2)
    }

    #[test]
    fn rows_are_found_by_id_in_whatever_order_they_came() {
        let found = rows(&[(2, 0, [5.0, 6.0]), (0, 1, [1.0, 2.0]), (7, 0, [3.0, 4.0])]).unwrap();
        assert_eq!(found.row(SampleId(0)), Some(&[1.0, 2.0][..]));
        assert_eq!(found.row(SampleId(2)), Some(&[5.0, 6.0][..]));
        assert_eq!(found.row(SampleId(7)), Some(&[3.0, 4.0][..]));
        assert_eq!(found.row(SampleId(1)), None);
        assert_eq!(found.first(3).row(SampleId(7)), None);
    }

    #[test]
    fn values_that_are_none_and_samples_given_twice_are_refused_by_name() {
        let found = rows(&[(4, 0, [1.0, 2.0]), (3, 0, [0.0, f32::NAN])]).unwrap_err().to_string();
        assert!(found.contains("sample 3") && found.contains("dimension 1"), "{found}");
        let twice = rows(&[(4, 0, [1.0, 2.0]), (4, 0, [0.0, 0.0])]);
        assert!(matches!(twice, Err(EmbeddingsError::Twice { sample: 4 })));
        let short = Embeddings::new(&[(SampleId(0), 0)], &[1.0], 2);
        assert!(matches!(short, Err(EmbeddingsError::Shape { found: 1, .. })));
        assert!(Embeddings::new(&[], &[], 0).is_err());
    }

    #[test]
    fn values_in_the_order_of_ids_are_lent_and_not_copied() {
        let values: SharedValues = Arc::new(vec![1.0_f32, 2.0, 3.0, 4.0]);
        let found = Embeddings::in_order(&[1, 0], values.clone(), 2).unwrap();
        let copied =
            Embeddings::new(&[(SampleId(1), 0), (SampleId(0), 1)], &[3.0, 4.0, 1.0, 2.0], 2);
        assert_eq!(found, copied.unwrap());
        let row = found.row(SampleId(1)).unwrap();
        assert_eq!(row.as_ptr(), (*values).as_ref()[2..].as_ptr(), "the very numbers");
        assert_eq!(found.first(1).row(SampleId(1)), None);
        let short = Embeddings::in_order(&[1, 0, 0], values, 2);
        assert!(matches!(short, Err(EmbeddingsError::Shape { found: 4, samples: 3, .. })));
    }

    #[test]
    fn a_pool_asks_for_its_members_with_their_classes_and_nothing_beyond_the_data() {
        let pool = Pool::new(vec![1, 0, 1], 2).unwrap();
        let all = [(0, 1, [0.0; 2]), (1, 0, [0.0; 2]), (2, 1, [0.0; 2])];
        assert!(rows(&all).unwrap().check(&pool).is_ok());
        let missing = rows(&all[..2]).unwrap();
        assert!(matches!(missing.check(&pool), Err(EmbeddingsError::Missing { sample: 2, .. })));
        let part = pool.part(&[SampleId(0), SampleId(1)]).unwrap();
        assert!(missing.check(&part).is_ok(), "sample 2 is no member");
        let class = rows(&[(0, 1, [0.0; 2]), (1, 1, [0.0; 2]), (2, 1, [0.0; 2])]).unwrap();
        assert!(matches!(class.check(&pool), Err(EmbeddingsError::Class { sample: 1, .. })));
        let foreign = rows(&[&all[..], &[(9, 0, [0.0; 2])]].concat()).unwrap();
        assert!(matches!(foreign.check(&pool), Err(EmbeddingsError::Foreign { sample: 9, .. })));
    }
}
