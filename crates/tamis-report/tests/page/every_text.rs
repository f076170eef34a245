//! A report of everything in which every text is the same one with a number, for tests of escaping.

use tamis_core::{Level, SampleId};
use tamis_report::*;
use tamis_space::Architecture;

/// Every text field holds `text`, every number is `number`.
pub(crate) fn report(text: &str, number: f64) -> Report {
    let filled = Filled { text, number };
    Report {
        head: filled.head(),
        search: Part::Given(filled.search()),
        selection: Part::Given(filled.selection()),
        race: Part::Given(filled.race()),
        training: Part::Given(filled.training()),
        comparison: Part::Given(filled.comparison()),
        cost: Part::Given(filled.cost()),
    }
}

struct Filled<'a> {
    text: &'a str,
    number: f64,
}

impl Filled<'_> {
    /// The text, made different from others by a number.
    fn text(&self, number: usize) -> String {
        format!("{}{number}", self.text)
    }

    fn some(&self) -> Option<f64> {
        Some(self.number)
    }

    fn image(&self) -> Option<Image> {
        Image::from_planes([1, 2, 2], &[0, 50, 100, 150]).ok()
    }

    fn head(&self) -> Head {
        let note = |kind| Note { kind, text: self.text(1) };
        Head {
            title: self.text(2),
            summary: Some(self.text(3)),
            figures: vec![KeyFigure {
                name: self.text(4),
                value: Some(self.text(5)),
                detail: Some(self.text(6)),
            }],
            facts: vec![Fact { name: self.text(7), value: Some(self.text(8)) }],
            notes: vec![note(NoteKind::Note), note(NoteKind::Warning)],
        }
    }

    fn search(&self) -> Search {
        let epoch = |epoch| SearchEpoch {
            epoch,
            weight_accuracy: self.some(),
            weight_loss: self.some(),
            share_skip: self.some(),
            ..SearchEpoch::default()
        };
        let edge = EdgeShares { source: 0, target: 1, shares: vec![vec![self.number, 0.5]; 3] };
        let genotype = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|".parse().unwrap();
        Search {
            epochs: Part::Given((0..3).map(epoch).collect()),
            shares: Part::Given(vec![CellShares {
                cell: self.text(10),
                operations: vec![self.text(11), self.text(12)],
                epochs: vec![0, 1, 2],
                edges: vec![edge],
            }]),
            architectures: Part::Given(vec![FoundArchitecture {
                title: self.text(13),
                architecture: Architecture::NasBench201(genotype),
            }]),
        }
    }

    fn selection(&self) -> Selection {
        let set = |epoch| ActiveSet { epoch, level: Level::Weight, class_counts: vec![3, 0] };
        let picture = Picture {
            id: SampleId(5),
            class: Some(self.text(20)),
            score: self.some(),
            remark: Some(self.text(21)),
            image: self.image(),
        };
        Selection {
            classes: vec![self.text(20), self.text(22)],
            class_sizes: Part::Missing(self.text(23)),
            sets: Part::Given(vec![set(0), set(1)]),
            exchanges: Part::Missing(self.text(24)),
            sheets: Part::Given(vec![ContactSheet {
                title: self.text(25),
                explanation: Some(self.text(26)),
                score_name: self.text(27),
                pictures: vec![picture],
            }]),
        }
    }

    fn race(&self) -> Race {
        let run = |candidate, kept| RungRun {
            candidate,
            name: self.text(64 + candidate),
            score: self.some(),
            kept,
        };
        let genotype = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|".parse().unwrap();
        let runs = || vec![run(0, Some(true)), run(1, Some(false)), run(2, None)];
        let rung = |steps| Rung { steps, runs: runs() };
        Race {
            score_name: self.text(62),
            rungs: Part::Given(vec![rung(3), rung(9)]),
            winner: Part::Given(FoundArchitecture {
                title: self.text(63),
                architecture: Architecture::NasBench201(genotype),
            }),
        }
    }

    fn training(&self) -> Training {
        let bin = CalibrationBin {
            lower: self.number,
            upper: 1.0,
            samples: 3,
            confidence: self.number,
            accuracy: self.number,
        };
        let mistake = Mistake {
            id: SampleId(6),
            true_class: self.text(30),
            predicted_class: self.text(31),
            probability: self.number,
            image: None,
        };
        let epoch = TrainingEpoch { learning_rate: self.some(), ..TrainingEpoch::default() };
        Training {
            epochs: Part::Given(vec![epoch]),
            evaluated_on: self.text(32),
            classes: vec![self.text(30), self.text(31)],
            confusion: Part::Given(vec![vec![3, 1], vec![0, u64::MAX]]),
            calibration: Part::Given(vec![bin]),
            mistakes: Part::Given(vec![mistake]),
        }
    }

    fn comparison(&self) -> Comparison {
        let estimate = Estimate { mean: self.number, interval: Some((self.number, self.number)) };
        let seed = SeedValue { seed: 1, accuracy: self.some(), cost: self.some() };
        let arm = |at| Arm {
            name: self.text(at),
            group: self.text(at + 1),
            seeds: vec![seed, seed],
            accuracy: Some(estimate),
            cost: self.some(),
        };
        Comparison {
            accuracy_name: self.text(40),
            cost_name: self.text(41),
            interval_name: self.text(42),
            arms: Part::Given(vec![arm(43), arm(45)]),
            differences: Part::Given(vec![Difference { name: self.text(47), estimate, pairs: 2 }]),
        }
    }

    fn cost(&self) -> CostLedger {
        let amounts =
            Amounts { samples: Some(u64::MAX), macs: Some(u64::MAX), wall_s: self.some() };
        let part = |at, one_off| CostPart { name: self.text(at), one_off, amounts };
        CostLedger {
            parts: vec![part(50, false), part(51, true)],
            full_data: amounts,
            peak_rss_bytes: Some(u64::MAX),
        }
    }
}
