//! Networks that are one block away.

use super::{Block, Genotype, OPTIONS};

impl Genotype {
    /// The networks that differ in one block, block by block, in the order of [`OPTIONS`]; left out is one
    /// only where it keeps its shape.
    pub fn neighbours(&self) -> Vec<Genotype> {
        let shapes: Vec<_> = self.blocks().collect();
        let places = self.stages.iter().enumerate();
        let places = places.flat_map(|(stage, of)| (0..of.blocks.len()).map(move |at| (stage, at)));
        let mut found = Vec::new();
        for ((stage, at), (shape, own)) in places.zip(shapes) {
            let fits = |block: &Block| *block != own && (shape.keeps() || *block != Block::Skip);
            for block in OPTIONS.into_iter().filter(fits) {
                let mut neighbour = self.clone();
                neighbour.stages[stage].blocks[at] = block;
                found.push(neighbour);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::published;
    use super::*;

    #[test]
    fn every_neighbour_is_a_valid_network_that_differs_in_one_block() {
        let network = published("mobilenet-v2").unwrap();
        let found = network.neighbours();
        // Five other blocks that are there, where the own one is an option, and six where it is not.
        assert!(found.len() > 5 * network.blocks().count(), "{}", found.len());
        for neighbour in found {
            let Genotype { block_kind, stem, stages, features } = neighbour.clone();
            assert_eq!(Genotype::new(block_kind, stem, stages, features), Ok(neighbour.clone()));
            let pairs = neighbour.blocks().zip(network.blocks());
            assert_eq!(pairs.filter(|(new, old)| new != old).count(), 1, "{neighbour}");
        }
    }
}
