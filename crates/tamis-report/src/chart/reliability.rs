//! A reliability diagram: accuracy against confidence, and how many predictions each bin has.

use super::plot::{self, WIDTH};
use crate::axis::Axis;
use crate::model::CalibrationBin;
use crate::number;
use crate::svg::{self, Anchor, Svg};
use crate::theme::Colour;

const HEIGHT: f64 = 330.0;
const LEFT: f64 = 38.0;
const RIGHT: f64 = WIDTH - 30.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 236.0;

/// Where the histogram below begins and ends.
const HISTOGRAM: (f64, f64) = (252.0, 296.0);

/// Expected calibration error: the mean distance of accuracy and confidence, bins weighed by their
/// predictions (Guo et al., ICML 2017, eq. 3); `None` where nothing was predicted.
pub(crate) fn expected_error(bins: &[CalibrationBin]) -> Option<f64> {
    let total: f64 = bins.iter().map(|bin| bin.samples as f64).sum();
    let filled = bins.iter().filter(|bin| bin.samples > 0);
    let sum: f64 =
        filled.map(|bin| bin.samples as f64 * (bin.accuracy - bin.confidence).abs()).sum();
    (total > 0.0).then(|| sum / total)
}

/// Draws the bins.
pub(crate) fn draw(bins: &[CalibrationBin]) -> Svg {
    let words = match expected_error(bins) {
        Some(error) => format!("expected calibration error {}", number::percent(error, 1)),
        None => "no predictions".to_owned(),
    };
    let mut svg = Svg::new(WIDTH, HEIGHT, &format!("Accuracy against confidence; {words}"));
    let upward = Axis::round(Some((0.0, 100.0)), (BOTTOM, TOP), 5);
    let rightward = Axis::round(Some((0.0, 100.0)), (LEFT, RIGHT), 5);
    plot::upward(&mut svg, &upward, (LEFT, RIGHT));
    let diagonal = svg::line((LEFT, BOTTOM), (RIGHT, TOP), Colour::Axis);
    svg.add(diagonal.attr("stroke-dasharray", "4 4"));
    let place = |bin: &CalibrationBin| {
        (rightward.at(bin.confidence * 100.0), upward.at(bin.accuracy * 100.0))
    };
    let filled: Vec<&CalibrationBin> = bins.iter().filter(|bin| bin.samples > 0).collect();
    for bin in &filled {
        let (x, y) = place(bin);
        let gap = svg::line((x, upward.at(bin.confidence * 100.0)), (x, y), Colour::Series(1));
        svg.add(gap.attr("stroke-width", "5").attr("stroke-opacity", "0.35"));
    }
    let way = svg::way(filled.iter().map(|bin| Some(place(bin))));
    svg.add(svg::path(&way, Colour::Series(0)).attr("stroke-width", "1.4"));
    for bin in &filled {
        svg.add(svg::tip(svg::circle(place(bin), 4.0, Colour::Series(0)), &told(bin)));
    }
    histogram(&mut svg, bins, &rightward);
    plot::rightward(&mut svg, &rightward, HISTOGRAM.1, "confidence, %");
    let name = svg::text(LEFT + 6.0, TOP + 12.0, Anchor::Start, "accuracy, %");
    svg.add(name.attr("fill", Colour::Muted));
    svg
}

fn histogram(svg: &mut Svg, bins: &[CalibrationBin], rightward: &Axis) {
    let most = bins.iter().map(|bin| bin.samples).max().unwrap_or(0).max(1) as f64;
    let (top, bottom) = HISTOGRAM;
    for bin in bins {
        let (left, right) = (rightward.at(bin.lower * 100.0), rightward.at(bin.upper * 100.0));
        let height = (bottom - top) * bin.samples as f64 / most;
        let bar = svg::rect(
            (left + 0.5, bottom - height),
            (right - left - 1.0, height),
            Colour::Series(7),
        );
        svg.add(svg::tip(bar.attr("fill-opacity", "0.55"), &told(bin)));
    }
    let name = svg::text(LEFT + 6.0, top + 9.0, Anchor::Start, "predictions");
    svg.add(name.attr("fill", Colour::Muted));
}

fn told(bin: &CalibrationBin) -> String {
    let share = |share: f64| number::percent(share, 1);
    format!(
        "confidence {} to {}\n{} predictions, mean confidence {}, accuracy {}",
        share(bin.lower),
        share(bin.upper),
        number::count(bin.samples),
        share(bin.confidence),
        share(bin.accuracy)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_weighs_bins_by_their_predictions_and_empty_ones_not_at_all() {
        let bin = |samples, confidence, accuracy| CalibrationBin {
            lower: 0.0,
            upper: 1.0,
            samples,
            confidence,
            accuracy,
        };
        let bins = [bin(30, 0.9, 0.8), bin(10, 0.6, 0.8), bin(0, f64::NAN, f64::NAN)];
        assert!((expected_error(&bins).unwrap() - 0.125).abs() < 1e-12);
        assert_eq!(expected_error(&bins[2..]), None);
    }
}
