//! The two number types that losses are taken in: `f32` for work, `f64` for checking gradients.

/// `f32` or `f64`. Sealed: no other type implements it.
pub trait Real: sealed::Sealed + Copy + Into<f64> {
    /// Rounds to this type.
    fn from_f64(value: f64) -> Self;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

impl Real for f32 {
    fn from_f64(value: f64) -> Self {
        value as f32
    }
}

impl Real for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }
}
