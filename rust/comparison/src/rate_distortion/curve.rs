//! What the runs of a contender measured, and what that says of a ratio between two of them.

/// What is measured of each run beside its ratio: name and unit, in the order of the fields of [`Figures`].
pub const FIGURES: [(&str, &str); 7] = [
    ("psnr", "dB"),
    ("psnr_min", "dB"),
    ("max_error", ""),
    ("ssim", ""),
    ("chamfer", "voxels"),
    ("encode_seconds", "s"),
    ("decode_seconds", "s"),
];

/// Quality and cost of a run. NaN: there is no such figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Over the whole series, by its range.
    pub psnr: f64,
    /// Of the worst step, by its own range.
    pub psnr_min: f64,
    /// Largest absolute error, in units of the data.
    pub max_error: f64,
    /// Mean over the steps.
    pub ssim: f64,
    /// Between the isosurfaces of original and decoded values.
    pub chamfer: f64,
    /// Of all steps.
    pub encode_seconds: f64,
    /// Of all steps.
    pub decode_seconds: f64,
}

impl Figures {
    /// In the order of [`FIGURES`].
    pub fn list(&self) -> [f64; FIGURES.len()] {
        let f = self;
        [f.psnr, f.psnr_min, f.max_error, f.ssim, f.chamfer, f.encode_seconds, f.decode_seconds]
    }

    fn of_list(f: [f64; FIGURES.len()]) -> Figures {
        let [psnr, psnr_min, max_error, ssim, chamfer, encode_seconds, decode_seconds] = f;
        Figures { psnr, psnr_min, max_error, ssim, chamfer, encode_seconds, decode_seconds }
    }
}

/// One run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// The ratio that it was asked for, of contenders that can be asked.
    pub asked: Option<f64>,
    /// Bytes of the data as float32 over bytes on the disk.
    pub ratio: f64,
    /// The rest.
    pub figures: Figures,
}

impl Run {
    /// Whether it is better in one of ratio and PSNR and not worse in the other.
    pub fn dominates(&self, other: &Run) -> bool {
        let (ratio, psnr) = (self.ratio - other.ratio, self.figures.psnr - other.figures.psnr);
        ratio >= 0.0 && psnr >= 0.0 && (ratio > 0.0 || psnr > 0.0)
    }
}

/// All runs of a contender over a series.
#[derive(Clone, Debug)]
pub struct Curve {
    /// Name of the contender.
    pub name: String,
    runs: Vec<Run>,
}

impl Curve {
    /// The runs in any order.
    pub fn new(name: &str, mut runs: Vec<Run>) -> Curve {
        runs.sort_by(|a, b| a.ratio.total_cmp(&b.ratio));
        Curve { name: name.to_owned(), runs }
    }

    /// By ascending ratio.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// The run that was asked for this ratio and reached it, as it is: what lies above the ratio is to its disadvantage.
    /// Without one, what the two runs next to the ratio say, linear over its logarithm. Nothing where no run has this
    /// ratio or less, or none has this or more.
    pub fn at(&self, ratio: f64) -> Option<Run> {
        if let Some(run) = self.runs.iter().find(|r| r.asked == Some(ratio) && r.ratio >= ratio) {
            return Some(*run);
        }
        let below = self.runs.iter().rfind(|r| r.ratio <= ratio)?;
        let above = self.runs.iter().find(|r| r.ratio >= ratio)?;
        let distance = (above.ratio / below.ratio).ln();
        let share = if distance > 0.0 { (ratio / below.ratio).ln() / distance } else { 0.0 };
        let (a, b) = (below.figures.list(), above.figures.list());
        let figures = Figures::of_list(std::array::from_fn(|i| between(a[i], b[i], share)));
        Some(Run { asked: None, ratio, figures })
    }
}

/// Without `inf - inf` where both are the same.
fn between(a: f64, b: f64, share: f64) -> f64 {
    if a == b { a } else { a + share * (b - a) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(asked: Option<f64>, ratio: f64, psnr: f64) -> Run {
        Run { asked, ratio, figures: Figures::of_list([psnr, 1.0, 2.0, 3.0, f64::NAN, 5.0, 6.0]) }
    }

    #[test]
    fn between_two_runs_it_is_linear_over_the_logarithm() {
        let curve = Curve::new("a", vec![run(None, 1000.0, 30.0), run(None, 10.0, 60.0), run(None, 100.0, 50.0)]);
        let psnr = |ratio| curve.at(ratio).map(|r: Run| r.figures.psnr);
        assert_eq!(psnr(100.0), Some(50.0));
        assert!((psnr(10f64.powf(2.5)).unwrap() - 40.0).abs() < 1e-12);
        assert!((psnr(10f64.powf(1.5)).unwrap() - 55.0).abs() < 1e-12);
        assert!(curve.at(50.0).unwrap().figures.chamfer.is_nan());
    }

    #[test]
    fn nothing_is_extrapolated() {
        let curve = Curve::new("a", vec![run(None, 10.0, 60.0), run(None, 100.0, 50.0)]);
        assert_eq!((curve.at(9.99), curve.at(100.1)), (None, None));
        assert!(curve.at(10.0).is_some() && curve.at(100.0).is_some());
        assert_eq!(Curve::new("a", Vec::new()).at(10.0), None);
    }

    #[test]
    fn a_run_that_reached_what_it_was_asked_for_stands_for_it() {
        let runs = vec![run(Some(10.0), 10.5, 60.0), run(Some(100.0), 101.0, 50.0), run(Some(1000.0), 990.0, 40.0)];
        let curve = Curve::new("a", runs);
        let at = |ratio| curve.at(ratio).map(|r: Run| (r.ratio, r.figures.psnr));
        assert_eq!((at(10.0), at(100.0)), (Some((10.5, 60.0)), Some((101.0, 50.0))));
        // The last stays below what it was asked for, and nothing is above it.
        assert_eq!(at(1000.0), None);
        let (_, psnr) = at(990.0).unwrap();
        assert_eq!(psnr, 40.0);
    }
}
