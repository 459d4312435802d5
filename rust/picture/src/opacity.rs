//! How dense values are in the picture of a volume.

/// A course of densities over the range of colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opacity {
    /// Rises with the value.
    Ramp,
    /// Falls with the value.
    Fall,
    /// Only the largest values, as thin mist.
    Thin,
    /// Shells around five values.
    Peaks,
    /// Both ends, and nothing in the middle.
    Ends,
    /// The same everywhere.
    Even,
}

impl Opacity {
    /// Names of all courses and what they show, as [`Opacity::named`] takes them.
    pub const NAMES: [(&'static str, &'static str); 6] = [
        ("ramp", "rises with the value; the default"),
        ("fall", "falls with the value: small values are dense"),
        ("thin", "the largest values only, as mist"),
        ("peaks", "shells around five values"),
        ("ends", "both ends of the range, the middle is clear"),
        ("even", "the same everywhere"),
    ];

    /// The course of this name; None if there is none.
    pub fn named(name: &str) -> Option<Opacity> {
        Some(match name {
            "ramp" => Opacity::Ramp,
            "fall" => Opacity::Fall,
            "thin" => Opacity::Thin,
            "peaks" => Opacity::Peaks,
            "ends" => Opacity::Ends,
            "even" => Opacity::Even,
            _ => return None,
        })
    }

    /// Optical depth of the longest side of the box if it were filled with the value at `s` (0 to 1) of the range. What lies
    /// below the range has none.
    pub fn depth(self, s: f32) -> f32 {
        let s = s.clamp(0.0, 1.0);
        match self {
            Opacity::Ramp => 16.0 * s.powf(1.6),
            Opacity::Fall => 14.0 * (1.0 - s) * (1.0 - s),
            Opacity::Thin => 9.0 * s.powi(4),
            Opacity::Peaks => {
                let shell = |at: f32| (1.0 - (s - at).abs() / 0.025).max(0.0);
                [(0.2, 12.0), (0.35, 18.0), (0.5, 26.0), (0.7, 44.0), (0.9, 80.0)]
                    .into_iter()
                    .map(|(at, dense)| dense * shell(at))
                    .fold(0.0, f32::max)
            }
            Opacity::Ends => 20.0 * ((2.0 * s - 1.0).abs() - 0.25).max(0.0).powi(2),
            Opacity::Even => 2.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_course_that_shows_something() {
        for (name, _) in Opacity::NAMES {
            let course = Opacity::named(name).unwrap();
            let largest = (0..=1000).map(|i| course.depth(i as f32 / 1000.0)).fold(0.0, f32::max);
            assert!(largest > 1.0, "{name}");
        }
        assert!(Opacity::named("steep").is_none());
        assert_eq!((Opacity::Ramp.depth(0.0), Opacity::Thin.depth(-1.0), Opacity::Ends.depth(0.5)), (0.0, 0.0, 0.0));
    }
}
