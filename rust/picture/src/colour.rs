//! Colour maps: our own are made in Oklab (B. Ottosson, 2020) so that equal differences of values look equally large,
//! those that people know by name come from the crate `colorous`.

use std::f64::consts::PI;

/// sRGB.
pub type Rgb = [u8; 3];

/// What is not a number.
pub const MISSING: Rgb = [150, 150, 150];

const SIZE: usize = 512;

/// A table of colours over an interval.
#[derive(Clone, Debug, PartialEq)]
pub struct ColourMap(Vec<Rgb>);

impl ColourMap {
    /// Names of all maps and what they are for, as [`ColourMap::named`] takes them.
    pub const NAMES: [(&'static str, &'static str); 10] = [
        ("lagoon", "dark violet over blue and green to light yellow; the default"),
        ("viridis", "dark violet over green to yellow"),
        ("inferno", "black over red to light yellow"),
        ("magma", "black over purple to white"),
        ("plasma", "blue over red to yellow"),
        ("turbo", "rainbow, its colours evenly bright"),
        ("coolwarm", "blue over light grey to red, for values on both sides of a middle"),
        ("diverging", "blue over white to red, stronger"),
        ("grey", "black to white"),
        ("ice", "white to dark blue, for light backgrounds"),
    ];

    /// The map of this name; None if there is none.
    pub fn named(name: &str) -> Option<ColourMap> {
        let known = |gradient: colorous::Gradient| {
            let colour = |i: usize| {
                let colorous::Color { r, g, b } = gradient.eval_rational(i, SIZE);
                [r, g, b]
            };
            ColourMap((0..SIZE).map(colour).collect())
        };
        Some(match name {
            "lagoon" => ColourMap::sequential(),
            "viridis" => known(colorous::VIRIDIS),
            "inferno" => known(colorous::INFERNO),
            "magma" => known(colorous::MAGMA),
            "plasma" => known(colorous::PLASMA),
            "turbo" => known(colorous::TURBO),
            "coolwarm" => ColourMap::coolwarm(),
            "diverging" => ColourMap::diverging(),
            "grey" => ColourMap((0..SIZE).map(|i| [(i * 255 / (SIZE - 1)) as u8; 3]).collect()),
            "ice" => ColourMap::along(|s| (0.985 - 0.70 * s, 0.02 + 0.10 * s, (225.0 + 25.0 * s) * PI / 180.0)),
            _ => return None,
        })
    }

    /// For values with a smallest and a largest: dark violet over blue and green to light yellow, lightness always
    /// rising, so that it survives colour blindness and grey printing.
    pub fn sequential() -> ColourMap {
        Self::along(|s| {
            let lightness = 0.24 + 0.69 * s;
            let hue = (298.0 - 192.0 * s.powf(1.15)) * PI / 180.0;
            // As much as a screen can show along the whole way: blue-green is where it can show least.
            let chroma = 0.094 + 0.05 * s.powi(3);
            (lightness, chroma, hue)
        })
    }

    /// For differences: blue below zero, near white at zero, red above; both arms equally dark at equal distance.
    pub fn diverging() -> ColourMap {
        Self::along(|s| {
            let arm = 2.0 * s - 1.0;
            let distance = arm.abs();
            let hue: f64 = if arm < 0.0 { 258.0 } else { 27.0 };
            (0.97 - 0.55 * distance, 0.155 * distance.powf(0.85), hue * PI / 180.0)
        })
    }

    /// Between the blue and the red that K. Moreland (Diverging Color Maps for Scientific Visualization, 2009) proposed.
    fn coolwarm() -> ColourMap {
        Self::along(|s| {
            let arm = 2.0 * s - 1.0;
            let distance = arm.abs();
            let hue: f64 = if arm < 0.0 { 267.0 } else { 27.0 };
            (0.89 - 0.41 * distance.powf(1.4), 0.18 * distance, hue * PI / 180.0)
        })
    }

    /// Samples a path (lightness, chroma, hue in radians) at equal distances in Oklab.
    fn along(path: impl Fn(f64) -> (f64, f64, f64)) -> ColourMap {
        const FINE: usize = 4096;
        let points: Vec<[f64; 3]> = (0..=FINE)
            .map(|i| {
                let (lightness, chroma, hue) = path(i as f64 / FINE as f64);
                within_gamut(lightness, chroma, hue)
            })
            .collect();
        let mut length = vec![0.0];
        for pair in points.windows(2) {
            length.push(length[length.len() - 1] + distance(pair[0], pair[1]));
        }
        let total = length[FINE];
        let colours = (0..SIZE).map(|i| {
            let wanted = total * i as f64 / (SIZE - 1) as f64;
            srgb(points[length.partition_point(|&l| l < wanted).min(FINE)]).map(|c| (c * 255.0).round() as u8)
        });
        ColourMap(colours.collect())
    }

    /// Colour of a value where the map has the ends `low` and `high`; the lowest colour where they are equal.
    pub fn of(&self, value: f64, (low, high): (f64, f64)) -> Rgb {
        self.at(position(value, low, high))
    }

    /// Colour at `s` in 0..1; beyond it the end's, for NaN that of what is missing.
    pub fn at(&self, s: f64) -> Rgb {
        match s.is_nan() {
            true => MISSING,
            false => self.0[(s.clamp(0.0, 1.0) * (SIZE - 1) as f64).round() as usize],
        }
    }
}

/// Where a value lies between two ends, 0 to 1 and beyond; 0 where they are equal and NaN for what is no finite number.
pub fn position(value: f64, low: f64, high: f64) -> f64 {
    match () {
        () if !value.is_finite() => f64::NAN,
        // Halved, because the difference of two large values may be infinite.
        () if high > low => (value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0),
        () => 0.0,
    }
}

/// The Oklab colour with the largest chroma up to `chroma` that a screen can show.
fn within_gamut(lightness: f64, chroma: f64, hue: f64) -> [f64; 3] {
    let lab = |c: f64| [lightness, c * hue.cos(), c * hue.sin()];
    let shown = |c: f64| linear(lab(c)).iter().all(|v| (-1e-9..=1.0 + 1e-9).contains(v));
    if shown(chroma) {
        return lab(chroma);
    }
    let (mut low, mut high) = (0.0, chroma);
    for _ in 0..30 {
        let middle = (low + high) / 2.0;
        if shown(middle) { low = middle } else { high = middle }
    }
    lab(low)
}

fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// Oklab to linear sRGB.
fn linear([l, a, b]: [f64; 3]) -> [f64; 3] {
    let cone = [
        (l + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3),
        (l - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3),
        (l - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3),
    ];
    let mix = |w: [f64; 3]| cone.iter().zip(w).map(|(c, w)| c * w).sum();
    [
        mix([4.076_741_662_1, -3.307_711_591_3, 0.230_969_929_2]),
        mix([-1.268_438_004_6, 2.609_757_401_1, -0.341_319_396_5]),
        mix([-0.004_196_086_3, -0.703_418_614_7, 1.707_614_701_0]),
    ]
}

/// Oklab to sRGB with its transfer curve.
fn srgb(lab: [f64; 3]) -> [f64; 3] {
    linear(lab).map(|v| match v.clamp(0.0, 1.0) {
        v if v <= 0.003_130_8 => 12.92 * v,
        v => 1.055 * v.powf(1.0 / 2.4) - 0.055,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lightness (Oklab) of an sRGB colour.
    fn lightness(rgb: Rgb) -> f64 {
        let [r, g, b] = rgb.map(|c| match f64::from(c) / 255.0 {
            v if v <= 0.040_45 => v / 12.92,
            v => ((v + 0.055) / 1.055).powf(2.4),
        });
        let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
        let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
        let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
        0.210_454_255_3 * l + 0.793_617_785_0 * m - 0.004_072_046_8 * s
    }

    #[test]
    fn lightness_rises_over_the_sequential_map() {
        let map = ColourMap::sequential();
        let l: Vec<f64> = (0..=64).map(|i| lightness(map.at(f64::from(i) / 64.0))).collect();
        assert!(l.windows(2).all(|w| w[1] > w[0]), "{l:?}");
        assert!(l[0] < 0.3 && l[64] > 0.9);
    }

    #[test]
    fn every_name_is_a_map_with_two_ends() {
        for (name, _) in ColourMap::NAMES {
            let map = ColourMap::named(name).unwrap();
            assert_ne!(map.at(0.0), map.at(1.0), "{name}");
            assert_eq!(map.0.len(), SIZE);
        }
        assert_eq!(ColourMap::named("viridis").unwrap().at(0.0), [68, 1, 84]);
        assert_eq!(ColourMap::named("grey").unwrap().at(1.0), [255; 3]);
        assert!(ColourMap::named("rainbow").is_none());
    }

    #[test]
    fn the_diverging_map_is_balanced() {
        let map = ColourMap::diverging();
        for i in 0..=16 {
            let s = f64::from(i) / 32.0;
            let (below, above) = (map.at(0.5 - s), map.at(0.5 + s));
            assert!((lightness(below) - lightness(above)).abs() < 0.03, "{below:?} {above:?}");
        }
        assert!(map.at(0.5).iter().all(|c| *c > 235));
        assert_eq!(map.at(f64::NAN), MISSING);
        assert_eq!(map.at(7.0), map.at(1.0));
    }
}
