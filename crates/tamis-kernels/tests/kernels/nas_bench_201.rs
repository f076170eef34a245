//! The cell operation against a plain `f64` reference, at every level of this machine.

use super::numbers::{assert_close, dot, flags, normals, one_hot, wide};
use super::reference::nas_bench_201::Reference;
use tamis_kernels::Level;
use tamis_kernels::nas_bench_201::{
    CellShape, Gradients, Operands, Wants, backward, forward, forward_at,
};

const ALL: Wants = Wants { input: true, weights: true, shares: true };

struct Case {
    shape: CellShape,
    input: Vec<f32>,
    weights: Vec<f32>,
    shares: Vec<f32>,
    runs: Vec<bool>,
    output_gradient: Vec<f32>,
}

impl Case {
    fn new(batch: usize, channels: usize, height: usize, width: usize) -> Case {
        let shape = CellShape { batch, channels, height, width };
        let deviation = (1.0 / channels as f64).sqrt();
        Case {
            shape,
            input: normals(1, shape.values(), 1.0),
            weights: normals(2, shape.weights(), deviation),
            shares: normals(3, 30, 0.5),
            runs: Vec::new(),
            output_gradient: normals(4, shape.values(), 1.0),
        }
    }

    fn operands(&self) -> Operands<'_> {
        Operands {
            input: &self.input,
            weights: &self.weights,
            shares: &self.shares,
            runs: &self.runs,
        }
    }

    fn reference(&self) -> Reference {
        Reference {
            shape: self.shape,
            input: wide(&self.input),
            weights: wide(&self.weights),
            shares: wide(&self.shares),
            runs: self.runs.clone(),
            anchors: wide(&self.shares),
        }
    }

    fn run(&self, level: Level, wants: Wants) -> (Vec<f32>, Gradients) {
        let mut output = vec![f32::NAN; self.shape.values()];
        let saved = forward_at(level, &self.shape, &self.operands(), &mut output, true).unwrap();
        let gradients = backward(&saved, &self.weights, &self.shares, &self.output_gradient, wants);
        (output, gradients)
    }
}

fn assert_matches_the_reference(case: &Case) {
    let reference = case.reference();
    let output = reference.forward();
    let gradients = reference.backward(&wide(&case.output_gradient));
    for level in Level::available() {
        let what = |name| format!("{name} of {:?} at {level:?}", case.shape);
        let (found, found_gradients) = case.run(level, ALL);
        assert_close(&what("output"), &found, &output, 1e-5);
        let Gradients { input, weights, shares } = found_gradients;
        assert_close(&what("input gradient"), &input.unwrap(), &gradients.input, 3e-5);
        assert_close(&what("weight gradient"), &weights.unwrap(), &gradients.weights, 3e-5);
        assert_close(&what("share gradient"), &shares.unwrap(), &gradients.shares, 3e-5);
    }
}

#[test]
fn odd_sizes_and_channel_counts_match_the_reference() {
    for (batch, channels, height, width) in
        [(1, 3, 5, 7), (3, 5, 9, 9), (3, 3, 8, 8), (1, 8, 5, 7), (2, 13, 3, 2), (3, 1, 1, 1)]
    {
        assert_matches_the_reference(&Case::new(batch, channels, height, width));
    }
}

#[test]
fn the_sizes_of_the_search_match_the_reference() {
    for (batch, channels, size) in [(3, 8, 32), (1, 16, 16), (3, 16, 8), (19, 8, 8)] {
        assert_matches_the_reference(&Case::new(batch, channels, size, size));
    }
}

#[test]
fn the_reference_gradients_are_those_of_finite_differences() {
    let mut case = Case::new(2, 3, 4, 3);
    assert_reference_gradients(&case);
    case.runs = flags(1, 30, 60);
    assert_reference_gradients(&case);
}

fn assert_reference_gradients(case: &Case) {
    let output_gradient = wide(&case.output_gradient);
    let gradients = case.reference().backward(&output_gradient);
    let parts = [
        ("input", gradients.input, (|r| &mut r.input) as fn(&mut Reference) -> &mut Vec<f64>),
        ("weights", gradients.weights, |r| &mut r.weights),
        ("shares", gradients.shares, |r| &mut r.shares),
    ];
    for (name, gradient, part) in parts {
        for (place, gradient) in gradient.iter().enumerate() {
            let loss = |step: f64| {
                let mut reference = case.reference();
                part(&mut reference)[place] += step;
                dot(&reference.forward(), &output_gradient)
            };
            let difference = (loss(1e-6) - loss(-1e-6)) / 2e-6;
            let error = (difference - gradient).abs();
            assert!(
                error < 1e-5 * (1.0 + difference.abs()),
                "{name} {place}: {difference} {error}"
            );
        }
    }
}

#[test]
fn cells_of_which_only_some_operations_run_match_the_reference() {
    for (id, percent) in [(1, 15), (2, 30), (3, 50), (4, 70), (5, 90), (6, 30), (7, 15)] {
        for (batch, channels, height, width) in [(3, 5, 9, 9), (2, 8, 8, 8), (17, 3, 3, 2)] {
            let mut case = Case::new(batch, channels, height, width);
            case.runs = flags(id, 30, percent);
            // A share of 0 is not an operation that does not run.
            case.shares.iter_mut().step_by(7).for_each(|share| *share = 0.0);
            assert_matches_the_reference(&case);
        }
    }
}

#[test]
fn cells_of_one_operation_an_edge_match_the_reference() {
    for id in 0..12 {
        let mut case = Case::new(2, 4, 5, 6);
        case.runs = one_hot(id, 6, 5);
        assert_matches_the_reference(&case);
    }
    for operation in 0..5 {
        let mut case = Case::new(2, 4, 5, 6);
        case.runs = (0..30).map(|place| place % 5 == operation).collect();
        assert_matches_the_reference(&case);
    }
}

#[test]
fn edges_and_nodes_without_anything_match_the_reference() {
    // Edges by number: an edge; all that enter node 1, 2, 3; all that leave node 0, 1, 2.
    for edges in [&[4][..], &[0], &[1, 2], &[3, 4, 5], &[0, 1, 3], &[2, 4], &[5], &[2, 4, 5]] {
        let mut case = Case::new(3, 4, 6, 5);
        case.runs = (0..30).map(|place| !edges.contains(&(place / 5))).collect();
        assert_matches_the_reference(&case);
    }
    let mut case = Case::new(3, 4, 6, 5);
    case.runs = vec![false; 30];
    assert_matches_the_reference(&case);
    assert!(case.run(Level::best(), ALL).0.iter().all(|&value| value == 0.0));
}

#[test]
fn a_cell_of_which_everything_runs_gives_the_same_bits_as_one_that_is_not_told() {
    let mut case = Case::new(5, 6, 8, 8);
    let untold = all_bits(case.run(Level::best(), ALL));
    case.runs = vec![true; 30];
    assert!(all_bits(case.run(Level::best(), ALL)) == untold);
}

#[test]
fn what_does_not_run_is_not_computed_and_its_weights_have_no_gradient() {
    for id in 0..6 {
        let mut case = Case::new(3, 4, 8, 8);
        case.runs = flags(id, 30, 40);
        let expected = case.run(Level::best(), ALL);
        let square = 16;
        for edge in 0..6 {
            for (operation, first, len) in [(2, 0, square), (3, square, 9 * square)] {
                if !case.runs[edge * 5 + operation] {
                    let weights = edge * 10 * square + first..edge * 10 * square + first + len;
                    let gradient = &expected.1.weights.as_ref().unwrap()[weights.clone()];
                    assert!(gradient.iter().all(|value| value.to_bits() == 0));
                    case.weights[weights].fill(f32::NAN);
                    case.shares[edge * 5 + operation] = f32::NAN;
                }
            }
        }
        assert!(all_bits(case.run(Level::best(), ALL)) == all_bits(expected));
    }
}

#[test]
fn gradients_that_are_not_wanted_change_nothing_where_not_everything_runs() {
    for id in 0..6 {
        let mut case = Case::new(3, 4, 6, 5);
        case.runs = one_hot(id, 6, 5);
        assert_wants_are_independent(&case);
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for shape in [(19, 5, 8, 8), (5, 8, 32, 32), (33, 3, 5, 7)] {
        let mut case = Case::new(shape.0, shape.1, shape.2, shape.3);
        case.runs = if shape.0 == 33 { flags(3, 30, 50) } else { Vec::new() };
        for level in Level::available() {
            let bits = [1, 2, 4].map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                all_bits(pool.install(|| case.run(level, ALL)))
            });
            assert!(bits[0] == bits[1] && bits[0] == bits[2], "{shape:?} at {level:?}");
        }
    }
}

fn all_bits((output, gradients): (Vec<f32>, Gradients)) -> Vec<u32> {
    let Gradients { input, weights, shares } = gradients;
    let parts = [output, input.unwrap().to_vec(), weights.unwrap(), shares.unwrap()];
    parts.concat().iter().map(|value| value.to_bits()).collect()
}

#[test]
fn gradients_that_are_not_wanted_are_absent_and_change_nothing() {
    assert_wants_are_independent(&Case::new(3, 4, 6, 5));
}

fn assert_wants_are_independent(case: &Case) {
    let (_, all) = case.run(Level::best(), ALL);
    for bits in 0..8 {
        let wants = Wants { input: bits & 1 > 0, weights: bits & 2 > 0, shares: bits & 4 > 0 };
        let (_, found) = case.run(Level::best(), wants);
        assert_eq!(found.input, all.input.clone().filter(|_| wants.input));
        assert_eq!(found.weights, all.weights.clone().filter(|_| wants.weights));
        assert_eq!(found.shares, all.shares.clone().filter(|_| wants.shares));
    }
}

#[test]
fn the_share_of_none_changes_nothing_and_has_no_gradient() {
    let mut case = Case::new(2, 3, 4, 4);
    let (output, gradients) = case.run(Level::best(), ALL);
    let shares = gradients.shares.unwrap();
    for edge in 0..6 {
        assert_eq!(shares[edge * 5].to_bits(), 0);
        case.shares[edge * 5] = 1e30;
    }
    assert_eq!(case.run(Level::best(), ALL).0, output);
}

#[test]
fn nothing_is_saved_unless_asked_for() {
    let case = Case::new(2, 3, 4, 4);
    let mut output = vec![0.0; case.shape.values()];
    assert!(forward(&case.shape, &case.operands(), &mut output, false).is_none());
    assert_eq!(output, case.run(Level::best(), ALL).0);
}

#[test]
fn statistics_survive_a_mean_much_larger_than_the_deviation() {
    let mut case = Case::new(4, 3, 8, 8);
    case.input.iter_mut().for_each(|value| *value += 300.0);
    case.weights.iter_mut().for_each(|weight| *weight = weight.abs());
    let reference = case.reference().forward();
    for level in Level::available() {
        assert_close("output", &case.run(level, ALL).0, &reference, 1e-3);
    }
}

#[test]
fn a_nan_in_the_input_is_not_hidden() {
    let mut case = Case::new(2, 3, 4, 4);
    case.input[7] = f32::NAN;
    for level in Level::available() {
        let (output, _) = case.run(level, ALL);
        assert!(output.iter().all(|value| value.is_nan()));
    }
}

#[test]
fn memory_left_by_earlier_calls_does_not_show() {
    let mut poison = Case::new(3, 5, 9, 9);
    let clean = poison.run(Level::best(), ALL).0;
    poison.input.fill(f32::NAN);
    poison.run(Level::best(), ALL);
    assert_eq!(Case::new(3, 5, 9, 9).run(Level::best(), ALL).0, clean);
}

#[test]
#[should_panic(expected = "length of what runs")]
fn what_runs_of_another_length_is_refused() {
    let case = Case::new(1, 3, 4, 4);
    let operands = Operands { runs: &[true; 29], ..case.operands() };
    forward(&case.shape, &operands, &mut vec![0.0; case.shape.values()], true);
}

#[test]
#[should_panic(expected = "length of the weights")]
fn weights_of_another_length_are_refused() {
    let case = Case::new(1, 3, 4, 4);
    let operands = Operands { weights: &case.weights[1..], ..case.operands() };
    forward(&case.shape, &operands, &mut vec![0.0; case.shape.values()], true);
}
