//! How a batch is cut into chunks, and how what they found is added up: the order of every sum over the
//! images of a batch.
//!
//! Inside a chunk images are added in order. Chunks are added by a fixed binary tree over sixteen of them,
//! `((0 + 1) + (2 + 3)) + ((4 + 5) + (6 + 7))` and so on, in which absent ones count as nothing. So the
//! result depends on the size of the batch alone, never on the number of threads; and because half, a
//! quarter or an eighth of the chunks in order is a branch of the tree, processes that take such a part
//! each, and add what they found pair by pair, come to the bits of one process that takes the whole batch.
//!
//! Which thread works on which chunk is left to `schedule`.

use std::ops::{AddAssign, Range};

/// Leaves of the tree: most chunks of a batch.
pub const MOST: usize = 16;

/// Numbers of a piece that are taken through the tree at a time: branches of so many stay in the first-level
/// cache.
const BLOCK: usize = 64;

/// The chunks of one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunks {
    batch: usize,
    size: usize,
}

impl Chunks {
    /// Of a batch of so many images, at least one.
    pub fn of(batch: usize) -> Chunks {
        Chunks { batch, size: batch.div_ceil(MOST) }
    }

    /// Images of the batch.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// How many chunks there are, at most [`MOST`].
    pub fn count(&self) -> usize {
        self.batch.div_ceil(self.size)
    }

    /// Images of a chunk; the last may have fewer.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The images of one of them.
    pub fn images(&self, number: usize) -> Range<usize> {
        number * self.size..((number + 1) * self.size).min(self.batch)
    }

    /// The images of all of them in order.
    pub fn iter(self) -> impl Iterator<Item = Range<usize>> {
        (0..self.count()).map(move |number| self.images(number))
    }

    /// The sum of a number of each image.
    pub fn total(&self, of_image: impl Fn(usize) -> f64) -> f64 {
        let mut sums = [0.0; MOST];
        for (sum, images) in sums.iter_mut().zip(self.iter()) {
            images.for_each(|image| *sum += of_image(image));
        }
        let mut total = [0.0];
        add(&sums[..self.count()], 1, 0, &mut total);
        total[0]
    }

    /// The sums of `each` numbers of each image, `values` being `[image, number]`.
    ///
    /// # Panics
    /// If there are not as many values.
    pub fn totals(&self, values: &[f32], each: usize) -> Vec<f64> {
        assert_eq!(values.len(), self.batch * each, "numbers of a batch");
        let mut sums = vec![0.0; self.count() * each];
        for (sums, images) in sums.chunks_exact_mut(each.max(1)).zip(self.iter()) {
            for values in values[images.start * each..images.end * each].chunks_exact(each) {
                sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += f64::from(*value));
            }
        }
        let mut totals = vec![0.0; each];
        add(&sums, each, 0, &mut totals);
        totals
    }
}

/// Writes to `to` the numbers from `first` on of the sum of all `pieces`, of `each` numbers and one for each
/// chunk in order. A part of the chunks that is a branch of the tree gives what that branch gives.
///
/// # Panics
/// If pieces have fewer numbers than that, or there are more than [`MOST`].
pub fn add<T>(pieces: &[T], each: usize, first: usize, to: &mut [T])
where
    T: AddAssign + Copy + Default,
{
    assert!(first + to.len() <= each, "numbers of a piece");
    let count = pieces.len().checked_div(each).unwrap_or(0);
    assert!(count <= MOST, "{count} chunks");
    for (block, to) in to.chunks_mut(BLOCK).enumerate() {
        branch(&|chunk| &pieces[chunk * each + first + block * BLOCK..], 0..count, to);
    }
}

/// Writes the sum of the first numbers of some pieces.
fn branch<'a, T>(piece: &impl Fn(usize) -> &'a [T], chunks: Range<usize>, to: &mut [T])
where
    T: AddAssign + Copy + Default + 'a,
{
    match chunks.len() {
        0 => to.fill(T::default()),
        1 => to.copy_from_slice(&piece(chunks.start)[..to.len()]),
        count => {
            let middle = chunks.start + count.next_power_of_two() / 2;
            branch(piece, chunks.start..middle, to);
            let mut right = [T::default(); BLOCK];
            let right = &mut right[..to.len()];
            branch(piece, middle..chunks.end, right);
            to.iter_mut().zip(right).for_each(|(to, right)| *to += *right);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers whose sum depends on its order.
    fn uneven(count: usize) -> Vec<f32> {
        (0..count).map(|at| (at as f32 * 1.37).sin() * 10_f32.powi((at % 7) as i32)).collect()
    }

    fn sum(pieces: &[f32], each: usize) -> Vec<f32> {
        let mut to = vec![f32::NAN; each];
        add(pieces, each, 0, &mut to);
        to
    }

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    #[test]
    fn chunks_cover_every_batch_and_are_at_most_sixteen() {
        for batch in 1..100 {
            let chunks = Chunks::of(batch);
            assert!(chunks.count() <= MOST);
            assert!(chunks.iter().all(|images| (1..=chunks.size()).contains(&images.len())));
            assert!(chunks.iter().flatten().eq(0..batch));
        }
        assert_eq!(Chunks::of(64).count(), 16);
        assert_eq!(Chunks::of(20).count(), 10);
    }

    #[test]
    fn chunks_are_added_pair_by_pair() {
        let [a, b, c, d, e, f] = [1e8, 1.0, -1e8, 3.0, 0.1, 1e-9];
        let tree = ((a + b) + (c + d)) + (e + f);
        assert_eq!(sum(&[a, b, c, d, e, f], 1), [tree]);
        assert_ne!(tree, a + b + c + d + e + f, "an order that cannot be told from another");
        assert_eq!(sum(&[a, b, c], 1), [(a + b) + c]);
        assert_eq!(sum(&[], 3), [0.0; 3]);
    }

    #[test]
    fn processes_that_take_branches_of_the_tree_come_to_the_bits_of_one() {
        let each = 150;
        for count in 1..=MOST {
            let pieces = uneven(count * each);
            let whole = sum(&pieces, each);
            for leaves in [8, 4, 2, 1] {
                let mut found: Vec<f32> =
                    pieces.chunks(leaves * each).flat_map(|part| sum(part, each)).collect();
                while found.len() > each {
                    found = found.chunks(2 * each).flat_map(|pair| sum(pair, each)).collect();
                }
                assert_eq!(bits(&found), bits(&whole), "{count} chunks in parts of {leaves}");
            }
        }
    }

    #[test]
    fn a_part_of_the_numbers_is_that_part_of_the_sum() {
        let each = 201;
        let pieces = uneven(11 * each);
        let mut part = vec![f32::NAN; 90];
        add(&pieces, each, 70, &mut part);
        assert_eq!(bits(&part), bits(&sum(&pieces, each)[70..160]));
    }

    #[test]
    fn totals_add_images_in_order_and_chunks_by_the_tree() {
        let (batch, each) = (37, 3);
        let values = uneven(batch * each);
        let chunks = Chunks::of(batch);
        let totals = chunks.totals(&values, each);
        for (number, &total) in totals.iter().enumerate() {
            let of_image = |image: usize| f64::from(values[image * each + number]);
            assert_eq!(total.to_bits(), chunks.total(of_image).to_bits());
            let of_chunks = chunks.iter().map(|images| images.map(of_image).sum::<f64>());
            let mut of_chunks: Vec<f64> = of_chunks.collect();
            of_chunks.resize(MOST, 0.0);
            while of_chunks.len() > 1 {
                of_chunks = of_chunks.chunks(2).map(|pair| pair[0] + pair[1]).collect();
            }
            assert_eq!(total.to_bits(), of_chunks[0].to_bits());
        }
    }
}
