//! Exponentials, logarithms and circular functions that give the same bits on every machine.
//!
//! Those of the standard library are the C library's, which has several of each and takes one by the
//! processor: they differ in the last bit between machines with and without fused multiply-adds. Square roots
//! and powers by whole numbers are exact or a fixed chain of products, and stay with the standard library.

/// `e^x`.
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// The natural logarithm.
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// The logarithm to the base of ten.
pub fn log10(x: f64) -> f64 {
    libm::log10(x)
}

/// `x^y`.
pub fn pow(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}

/// The sine of an angle in radians.
pub fn sin(x: f64) -> f64 {
    libm::sin(x)
}

/// The cosine of an angle in radians.
pub fn cos(x: f64) -> f64 {
    libm::cos(x)
}

/// The hyperbolic tangent.
pub fn tanh(x: f64) -> f64 {
    libm::tanh(x)
}

/// The angle of a point, from -pi to pi.
pub fn atan2(y: f64, x: f64) -> f64 {
    libm::atan2(y, x)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits of a few results as they were computed elsewhere once: another implementation would show.
    #[test]
    fn results_have_the_bits_that_they_have_everywhere() {
        let found = [
            exp(0.7),
            exp(-23.4),
            ln(0.3),
            ln(1234.5),
            log10(0.02),
            pow(0.3, 1.7),
            sin(2.5),
            cos(2.5),
            tanh(0.4),
            atan2(1.5, -0.3),
        ];
        assert_eq!(found.map(f64::to_bits), EXPECTED);
    }

    const EXPECTED: [u64; 10] = [
        4611716986771507591,
        4454878601939555722,
        13831473067500349217,
        4619700648315815749,
        13833702336705864064,
        4593821265024622477,
        4603565777395632816,
        13828763316576947069,
        4600516171937235670,
        4610642047494459866,
    ];

    #[test]
    fn they_are_what_their_names_say() {
        for x in [-30.0, -2.5, -0.1, 0.0, 0.3, 1.0, 7.7, 30.0_f64] {
            let pairs = [
                (exp(x), x.exp()),
                (ln(x.abs() + 0.1), (x.abs() + 0.1).ln()),
                (log10(x.abs() + 0.1), (x.abs() + 0.1).log10()),
                (pow(x.abs() + 0.1, 1.3), (x.abs() + 0.1).powf(1.3)),
                (sin(x), x.sin()),
                (cos(x), x.cos()),
                (tanh(x), x.tanh()),
                (atan2(x, 0.7), x.atan2(0.7)),
            ];
            for (found, expected) in pairs {
                assert!((found - expected).abs() <= 4.0 * f64::EPSILON * expected.abs(), "{x}");
            }
        }
    }
}
