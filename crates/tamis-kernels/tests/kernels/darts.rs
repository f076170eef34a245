//! The DARTS cell against a plain `f64` reference, at every level of this machine.

use super::numbers::{assert_close, dot, flags, normals, one_hot, wide};
use super::reference::darts::Reference;
use tamis_kernels::Level;
use tamis_kernels::darts::{CellShape, Gradients, Operands, Wants, backward, forward, forward_at};

const ALL: Wants = Wants { states: [true; 2], weights: true, shares: true };

struct Case {
    shape: CellShape,
    states: [Vec<f32>; 2],
    weights: Vec<f32>,
    shares: Vec<f32>,
    runs: Vec<bool>,
    output_gradient: Vec<f32>,
}

/// Batch, channels, height, width.
fn case(sizes: [usize; 4], reduction: bool) -> Case {
    partial_case(sizes, reduction, 1)
}

/// The same, of which one channel in `partial` is mixed.
fn partial_case(
    [batch, channels, height, width]: [usize; 4],
    reduction: bool,
    partial: usize,
) -> Case {
    let shape = CellShape { batch, channels, height, width, reduction, partial };
    Case {
        shape,
        states: [normals(1, shape.state_values(), 1.0), normals(2, shape.state_values(), 1.0)],
        weights: normals(3, shape.weights(), 0.5),
        shares: normals(4, 14 * 8, 0.5),
        runs: Vec::new(),
        output_gradient: normals(5, shape.output_values(), 1.0),
    }
}

impl Case {
    fn operands(&self) -> Operands<'_> {
        let [first, second] = &self.states;
        Operands {
            states: [first, second],
            weights: &self.weights,
            shares: &self.shares,
            runs: &self.runs,
        }
    }

    fn reference(&self) -> Reference {
        Reference {
            shape: self.shape,
            states: [wide(&self.states[0]), wide(&self.states[1])],
            weights: wide(&self.weights),
            shares: wide(&self.shares),
            runs: self.runs.clone(),
            anchors: wide(&self.shares),
        }
    }

    fn run(&self, level: Level, wants: Wants) -> (Vec<f32>, Gradients) {
        let mut output = vec![f32::NAN; self.shape.output_values()];
        let saved = forward_at(level, &self.shape, &self.operands(), &mut output, true).unwrap();
        let gradients = backward(&saved, &self.weights, &self.shares, &self.output_gradient, wants);
        (output, gradients)
    }
}

fn assert_matches_the_reference(case: &Case) {
    let reference = case.reference();
    let output = reference.forward();
    let expected = reference.backward(&wide(&case.output_gradient));
    for level in Level::available() {
        let what = |name| format!("{name} of {:?} at {level:?}", case.shape);
        let (found, found_gradients) = case.run(level, ALL);
        assert_close(&what("output"), &found, &output, 2e-5);
        let Gradients { states, weights, shares } = found_gradients;
        for (state, expected) in states.into_iter().zip(&expected.states) {
            assert_close(&what("state gradient"), &state.unwrap(), expected, 2e-4);
        }
        assert_close(&what("share gradient"), &shares.unwrap(), &expected.shares, 2e-4);
        assert_close(&what("weight gradient"), &weights.unwrap(), &expected.weights, 2e-4);
    }
}

#[test]
fn odd_sizes_of_normal_cells_match_the_reference() {
    for sizes in [[1, 2, 5, 7], [3, 6, 9, 9], [2, 3, 5, 7], [2, 1, 2, 3], [1, 5, 3, 17]] {
        assert_matches_the_reference(&case(sizes, false));
    }
}

#[test]
fn normal_cells_of_the_search_match_the_reference() {
    for sizes in [
        [3, 8, 8, 8],
        [1, 16, 16, 16],
        [2, 6, 16, 16],
        [2, 2, 32, 32],
        [19, 2, 8, 8],
        [2, 32, 3, 5],
        [1, 16, 8, 8],
    ] {
        assert_matches_the_reference(&case(sizes, false));
    }
}

#[test]
fn reduction_cells_match_the_reference() {
    for sizes in [
        [3, 8, 8, 8],
        [1, 16, 16, 16],
        [2, 6, 16, 16],
        [2, 2, 32, 32],
        [2, 2, 6, 10],
        [18, 4, 4, 4],
    ] {
        assert_matches_the_reference(&case(sizes, true));
    }
}

#[test]
fn the_reference_gradients_are_those_of_finite_differences() {
    for (reduction, percent, partial) in [
        (false, 100, 1),
        (true, 100, 1),
        (false, 60, 1),
        (true, 60, 1),
        (false, 100, 2),
        (true, 60, 3),
    ] {
        let mut case = partial_case([2, 2 * partial, 4, 4], reduction, partial);
        case.runs = flags(1, 14 * 8, percent);
        let output_gradient = wide(&case.output_gradient);
        let gradients = case.reference().backward(&output_gradient);
        let [first, second] = gradients.states;
        let parts = [
            ("state 0", first, (|r| &mut r.states[0]) as fn(&mut Reference) -> &mut Vec<f64>),
            ("state 1", second, |r| &mut r.states[1]),
            ("weights", gradients.weights, |r| &mut r.weights),
            ("shares", gradients.shares, |r| &mut r.shares),
        ];
        for (name, gradient, part) in parts {
            for (place, gradient) in gradient.iter().enumerate().step_by(7) {
                let loss = |step: f64| {
                    let mut reference = case.reference();
                    part(&mut reference)[place] += step;
                    dot(&reference.forward(), &output_gradient)
                };
                let difference = (loss(1e-6) - loss(-1e-6)) / 2e-6;
                let error = (difference - gradient).abs();
                assert!(
                    error < 1e-4 * (1.0 + difference.abs()),
                    "{name} {place}: {difference} {gradient}"
                );
            }
        }
    }
}

#[test]
fn cells_of_which_only_some_operations_run_match_the_reference() {
    for (id, percent) in [(1, 5), (2, 15), (3, 30), (4, 50), (5, 70), (6, 90)] {
        for (sizes, reduction) in [
            ([3, 4, 8, 8], false),
            ([2, 3, 5, 7], false),
            ([3, 4, 8, 8], true),
            ([17, 2, 6, 10], true),
        ] {
            let mut case = case(sizes, reduction);
            case.runs = flags(id, 14 * 8, percent);
            // A share of 0 is not an operation that does not run.
            case.shares.iter_mut().step_by(7).for_each(|share| *share = 0.0);
            assert_matches_the_reference(&case);
        }
    }
}

#[test]
fn cells_of_one_operation_an_edge_match_the_reference() {
    for reduction in [false, true] {
        for id in 0..8 {
            let mut case = case([2, 4, 6, 8], reduction);
            case.runs = one_hot(id, 14, 8);
            assert_matches_the_reference(&case);
        }
        for operation in 0..8 {
            let mut case = case([2, 4, 6, 8], reduction);
            case.runs = (0..14 * 8).map(|place| place % 8 == operation).collect();
            assert_matches_the_reference(&case);
        }
    }
}

#[test]
fn edges_and_nodes_without_anything_match_the_reference() {
    // Edges by number: some; all that enter node 2, 4; all that leave state 0, 3, states 2 and 3.
    let cases: [&[usize]; 6] =
        [&[3, 8], &[0, 1], &[5, 6, 7, 8], &[0, 2, 5, 9], &[8, 12], &[4, 7, 8, 11, 12]];
    for (edges, reduction) in cases.into_iter().flat_map(|edges| [(edges, false), (edges, true)]) {
        let mut case = case([3, 4, 6, 4], reduction);
        case.runs = (0..14 * 8).map(|place| !edges.contains(&(place / 8))).collect();
        assert_matches_the_reference(&case);
    }
    let mut case = case([3, 4, 6, 4], true);
    case.runs = vec![false; 14 * 8];
    assert_matches_the_reference(&case);
    assert!(case.run(Level::best(), ALL).0.iter().all(|&value| value == 0.0));
}

#[test]
fn cells_of_partial_channels_match_the_reference() {
    for (sizes, reduction, partial) in [
        ([3, 8, 8, 8], false, 4),
        ([2, 6, 5, 7], false, 2),
        ([2, 6, 5, 7], false, 6),
        ([18, 4, 4, 4], false, 2),
        ([3, 8, 8, 8], true, 4),
        ([2, 12, 6, 10], true, 3),
        ([18, 4, 4, 4], true, 2),
        ([1, 64, 8, 8], false, 4),
    ] {
        assert_matches_the_reference(&partial_case(sizes, reduction, partial));
    }
}

#[test]
fn cells_of_partial_channels_of_which_only_some_operations_run_match_the_reference() {
    for (id, percent) in [(1, 0), (2, 15), (3, 50), (4, 90)] {
        for reduction in [false, true] {
            let mut case = partial_case([3, 8, 6, 8], reduction, 4);
            case.runs = flags(id, 14 * 8, percent);
            assert_matches_the_reference(&case);
            case.runs = one_hot(id, 14, 8);
            assert_matches_the_reference(&case);
        }
    }
}

#[test]
fn the_channels_of_a_node_are_shuffled_in_groups() {
    // Every operation rests, so that what goes around them shows: channels 2 to 7 of both inputs.
    let mut case = partial_case([1, 8, 2, 2], false, 4);
    case.runs = vec![false; 14 * 8];
    case.shares.fill(0.0);
    case.shares[..16].fill(0.25);
    let (output, _) = case.run(Level::best(), ALL);
    for (channel, plane) in output.chunks_exact(4).take(8).enumerate() {
        let (group, at) = (channel % 4, channel / 4);
        for (pixel, &found) in plane.iter().enumerate() {
            let from = (group * 2 + at) * 4 + pixel;
            let around = 2.0 * (case.states[0][from] + case.states[1][from]);
            let expected = if group == 0 { 0.0 } else { around };
            assert!((found - expected).abs() < 1e-5, "channel {channel}: {found} {expected}");
        }
    }
}

#[test]
fn a_cell_of_which_everything_runs_gives_the_same_bits_as_one_that_is_not_told() {
    for reduction in [false, true] {
        let mut case = case([5, 6, 8, 8], reduction);
        let untold = all_bits(case.run(Level::best(), ALL));
        case.runs = vec![true; 14 * 8];
        assert!(all_bits(case.run(Level::best(), ALL)) == untold);
    }
}

#[test]
fn what_does_not_run_is_not_computed_and_its_weights_have_no_gradient() {
    let channels = 4;
    // Weights of each convolution of an edge.
    let of_taps = |taps: usize, stages: usize| stages * (taps + channels) * channels;
    let counts = [of_taps(9, 2), of_taps(25, 2), of_taps(9, 1), of_taps(25, 1)];
    for id in 0..6 {
        let mut case = case([3, channels, 8, 8], false);
        case.runs = flags(id, 14 * 8, 40);
        let expected = case.run(Level::best(), ALL);
        let mut first = 0;
        for edge in 0..14 {
            for (operation, count) in (4..).zip(counts) {
                if !case.runs[edge * 8 + operation] {
                    let gradient = &expected.1.weights.as_ref().unwrap()[first..first + count];
                    assert!(gradient.iter().all(|value| value.to_bits() == 0));
                    case.weights[first..first + count].fill(f32::NAN);
                    case.shares[edge * 8 + operation] = f32::NAN;
                }
                first += count;
            }
        }
        assert_eq!(first, case.weights.len());
        assert!(all_bits(case.run(Level::best(), ALL)) == all_bits(expected));
    }
}

#[test]
fn the_first_of_equal_maxima_takes_the_gradient() {
    for (reduction, partial) in [(false, 1), (true, 1), (true, 2)] {
        let mut case = partial_case([2, 2 * partial, 8, 8], reduction, partial);
        for state in &mut case.states {
            state.iter_mut().for_each(|value| *value = value.round());
        }
        case.shares.fill(0.0);
        for edge in 0..14 {
            case.shares[edge * 8 + 1] = 1.0;
        }
        assert_matches_the_reference(&case);
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for (sizes, reduction) in
        [([19, 4, 8, 8], false), ([33, 2, 5, 7], false), ([17, 4, 8, 8], true)]
    {
        let mut case = partial_case(sizes, reduction, sizes[1] / 2);
        case.runs = flags(2, 14 * 8, if sizes[0] == 33 { 50 } else { 100 });
        for level in Level::available() {
            let bits = [1, 2, 4].map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                all_bits(pool.install(|| case.run(level, ALL)))
            });
            assert!(bits[0] == bits[1] && bits[0] == bits[2], "{sizes:?} at {level:?}");
        }
    }
}

fn all_bits((output, gradients): (Vec<f32>, Gradients)) -> Vec<u32> {
    let Gradients { states: [first, second], weights, shares } = gradients;
    let parts = [
        output,
        first.unwrap().to_vec(),
        second.unwrap().to_vec(),
        weights.unwrap(),
        shares.unwrap(),
    ];
    parts.concat().iter().map(|value| value.to_bits()).collect()
}

#[test]
fn gradients_that_are_not_wanted_are_absent_and_change_nothing() {
    for (reduction, percent, partial) in [
        (false, 100, 1),
        (true, 100, 1),
        (false, 20, 1),
        (true, 20, 1),
        (false, 50, 2),
        (true, 50, 2),
    ] {
        let mut case = partial_case([3, 4, 6, 8], reduction, partial);
        case.runs = flags(4, 14 * 8, percent);
        let (_, all) = case.run(Level::best(), ALL);
        for bits in 0..16 {
            let wants = Wants {
                states: [bits & 1 > 0, bits & 2 > 0],
                weights: bits & 4 > 0,
                shares: bits & 8 > 0,
            };
            let (_, found) = case.run(Level::best(), wants);
            for state in 0..2 {
                let expected = all.states[state].clone().filter(|_| wants.states[state]);
                assert_eq!(found.states[state], expected);
            }
            assert_eq!(found.weights, all.weights.clone().filter(|_| wants.weights));
            assert_eq!(found.shares, all.shares.clone().filter(|_| wants.shares));
        }
    }
}

#[test]
fn the_share_of_none_changes_nothing_and_has_no_gradient() {
    let mut case = case([2, 3, 4, 4], false);
    let (output, gradients) = case.run(Level::best(), ALL);
    let shares = gradients.shares.unwrap();
    for edge in 0..14 {
        assert_eq!(shares[edge * 8].to_bits(), 0);
        case.shares[edge * 8] = 1e30;
    }
    assert_eq!(case.run(Level::best(), ALL).0, output);
}

#[test]
fn nothing_is_saved_unless_asked_for() {
    let case = case([2, 3, 4, 4], false);
    let mut output = vec![0.0; case.shape.output_values()];
    assert!(forward(&case.shape, &case.operands(), &mut output, false).is_none());
    assert_eq!(output, case.run(Level::best(), ALL).0);
}

#[test]
fn shrinking_what_is_saved_changes_no_gradient() {
    for (reduction, percent, partial) in
        [(false, 100, 1), (true, 100, 1), (false, 20, 1), (true, 20, 1), (true, 50, 2)]
    {
        let mut case = partial_case([3, 4, 8, 8], reduction, partial);
        case.runs = flags(5, 14 * 8, percent);
        let mut output = vec![0.0; case.shape.output_values()];
        let mut saved = forward(&case.shape, &case.operands(), &mut output, true).unwrap();
        saved.shrink();
        let gradients = backward(&saved, &case.weights, &case.shares, &case.output_gradient, ALL);
        assert!(all_bits((output, gradients)) == all_bits(case.run(Level::best(), ALL)));
    }
}

#[test]
fn a_nan_in_the_input_is_not_hidden() {
    let mut case = case([2, 3, 4, 4], false);
    case.states[1][7] = f32::NAN;
    for level in Level::available() {
        let (output, _) = case.run(level, ALL);
        let channel = |at: usize| at / 16 % 3;
        let hit = |at: usize| channel(at) == channel(7);
        assert!(output.iter().enumerate().all(|(at, value)| !hit(at) || value.is_nan()));
    }
}

#[test]
fn memory_left_by_earlier_calls_does_not_show() {
    let mut poison = case([3, 5, 9, 9], false);
    let clean = all_bits(poison.run(Level::best(), ALL));
    poison.states.iter_mut().for_each(|state| state.fill(f32::NAN));
    poison.run(Level::best(), ALL);
    assert!(all_bits(case([3, 5, 9, 9], false).run(Level::best(), ALL)) == clean);
}

#[test]
#[should_panic(expected = "length of what runs")]
fn what_runs_of_another_length_is_refused() {
    let case = case([1, 3, 4, 4], false);
    let operands = Operands { runs: &[true; 111], ..case.operands() };
    forward(&case.shape, &operands, &mut vec![0.0; case.shape.output_values()], true);
}

#[test]
#[should_panic(expected = "length of the weights")]
fn weights_of_another_length_are_refused() {
    let case = case([1, 3, 4, 4], false);
    let operands = Operands { weights: &case.weights[1..], ..case.operands() };
    forward(&case.shape, &operands, &mut vec![0.0; case.shape.output_values()], true);
}

#[test]
#[should_panic(expected = "channels that do not divide")]
fn channels_that_the_partial_ones_do_not_divide_are_refused() {
    let case = partial_case([1, 6, 4, 4], false, 4);
    forward(&case.shape, &case.operands(), &mut vec![0.0; case.shape.output_values()], true);
}

#[test]
#[should_panic(expected = "a reduction of an odd number")]
fn reductions_of_odd_sizes_are_refused() {
    let case = case([1, 2, 5, 4], true);
    forward(&case.shape, &case.operands(), &mut vec![0.0; case.shape.output_values()], true);
}
