//! Networks that were published, as architectures of the space.

use super::{Block, BlockKind, Genotype, Stage, Stem};

/// Their names and what they are.
pub const PUBLISHED: [(&str, &str); 2] = [
    ("mobilenet-v2", "MobileNetV2 1.0 (Sandler et al., CVPR 2018)"),
    ("proxyless-mobile", "ProxylessNAS for mobile phones (Cai, Zhu and Han, ICLR 2019)"),
];

/// A published network by its name.
pub fn published(name: &str) -> Option<Genotype> {
    match name {
        "mobilenet-v2" => Some(mobilenet_v2()),
        "proxyless-mobile" => Some(proxyless_mobile()),
        _ => None,
    }
}

/// Table 2 of its paper.
fn mobilenet_v2() -> Genotype {
    let stage = |expansion, channels, count, stride| Stage {
        channels,
        stride,
        blocks: vec![Block::Inverted { kernel: 3, expansion }; count],
    };
    network(vec![
        stage(1, 16, 1, 1),
        stage(6, 24, 2, 2),
        stage(6, 32, 3, 2),
        stage(6, 64, 4, 2),
        stage(6, 96, 3, 1),
        stage(6, 160, 3, 2),
        stage(6, 320, 1, 1),
    ])
}

/// Figure 4 (c) of its paper; the two blocks that its search left out are not written.
fn proxyless_mobile() -> Genotype {
    let stage = |channels, stride, blocks: &[(usize, usize)]| Stage {
        channels,
        stride,
        blocks: blocks
            .iter()
            .map(|&(kernel, expansion)| Block::Inverted { kernel, expansion })
            .collect(),
    };
    network(vec![
        stage(16, 1, &[(3, 1)]),
        stage(32, 2, &[(5, 3), (3, 3)]),
        stage(40, 2, &[(7, 3), (3, 3), (5, 3), (5, 3)]),
        stage(80, 2, &[(7, 6), (5, 3), (5, 3), (5, 3)]),
        stage(96, 1, &[(5, 6), (5, 3), (5, 3), (5, 3)]),
        stage(192, 2, &[(7, 6), (7, 6), (7, 3), (7, 3)]),
        stage(320, 1, &[(7, 6)]),
    ])
}

fn network(stages: Vec<Stage>) -> Genotype {
    Genotype {
        block_kind: BlockKind::PLAIN,
        stem: Stem { channels: 32, stride: 2 },
        stages,
        features: 1280,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_multiply_adds_are_the_published_ones() {
        // Of convolutions and classifier, its bias counted as one multiply-add a class: the papers tell 300
        // and 320 million, and common implementations 3,504,872 and 4,080,512 parameters.
        for (name, params, macs) in
            [("mobilenet-v2", 3_504_872, 300_775_272), ("proxyless-mobile", 4_080_512, 320_428_584)]
        {
            let counts = published(name).unwrap().network([3, 224, 224], 1000).unwrap().counts();
            assert_eq!((counts.params, counts.macs), (params, macs), "{name}");
        }
    }

    #[test]
    fn every_name_has_a_network_that_can_be_built() {
        for (name, _) in PUBLISHED {
            let network = published(name).unwrap();
            assert_eq!(
                Genotype::new(network.block_kind, network.stem, network.stages.clone(), 1280),
                Ok(network)
            );
        }
        assert!(published("mobilenet-v1").is_none());
    }
}
