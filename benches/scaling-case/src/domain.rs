//! The field and its blocks: a vortex sheet that rolls up, in closed form, so that every rank can make its part of it.

use limbeck_field::Extent;

/// The value at a grid point: a layer between two densities, wound up by three vortices that drift and turn, with a wave
/// across it. Everything depends on the place in the domain, so a finer grid shows the same.
pub fn value(at: &[usize], shape: &[usize], step: usize, steps: usize) -> f32 {
    let [z, y, x] = [0, 1, 2].map(|a| at[a] as f64 / (shape[a].max(2) - 1) as f64);
    let t = step as f64 / steps.max(2) as f64;
    let (mut u, mut v) = (x, y);
    for k in 0..3 {
        let (cx, cy) = (0.2 + 0.3 * k as f64 + 0.1 * t, 0.5 + 0.05 * (6.0 * z + k as f64).sin());
        let (dx, dy) = (u - cx, v - cy);
        let turn = 5.0 * t * (-(dx * dx + dy * dy) / 0.012).exp();
        (u, v) = (cx + turn.cos() * dx - turn.sin() * dy, cy + turn.sin() * dx + turn.cos() * dy);
    }
    let sheet = ((v - 0.5 + 0.03 * (12.0 * u + 4.0 * z).sin()) / 0.03).tanh();
    (1.5 + 0.5 * sheet + 0.1 * (9.0 * x + 7.0 * z - 3.0 * t).sin()) as f32
}

/// Index along each axis of a point, by its position in C order.
pub fn place(mut linear: usize, shape: &[usize]) -> Vec<usize> {
    let mut at = vec![0; shape.len()];
    for (i, n) in at.iter_mut().zip(shape).rev() {
        (*i, linear) = (linear % n, linear / n);
    }
    at
}

/// The values of a block in C order.
pub fn block(extent: &Extent, shape: &[usize], step: usize, steps: usize) -> Vec<f32> {
    let global = |i: usize| -> Vec<usize> {
        place(i, &extent.count).iter().zip(&extent.offset).map(|(local, offset)| local + offset).collect()
    };
    (0..extent.len()).map(|i| value(&global(i), shape, step, steps)).collect()
}

/// The domain in so many blocks along its axes, last axis fastest.
pub fn cut(shape: &[usize], parts: &[usize]) -> Vec<Extent> {
    let n: usize = parts.iter().product();
    let extent = |b: usize| {
        let of = place(b, parts);
        let axes = of.iter().zip(shape).zip(parts).map(|((i, n), p)| (i * n / p, (i + 1) * n / p - i * n / p));
        let (offset, count) = axes.unzip();
        Extent { offset, count }
    };
    (0..n).map(extent).collect()
}

/// Whether a point lies along the face of a block inside the domain.
pub fn on_seam(at: &[usize], shape: &[usize], blocks: &[Extent]) -> bool {
    let Some(b) = blocks.iter().find(|b| b.contains(at)) else { return false };
    (0..at.len()).any(|a| {
        let (first, last) = (b.offset[a], b.offset[a] + b.count[a] - 1);
        at[a] == first && first > 0 || at[a] == last && last + 1 < shape[a]
    })
}
