//! What a network costs that is drawn width by width and depth by depth, in expectation.

use super::{STAGES, SuperShape};

/// Expected multiply-adds of one image, and their slopes.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedMacs {
    /// The expectation.
    pub value: f64,
    /// Its slope with respect to every share, a matrix each of widths and depths.
    pub slopes: [Vec<Vec<f64>>; 2],
}

/// A convolution, or the classifier: so many multiply-adds for each pair of a channel read and one given.
struct Term {
    /// Multiply-adds a pair.
    each: f64,
    /// Row of the width of what is read, or how many channels that has.
    read: Result<usize, usize>,
    /// Row of the width of what is given, or how many channels that has.
    given: Result<usize, usize>,
    /// Whether it is there only if both widths differ.
    only_unequal: bool,
    /// It is there at these depths: stage, and the columns of its row.
    depths: Vec<(usize, std::ops::Range<usize>)>,
}

impl SuperShape {
    /// The expected multiply-adds of the network whose widths and depths are drawn by these shares, each by
    /// itself: expected channels in times expected channels out, of a block by how likely its stage reaches
    /// it (Dong and Yang 2019, section 3.2). Rows of fewer shares than options are filled up with zeros.
    pub fn expected_macs(&self, [widths, depths]: [&[Vec<f64>]; 2]) -> ExpectedMacs {
        let padded = |of: &[Vec<f64>], [rows, options]: [usize; 2]| -> Vec<Vec<f64>> {
            let share =
                |row: usize, at: usize| *of.get(row).and_then(|row| row.get(at)).unwrap_or(&0.0);
            (0..rows).map(|row| (0..options).map(|at| share(row, at)).collect()).collect()
        };
        let shapes = self.choices();
        let shares = [padded(widths, shapes[0]), padded(depths, shapes[1])];
        let slopes = shapes.map(|[rows, options]| vec![vec![0.0; options]; rows]);
        // The biases of the classifier are always there.
        let mut found = ExpectedMacs { value: self.classes as f64, slopes };
        for term in self.terms() {
            self.add(&term, &shares, &mut found);
        }
        found
    }

    /// What a network has that is as deep as can be: stem, blocks, classifier.
    fn terms(&self) -> Vec<Term> {
        let [image_channels, height, width] = self.image;
        let pixels = |stage: usize| ((height >> stage) * (width >> stage)) as f64;
        let stem = Term {
            each: 9.0 * pixels(0),
            read: Err(image_channels),
            given: Ok(0),
            only_unequal: false,
            depths: Vec::new(),
        };
        let mut terms = vec![stem];
        for stage in 0..STAGES {
            for block in 0..self.blocks {
                self.block(stage, block, pixels(stage), &mut terms);
            }
        }
        terms.extend(self.ends(STAGES - 1).into_iter().map(|(row, depth)| Term {
            each: 1.0,
            read: Ok(row),
            given: Err(self.classes),
            only_unequal: false,
            depths: vec![depth],
        }));
        terms
    }

    fn block(&self, stage: usize, block: usize, pixels: f64, terms: &mut Vec<Term>) {
        let (row, options) = (self.row(stage, block), self.depths().len());
        let first = self.depths().iter().position(|&depth| depth > block).unwrap_or(options);
        let reached = (stage, first..options);
        let reads = match (stage, block) {
            (0, 0) => vec![(0, None)],
            (_, 0) => {
                self.ends(stage - 1).into_iter().map(|(row, depth)| (row, Some(depth))).collect()
            }
            _ => vec![(row - 1, None)],
        };
        let term = |each, read: usize, given: usize, depths| Term {
            each,
            read: Ok(read),
            given: Ok(given),
            only_unequal: false,
            depths,
        };
        for (read, at) in reads {
            let depths: Vec<_> = [reached.clone()].into_iter().chain(at).collect();
            terms.push(term(9.0 * pixels, read, row, depths.clone()));
            let halves = stage > 0 && block == 0;
            terms.push(Term { only_unequal: !halves, ..term(pixels, read, row + 1, depths) });
        }
        terms.push(term(9.0 * pixels, row, row + 1, vec![reached]));
    }

    /// Of every depth of a stage the row of the width that it ends in, and where its share stands.
    fn ends(&self, stage: usize) -> Vec<(usize, (usize, std::ops::Range<usize>))> {
        let depths = self.depths().into_iter().enumerate();
        depths.map(|(at, depth)| (self.row(stage, depth - 1) + 1, (stage, at..at + 1))).collect()
    }

    fn add(&self, term: &Term, shares: &[Vec<Vec<f64>>; 2], found: &mut ExpectedMacs) {
        let candidates = |of: Result<usize, usize>| -> Vec<(usize, f64)> {
            match of {
                Ok(row) => {
                    self.widths(row).into_iter().zip(shares[0][row].iter().copied()).collect()
                }
                Err(channels) => vec![(channels, 1.0)],
            }
        };
        let sum = |(stage, columns): &(usize, std::ops::Range<usize>)| -> f64 {
            shares[1][*stage][columns.clone()].iter().sum()
        };
        let chances: Vec<f64> = term.depths.iter().map(sum).collect();
        let chance: f64 = chances.iter().product();
        let (read, given) = (candidates(term.read), candidates(term.given));
        let mut pairs = 0.0;
        for (at, &(inputs, of_read)) in read.iter().enumerate() {
            for (to, &(outputs, of_given)) in given.iter().enumerate() {
                if term.only_unequal && inputs == outputs {
                    continue;
                }
                let macs = term.each * (inputs * outputs) as f64;
                pairs += macs * of_read * of_given;
                if let Ok(row) = term.read {
                    found.slopes[0][row][at] += chance * macs * of_given;
                }
                if let Ok(row) = term.given {
                    found.slopes[0][row][to] += chance * macs * of_read;
                }
            }
        }
        found.value += chance * pairs;
        for (number, (stage, columns)) in term.depths.iter().enumerate() {
            let others = chances.iter().enumerate().filter(|(other, _)| *other != number);
            let others: f64 = others.map(|(_, chance)| chance).product();
            for slope in &mut found.slopes[1][*stage][columns.clone()] {
                *slope += others * pairs;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: SuperShape = SuperShape { channels: 2, blocks: 2, classes: 3, image: [3, 8, 8] };

    fn shares(shape: &SuperShape) -> [Vec<Vec<f64>>; 2] {
        let mut number = 0.0;
        let mut row = |options: usize| {
            let values: Vec<f64> = (0..options)
                .map(|_| {
                    number += 1.0;
                    1.2 + f64::sin(1.7 * number)
                })
                .collect();
            let sum: f64 = values.iter().sum();
            values.into_iter().map(|value| value / sum).collect()
        };
        let widths = (0..shape.convolutions()).map(|at| row(shape.widths(at).len())).collect();
        [widths, (0..STAGES).map(|_| row(shape.depths().len())).collect()]
    }

    fn value(shape: &SuperShape, [widths, depths]: &[Vec<Vec<f64>>; 2]) -> f64 {
        shape.expected_macs([widths, depths]).value
    }

    /// Multiply-adds of the network that these options make.
    fn counted(shape: &SuperShape, choice: &[Vec<usize>; 2]) -> u64 {
        let [widths, depths] = one_hot(shape, choice);
        let derived = shape.derive([&widths, &depths]).unwrap();
        derived.network(shape.image, shape.classes).unwrap().counts().macs
    }

    fn one_hot(shape: &SuperShape, choice: &[Vec<usize>; 2]) -> [Vec<Vec<f64>>; 2] {
        let options = shape.choices().map(|[_, options]| options);
        std::array::from_fn(|matrix| {
            let row = |&chosen: &usize| {
                (0..options[matrix]).map(|at| f64::from(u8::from(at == chosen))).collect()
            };
            choice[matrix].iter().map(row).collect()
        })
    }

    #[test]
    fn it_is_the_mean_over_all_networks_of_two_widths_and_two_depths() {
        let mut shares = shares(&SHAPE);
        for row in shares.iter_mut().flatten() {
            row.truncate(2);
            let sum: f64 = row.iter().sum();
            row.iter_mut().for_each(|share| *share /= sum);
        }
        let rows: Vec<&Vec<f64>> = shares.iter().flatten().collect();
        assert_eq!(rows.len(), 13 + 3);
        let mut mean = 0.0;
        for number in 0..1_usize << rows.len() {
            let bits = |rows: std::ops::Range<usize>| rows.map(|row| number >> row & 1).collect();
            let choice: [Vec<usize>; 2] = [bits(0..13), bits(13..16)];
            let options = choice.iter().flatten();
            let chance: f64 = rows.iter().zip(options).map(|(row, &option)| row[option]).product();
            mean += chance * counted(&SHAPE, &choice) as f64;
        }
        assert!((mean / value(&SHAPE, &shares) - 1.0).abs() < 1e-12, "{mean}");
    }

    #[test]
    fn shares_of_one_network_give_its_multiply_adds() {
        for blocks in [2, 3, 5] {
            let shape = SuperShape { channels: 16, blocks, classes: 10, image: [3, 32, 32] };
            for turn in 0..5 {
                let widths = (0..shape.convolutions()).map(|row| (3 * row + turn) % 8).collect();
                let depths = (0..STAGES).map(|row| (row + turn) % shape.depths().len()).collect();
                let choice = [widths, depths];
                let found = value(&shape, &one_hot(&shape, &choice));
                assert_eq!(found, counted(&shape, &choice) as f64, "{choice:?}");
            }
        }
    }

    #[test]
    fn slopes_are_those_of_finite_differences() {
        for shape in [SHAPE, SuperShape { channels: 6, blocks: 5, ..SHAPE }] {
            let shares = shares(&shape);
            let found = shape.expected_macs([&shares[0], &shares[1]]);
            for matrix in 0..2 {
                for row in 0..shares[matrix].len() {
                    for at in 0..shares[matrix][row].len() {
                        let moved = |by: f64| {
                            let mut moved = shares.clone();
                            moved[matrix][row][at] += by;
                            value(&shape, &moved)
                        };
                        let difference = (moved(1e-4) - moved(-1e-4)) / 2e-4;
                        let slope = found.slopes[matrix][row][at];
                        let error = (difference - slope).abs();
                        assert!(
                            error < 1e-6 * found.value,
                            "{matrix} {row} {at}: {difference} {slope}"
                        );
                    }
                }
            }
        }
    }
}
