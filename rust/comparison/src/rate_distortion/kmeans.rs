//! k-means of numbers: in one dimension the best clusters can be found, by dynamic programming.

/// Numbers as the centres of their clusters.
pub struct Clusters {
    /// Ascending.
    pub centres: Vec<f32>,
    /// Of each number, which centre stands for it.
    pub indices: Vec<u32>,
}

/// The `k` clusters (as many as there are numbers, if they are fewer) with the least sum of squared distances to their means:
/// no seeds and no local optima (Wang and Song 2011, Ckmeans.1d.dp). Takes k n log n steps, and 4 k n bytes.
pub fn cluster(values: &[f32], k: usize) -> Clusters {
    let n = values.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let sorted = Sorted::new(order.iter().map(|&i| f64::from(values[i])));
    let mut clusters = Clusters { centres: Vec::new(), indices: vec![0; n] };
    let mut begin = 0;
    for (index, end) in sorted.ends(k.min(n)).into_iter().enumerate() {
        clusters.centres.push(sorted.mean(begin, end) as f32);
        order[begin..end].iter().for_each(|&i| clusters.indices[i] = index as u32);
        begin = end;
    }
    clusters
}

/// Sums of the first i numbers of an ascending list, and of their squares.
struct Sorted {
    sums: Vec<f64>,
    squares: Vec<f64>,
}

impl Sorted {
    fn new(values: impl Iterator<Item = f64>) -> Sorted {
        let (mut sums, mut squares) = (vec![0.0], vec![0.0]);
        let (mut sum, mut square) = (0.0, 0.0);
        for v in values {
            (sum, square) = (sum + v, square + v * v);
            sums.push(sum);
            squares.push(square);
        }
        Sorted { sums, squares }
    }

    fn mean(&self, begin: usize, end: usize) -> f64 {
        (self.sums[end] - self.sums[begin]) / (end - begin) as f64
    }

    /// Squared distances of these numbers to their mean.
    fn cost(&self, begin: usize, end: usize) -> f64 {
        let sum = self.sums[end] - self.sums[begin];
        (self.squares[end] - self.squares[begin] - sum * sum / (end - begin) as f64).max(0.0)
    }

    /// Where each of the best `k` clusters ends.
    fn ends(&self, k: usize) -> Vec<usize> {
        let n = self.sums.len() - 1;
        // The least cost of the first j numbers in m clusters, and where the last of these begins.
        let mut least: Vec<f64> = (0..=n).map(|j| if j == 0 { 0.0 } else { f64::INFINITY }).collect();
        let mut begins = Vec::with_capacity(k);
        for m in 1..=k {
            let mut level =
                Level { sorted: self, before: &least, now: vec![f64::INFINITY; n + 1], begin: vec![0; n + 1] };
            level.fill((m, n), (m - 1, n - 1));
            begins.push(level.begin);
            least = level.now;
        }
        let mut ends = vec![n; k];
        for m in (1..k).rev() {
            ends[m - 1] = begins[m][ends[m]] as usize;
        }
        ends
    }
}

/// One more cluster.
struct Level<'a> {
    sorted: &'a Sorted,
    before: &'a [f64],
    now: Vec<f64>,
    begin: Vec<u32>,
}

impl Level<'_> {
    /// For all j from the first to the last, with clusters that begin within these limits: the more numbers, the later the last
    /// cluster begins, so that the middle one halves the limits of the others.
    fn fill(&mut self, (first, last): (usize, usize), (low, high): (usize, usize)) {
        if first > last {
            return;
        }
        let j = usize::midpoint(first, last);
        let mut best = low;
        for i in low..=high.min(j - 1) {
            let cost = self.before[i] + self.sorted.cost(i, j);
            if cost < self.now[j] {
                (self.now[j], best) = (cost, i);
            }
        }
        self.begin[j] = best as u32;
        self.fill((first, j - 1), (low, best));
        self.fill((j + 1, last), (best, high));
    }
}

#[cfg(test)]
mod tests {
    use limbeck_network::Random;

    use super::*;

    fn squared_error(values: &[f32], c: &Clusters) -> f64 {
        values.iter().zip(&c.indices).map(|(v, &i)| f64::from(v - c.centres[i as usize]).powi(2)).sum()
    }

    #[test]
    fn a_mixture_falls_into_its_parts() {
        let random = Random::new(&[5]);
        let of = |n: u64| [-2.0, 0.1, 0.5, 7.0][random.below(2 * n, 4) as usize];
        let values: Vec<f32> = (0..2000).map(|n| (of(n) + 0.1 * (random.uniform(2 * n + 1) - 0.5)) as f32).collect();
        let c = cluster(&values, 4);
        for (found, centre) in c.centres.iter().zip([-2.0, 0.1, 0.5, 7.0]) {
            assert!((found - centre).abs() < 0.01, "{:?}", c.centres);
        }
        assert!(values.iter().zip(&c.indices).all(|(v, &i)| (v - c.centres[i as usize]).abs() < 0.07));
    }

    #[test]
    fn no_other_cuts_are_better() {
        let random = Random::new(&[6]);
        for case in 0..20 {
            let values: Vec<f32> = (0..9).map(|n| (10.0 * random.uniform(100 * case + n).powi(3)) as f32).collect();
            let mut sorted = values.clone();
            sorted.sort_by(f32::total_cmp);
            let sums = Sorted::new(sorted.iter().map(|&v| f64::from(v)));
            let cuts = (1..8).flat_map(|a| (a + 1..9).map(move |b| (a, b)));
            let best = cuts.map(|(a, b)| sums.cost(0, a) + sums.cost(a, b) + sums.cost(b, 9)).fold(f64::MAX, f64::min);
            let found = squared_error(&values, &cluster(&values, 3));
            assert!((found - best).abs() < 1e-5 * (1.0 + best), "{found} {best}");
        }
    }

    #[test]
    fn few_numbers_are_kept() {
        let c = cluster(&[3.0, -1.0, 2.0], 8);
        assert_eq!((c.centres, c.indices), (vec![-1.0, 2.0, 3.0], vec![2, 0, 1]));
        assert!(cluster(&[], 4).centres.is_empty());
    }
}
