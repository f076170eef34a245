//! Functions of single values that mobile networks have beside ReLU, and their slopes.

/// A function of each value by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activation {
    /// `min(max(0, x), 6)` (Sandler et al.: "MobileNetV2", CVPR 2018).
    Relu6,
    /// `x * hard_sigmoid(x)` (Howard et al.: "Searching for MobileNetV3", ICCV 2019).
    HardSwish,
    /// `min(max(0, x + 3), 6) / 6`, which gates channels in MobileNetV3.
    HardSigmoid,
}

impl Activation {
    /// All of them.
    pub const ALL: [Activation; 3] =
        [Activation::Relu6, Activation::HardSwish, Activation::HardSigmoid];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Activation::Relu6 => "relu6",
            Activation::HardSwish => "hard_swish",
            Activation::HardSigmoid => "hard_sigmoid",
        }
    }

    /// The function.
    #[inline]
    pub fn value(self, x: f32) -> f32 {
        match self {
            Activation::Relu6 => x.clamp(0.0, 6.0),
            Activation::HardSwish => x * hard_sigmoid(x),
            Activation::HardSigmoid => hard_sigmoid(x),
        }
    }

    /// Its slope; 0 at its kinks, as PyTorch has it.
    #[inline]
    pub fn slope(self, x: f32) -> f32 {
        match self {
            Activation::Relu6 => f32::from(u8::from(x > 0.0 && x < 6.0)),
            Activation::HardSwish if x <= -3.0 => 0.0,
            Activation::HardSwish if x >= 3.0 => 1.0,
            Activation::HardSwish => x / 3.0 + 0.5,
            Activation::HardSigmoid => f32::from(u8::from(x > -3.0 && x < 3.0)) / 6.0,
        }
    }
}

#[inline]
fn hard_sigmoid(x: f32) -> f32 {
    (x + 3.0).clamp(0.0, 6.0) / 6.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_the_papers_and_slopes_are_theirs() {
        let values = |of: Activation| [-4.0, -1.5, 0.0, 1.5, 4.0, 7.0].map(|x| of.value(x));
        assert_eq!(values(Activation::Relu6), [0.0, 0.0, 0.0, 1.5, 4.0, 6.0]);
        assert_eq!(values(Activation::HardSigmoid), [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]);
        assert_eq!(values(Activation::HardSwish), [0.0, -0.375, 0.0, 1.125, 4.0, 7.0]);
        for activation in Activation::ALL {
            for x in [-4.1_f32, -2.2, -0.7, 0.9, 2.6, 3.4, 5.5, 6.5] {
                let difference = (activation.value(x + 1e-2) - activation.value(x - 1e-2)) / 2e-2;
                let slope = activation.slope(x);
                assert!((difference - slope).abs() < 1e-3, "{activation:?} at {x}: {slope}");
            }
        }
    }
}
