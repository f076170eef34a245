//! The gamma distribution: draws, and how a draw moves with its shape parameter.
//!
//! A draw `y ~ Gamma(beta, 1)` with `F(y; beta)` fixed, `F` the regularised lower incomplete gamma
//! function and `f` the density, moves by `dy/dbeta = -(dF/dbeta) / f` (implicit reparametrisation,
//! Figurnov, Mohamed, Mnih, NeurIPS 2018).

use tamis_core::{Stream, math};

/// A draw from Gamma(`shape`, 1), above 0 (Marsaglia and Tsang, 2000; below 1 by a power of a uniform).
pub(super) fn draw(shape: f64, stream: &mut Stream) -> f64 {
    if shape < 1.0 {
        let boosted = draw(shape + 1.0, stream);
        return (boosted * math::pow(stream.unit_positive(), 1.0 / shape)).max(SMALLEST);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let normal = stream.normal();
        let v = (1.0 + c * normal).powi(3);
        let unit = stream.unit_positive();
        if v > 0.0 && math::ln(unit) < 0.5 * normal * normal + d - d * v + d * math::ln(v) {
            return (d * v).max(SMALLEST);
        }
    }
}

/// Draws are at least this, so that their logarithm and their density are numbers.
const SMALLEST: f64 = 1e-30;

/// `dy/dbeta` of a draw.
pub(super) fn slope(shape: f64, y: f64) -> f64 {
    let step = STEP.min(0.5 * shape);
    let change = (distribution(shape + step, y) - distribution(shape - step, y)) / (2.0 * step);
    let density = math::exp((shape - 1.0) * math::ln(y) - y - log_gamma(shape));
    if density > 0.0 && density.is_finite() { -change / density } else { 0.0 }
}

/// Of the central difference of the distribution in its shape.
const STEP: f64 = 1e-5;

/// The regularised lower incomplete gamma function: by its series below the mode, by the continued
/// fraction of the upper one (Lentz's method) above.
fn distribution(shape: f64, y: f64) -> f64 {
    let scale = math::exp(shape * math::ln(y) - y - log_gamma(shape));
    if y < shape + 1.0 {
        let (mut term, mut sum) = (1.0 / shape, 1.0 / shape);
        for number in 1..TERMS {
            term *= y / (shape + f64::from(number));
            sum += term;
            if term < sum * f64::EPSILON {
                break;
            }
        }
        return scale * sum;
    }
    let mut b = y + 1.0 - shape;
    let mut c = 1.0 / f64::MIN_POSITIVE;
    let mut d = 1.0 / b;
    let mut fraction = d;
    for number in 1..TERMS {
        let number = f64::from(number);
        let a = -number * (number - shape);
        b += 2.0;
        d = 1.0 / nonzero(a * d + b);
        c = nonzero(b + a / c);
        fraction *= d * c;
        if (d * c - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    1.0 - scale * fraction
}

const TERMS: u32 = 500;

fn nonzero(value: f64) -> f64 {
    if value.abs() < f64::MIN_POSITIVE { f64::MIN_POSITIVE } else { value }
}

/// The logarithm of the gamma function (Lanczos, g = 7, nine terms), for arguments above 0.
fn log_gamma(x: f64) -> f64 {
    if x < 0.5 {
        let pi = std::f64::consts::PI;
        return math::ln(pi / math::sin(pi * x)) - log_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let terms = LANCZOS.iter().enumerate().skip(1);
    let series = terms.fold(LANCZOS[0], |sum, (number, of)| sum + of / (x + number as f64));
    let t = x + 7.5;
    0.5 * math::ln(std::f64::consts::TAU) + (x + 0.5) * math::ln(t) - t + math::ln(series)
}

const LANCZOS: [f64; 9] = [
    0.999_999_999_999_809_9,
    676.520_368_121_885_1,
    -1_259.139_216_722_402_8,
    771.323_428_777_653_1,
    -176.615_029_162_140_6,
    12.507_343_278_686_905,
    -0.138_571_095_265_720_12,
    9.984_369_578_019_572e-6,
    1.505_632_735_149_311_6e-7,
];

#[cfg(test)]
mod tests {
    use tamis_core::{Key, Purpose};

    use super::*;

    #[test]
    fn slopes_are_those_of_an_independent_computation() {
        let cases = [
            (1.0, 0.5, 0.806979),
            (0.5, 0.2, 0.794051),
            (2.0, 1.5, 0.936639),
            (1.0, 2.0, 1.631691),
        ];
        for (shape, y, expected) in cases {
            let found = slope(shape, y);
            assert!((found - expected).abs() < 1e-5, "{shape} {y}: {found}");
        }
    }

    #[test]
    fn draws_have_the_mean_and_the_variance_of_their_shape() {
        for shape in [0.37, 0.9, 1.0, 2.5] {
            let mut stream = Key::new(0, Purpose::Test).stream();
            let draws: Vec<f64> = (0..60_000).map(|_| draw(shape, &mut stream)).collect();
            let mean = draws.iter().sum::<f64>() / draws.len() as f64;
            let variance =
                draws.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / draws.len() as f64;
            assert!((mean - shape).abs() < 0.03 * shape.max(1.0), "{shape}: mean {mean}");
            assert!(
                (variance - shape).abs() < 0.06 * shape.max(1.0),
                "{shape}: variance {variance}"
            );
        }
    }

    #[test]
    fn the_gamma_function_and_the_distribution_have_their_known_values() {
        assert!((log_gamma(5.0) - 24.0_f64.ln()).abs() < 1e-12);
        assert!((log_gamma(0.5) - std::f64::consts::PI.sqrt().ln()).abs() < 1e-12);
        // Of shape 1 the distribution is exponential.
        for y in [0.01, 0.5, 1.9, 2.1, 30.0] {
            assert!((distribution(1.0, y) - (1.0 - (-y).exp())).abs() < 1e-12, "{y}");
        }
    }
}
