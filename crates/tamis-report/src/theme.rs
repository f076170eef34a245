//! The colours of the page, light and dark, and drawings with the light ones written in.
//!
//! Everything that is drawn names a [`Colour`]; the page gives it a value by a CSS variable. The
//! categorical colours follow Okabe and Ito (jfly.uni-koeln.de/color), darkened or lightened for
//! contrast with the paper: they differ for readers with any kind of colour vision.

use std::fmt;

/// A colour by its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    /// The background.
    Paper,
    /// Text and what is most important.
    Ink,
    /// Text of less importance.
    Muted,
    /// Lines of axes.
    Axis,
    /// Grid lines and frames.
    Grid,
    /// One of the categorical colours; numbers wrap around.
    Series(usize),
}

/// Number of categorical colours.
pub(crate) const SERIES: usize = 8;

/// Name of the variable, light value, dark value.
const VALUES: [(&str, &str, &str); 13] = [
    ("paper", "#ffffff", "#15171a"),
    ("ink", "#1c1e21", "#e8e9eb"),
    ("muted", "#5d636b", "#a3a9b2"),
    ("axis", "#9299a3", "#6c737d"),
    ("grid", "#e3e6ea", "#2c3036"),
    ("s0", "#0b69ad", "#5aaef0"),
    ("s1", "#cf5208", "#ff9658"),
    ("s2", "#07876a", "#3fcaa0"),
    ("s3", "#a94f8b", "#e79ccb"),
    ("s4", "#a87400", "#f0be4c"),
    ("s5", "#3493cc", "#9ad6f8"),
    ("s6", "#75665a", "#c2b0a0"),
    ("s7", "#6b6f76", "#9ca2ab"),
];

impl Colour {
    fn place(self) -> usize {
        match self {
            Colour::Paper => 0,
            Colour::Ink => 1,
            Colour::Muted => 2,
            Colour::Axis => 3,
            Colour::Grid => 4,
            Colour::Series(number) => 5 + number % SERIES,
        }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "var(--{})", VALUES[self.place()].0)
    }
}

/// The rules that give the variables their values: the reader's choice before the system's.
pub(crate) fn style() -> String {
    let light: String =
        VALUES.iter().map(|(name, light, _)| format!("--{name}:{light};")).collect();
    let dark: String = VALUES.iter().map(|(name, _, dark)| format!("--{name}:{dark};")).collect();
    format!(
        ":root{{color-scheme:light;{light}}}\n\
         @media screen and (prefers-color-scheme:dark){{\
         :root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}\n\
         @media screen{{:root[data-theme=dark]{{color-scheme:dark;{dark}}}}}\n"
    )
}

/// A drawing with the light colours in the place of the variables, for files of its own.
pub(crate) fn with_light_colours(drawing: &str) -> String {
    VALUES.iter().fold(drawing.to_owned(), |drawing, (name, light, _)| {
        drawing.replace(&format!("var(--{name})"), light)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance as WCAG 2 defines it.
    fn luminance(hex: &str) -> f64 {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(one: &str, other: &str) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn colours_stand_out_from_the_paper_in_both_themes() {
        let (_, light_paper, dark_paper) = VALUES[0];
        for (name, light, dark) in VALUES {
            let least = match name {
                "ink" | "muted" => 4.5,
                "paper" | "axis" | "grid" => continue,
                _ => 3.0,
            };
            assert!(contrast(light, light_paper) >= least, "{name} in the light theme");
            assert!(contrast(dark, dark_paper) >= least, "{name} in the dark theme");
        }
    }

    #[test]
    fn every_colour_has_a_variable_and_a_value_in_files_of_its_own() {
        let series = (0..2 * SERIES).map(Colour::Series);
        let named = [Colour::Paper, Colour::Ink, Colour::Muted, Colour::Axis, Colour::Grid];
        for colour in named.into_iter().chain(series) {
            assert_eq!(style().matches(&format!("--{}:", VALUES[colour.place()].0)).count(), 3);
            assert!(with_light_colours(&format!("{colour};")).starts_with('#'), "{colour}");
        }
        assert_eq!(Colour::Series(0).to_string(), Colour::Series(SERIES).to_string());
    }
}
