//! Whole searches from the defaults of every space and host: each part of each must learn from the
//! data. A supernet that is too small for one of its kinds of cell still runs, and still prints an
//! architecture; only a look at every gradient sees it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use tamis_core::SampleId;
use tamis_data::{Augmentation, Batch, BatchSource, DataConfig, Dataset, Normalization, open};
use tamis_nn::Device;
use tamis_search::{
    At, Basis, Bilevel, Event, Matrix, OneOffCost, Recipe, SPACES, Search, SearchConfig, SearchData,
};

/// Images of the searches: steps on both levels, and no more than that needs.
const IMAGES: usize = 32;

fn images() -> Arc<Dataset> {
    let mut config = DataConfig::default();
    config.synthetic.train = IMAGES;
    config.synthetic.test = 0;
    Arc::new(open(&config).unwrap().train)
}

fn data(train: Arc<Dataset>) -> SearchData {
    SearchData {
        train,
        augmentation: Augmentation::default(),
        scores: None,
        embeddings: None,
        latencies: None,
        one_off: OneOffCost::NONE,
    }
}

/// A search to its end, everything but its length and the size of its batches by default.
fn searched(config: &SearchConfig, train: Arc<Dataset>) -> Search {
    let mut search = Search::new(config, data(train), Device::Cpu).unwrap();
    while search.advance().unwrap() != Event::Finished {}
    search
}

fn short(recipe: Recipe, space: &str, host: &str) -> SearchConfig {
    let basis = Basis { recipe, space, host, epochs: Some(1) };
    let mut config = SearchConfig::of(basis).unwrap();
    "full".clone_into(&mut config.policy.name);
    (config.train.epochs, config.train.batch) = (1, 8);
    config
}

fn batch(train: &Arc<Dataset>) -> Batch {
    let normalization = Normalization::of(train).unwrap();
    let source = BatchSource::new(train.clone(), &normalization, Augmentation::default(), 0);
    let ids: Vec<SampleId> = train.ids().take(8).collect();
    source.unwrap().batch(&ids, 0, true).unwrap()
}

/// Edges, over all matrices, to which the batch's loss gives no gradient.
fn edges_without_gradient(bilevel: &mut Bilevel, batch: &Batch) -> Vec<(usize, usize)> {
    let (gradients, _) = bilevel.alpha_gradient(batch).unwrap();
    let edges = gradients.iter().enumerate().flat_map(|(number, matrix)| {
        matrix.rows().enumerate().map(move |(edge, row)| ((number, edge), row))
    });
    let without = edges.filter(|(_, row)| row.iter().all(|&value| value == 0.0));
    without.map(|(edge, _)| edge).collect()
}

/// Parameters of the supernet to which the batch's loss gives no gradient.
fn parameters_without_gradient(bilevel: &mut Bilevel, batch: &Batch) -> Vec<String> {
    let (gradient, _) = bilevel.weight_gradient(batch, None, At::default()).unwrap();
    let parameters = bilevel.network().layout().parameters();
    let without = parameters
        .iter()
        .filter(|parameter| gradient[parameter.range()].iter().all(|&value| value == 0.0));
    without.map(|parameter| parameter.path.clone()).collect()
}

#[test]
fn every_part_of_every_space_learns_from_the_data_by_default() {
    let train = images();
    let batch = batch(&train);
    for recipe in [Recipe::Darts, Recipe::Quick, Recipe::Demo] {
        for space in SPACES {
            let mut search = searched(&short(recipe, space.name, "darts"), train.clone());
            let bilevel = search.bilevel_mut();
            let about = format!("{recipe:?} on {}", space.name);
            assert_eq!(edges_without_gradient(bilevel, &batch), [], "{about}");
            assert_eq!(parameters_without_gradient(bilevel, &batch), [""; 0], "{about}");
        }
    }
}

#[test]
fn the_data_alone_moves_every_edge_of_every_kind_of_cell() {
    let train = images();
    for space in SPACES {
        let mut config = short(Recipe::Darts, space.name, "darts");
        // Decay moves what the data does not.
        config.alpha.weight_decay = 0.0;
        let search = searched(&config, train.clone());
        let start =
            Search::new(&config, data(train.clone()), Device::Cpu).unwrap().bilevel().alphas();
        let rows = |matrices: &[Matrix]| -> Vec<Vec<f64>> {
            matrices.iter().flat_map(Matrix::rows).map(<[f64]>::to_vec).collect()
        };
        let record = search.history().last().unwrap();
        let recorded: usize = record.alphas.values().map(Vec::len).sum();
        assert_eq!(recorded, record.alpha_gaps.len(), "every edge is recorded");
        assert_eq!(record.alphas.len(), start.len(), "every kind of cell has a name of its own");
        for (edge, (now, then)) in
            rows(&search.bilevel().alphas()).into_iter().zip(rows(&start)).enumerate()
        {
            assert_ne!(now, then, "{}: edge {edge} stands where it began", space.name);
        }
    }
}

#[test]
fn darts_is_refused_cells_of_one_kind_only() {
    let train = images();
    for (cells, is_right) in [(0, false), (1, false), (2, false), (3, true)] {
        let mut config = short(Recipe::Darts, "darts", "darts");
        (config.space.cells, config.space.channels) = (cells, 2);
        let built = Search::new(&config, data(train.clone()), Device::Cpu);
        assert_eq!(built.is_ok(), is_right, "{cells} cells");
        if let Err(error) = built {
            let text = error.to_string();
            let found = format!("found space.cells = {cells}, expected at least 3");
            assert!(text.contains(&found) && text.contains("never be trained"), "{text}");
        }
    }
}
