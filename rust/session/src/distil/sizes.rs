//! Which sizes of students are tried to reach a quality.

/// Students that are tried at most.
pub(super) const TRIES: u32 = 5;
/// Decibels that a student gains by twice the bytes, until two sizes were tried.
const USUAL_SLOPE: f64 = 3.5;
const SLOPES: (f64, f64) = (2.0, 8.0);
/// What is aimed at above the target, in dB: fits differ by chance.
const MARGIN: f64 = 0.15;
/// Sizes that differ by less, in octaves, are as good as one.
const CLOSE: f64 = 0.15;
/// Octaves from one size to the next at most.
const STRIDE: f64 = 3.0;

/// The search on one axis, size in octaves against decibels.
pub(super) struct Sizes {
    target: f64,
    /// A size, in octaves, that is known to be enough.
    enough: f64,
    next: Option<f64>,
    tried: Vec<(f64, f64)>,
}

impl Sizes {
    /// `enough`: bytes beyond which nothing is gained, if there are any.
    pub(super) fn new(first: u64, target: f64, enough: Option<u64>) -> Sizes {
        let enough = enough.map_or(f64::INFINITY, |bytes| (bytes as f64).log2());
        Sizes { target, enough, next: Some((first as f64).log2()), tried: Vec::new() }
    }

    /// Bytes to be tried next; None if there is no more to be gained.
    pub(super) fn next(&self) -> Option<u64> {
        self.next.map(|octaves| octaves.exp2() as u64).filter(|bytes| *bytes >= super::student::SMALLEST)
    }

    pub(super) fn tried(&mut self, bytes: u64, decibels: f64) {
        let size = (bytes as f64).log2();
        self.tried.push((size, decibels));
        let slope = match self.tried[..] {
            [.., (a, p), (b, q)] if a != b => ((q - p) / (b - a)).clamp(SLOPES.0, SLOPES.1),
            _ => USUAL_SLOPE,
        };
        let reached = |t: &&(f64, f64)| t.1 >= self.target;
        let enough = self.tried.iter().filter(reached).map(|t| t.0).fold(self.enough, f64::min);
        let too_small = self.tried.iter().filter(|t| !reached(t)).map(|t| t.0).fold(f64::NEG_INFINITY, f64::max);
        let wanted = size + (self.target + MARGIN - decibels) / slope;
        let (low, high) = (too_small + CLOSE, enough - CLOSE);
        self.next = (low <= high)
            .then(|| wanted.clamp(low.max(size - STRIDE), high.min(size + STRIDE).max(low.max(size - STRIDE))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes tried and the smallest that reached the target, with a student that gains `slope` dB by twice the bytes.
    fn search(target: f64, slope: f64) -> (Vec<u64>, Option<u64>) {
        let quality = |bytes: u64| 45.0 + slope * ((bytes as f64) / 20_000.0).log2();
        let mut sizes = Sizes::new(20_000, target, None);
        let mut tried = Vec::new();
        while let Some(bytes) = sizes.next().filter(|_| tried.len() < TRIES as usize) {
            sizes.tried(bytes, quality(bytes));
            tried.push(bytes);
        }
        let best = tried.iter().copied().filter(|b| quality(*b) >= target).min();
        (tried, best)
    }

    #[test]
    fn the_smallest_size_is_found_closely() {
        for slope in [2.0, 3.5, 6.0] {
            for target in [30.0, 38.0, 45.0, 50.0, 55.0] {
                let exact = 20_000.0 * f64::exp2((target - 45.0) / slope);
                let (tried, best) = search(target, slope);
                let best = best.unwrap_or(u64::MAX) as f64;
                assert!(
                    exact < 64.0 || (best >= exact * 0.999 && best < exact * 1.3),
                    "{slope} {target}: {tried:?}, {exact}"
                );
            }
        }
    }

    #[test]
    fn what_cannot_be_reached_ends() {
        let mut sizes = Sizes::new(1000, 80.0, None);
        for _ in 0..TRIES {
            let bytes = sizes.next().unwrap();
            sizes.tried(bytes, 40.0);
        }
        let mut bounded = Sizes::new(1000, 80.0, Some(1500));
        bounded.tried(1000, 40.0);
        assert!(bounded.next().unwrap() < 1500);
        let mut small = Sizes::new(100, 10.0, None);
        small.tried(100, 60.0);
        assert_eq!(small.next(), None);
    }
}
