//! A simulation to be disturbed: explicit diffusion with advection on a ghosted grid, as much memory traffic as
//! arithmetic, on one core.

/// Layers of ghosts on each side.
pub const GHOSTS: usize = 2;

/// A periodic scalar field of edge^3 cells, with ghosts around it.
pub struct Solver {
    edge: usize,
    now: Vec<f64>,
    next: Vec<f64>,
}

impl Solver {
    /// A few smooth blobs in a cube of `edge` cells per side.
    pub fn new(edge: usize) -> Solver {
        let pitch = edge + 2 * GHOSTS;
        let mut solver = Solver { edge, now: vec![0.0; pitch * pitch * pitch], next: vec![0.0; pitch * pitch * pitch] };
        let wave = |i: usize, k: f64| (k * i as f64 * std::f64::consts::TAU / edge as f64).sin();
        for z in 0..edge {
            for y in 0..edge {
                let row = solver.row(z, y);
                for x in 0..edge {
                    let (a, b) = (wave(x, 1.0) * wave(y, 2.0) * wave(z, 1.0), wave(x + 2 * y, 3.0) * wave(z + x, 2.0));
                    solver.now[row + x] = 1.0 + (3.0 * a + b).tanh();
                }
            }
        }
        solver
    }

    /// Cells along an edge, ghosts included.
    pub fn pitch(&self) -> usize {
        self.edge + 2 * GHOSTS
    }

    /// Distance in bytes between neighbours along each axis, slowest first.
    pub fn strides(&self) -> [usize; 3] {
        let row = self.pitch() * size_of::<f64>();
        [self.pitch() * row, row, size_of::<f64>()]
    }

    /// Index of the first inner cell of a row.
    pub fn row(&self, z: usize, y: usize) -> usize {
        ((z + GHOSTS) * self.pitch() + y + GHOSTS) * self.pitch() + GHOSTS
    }

    /// The field from its first inner cell on.
    pub fn field(&self) -> &[f64] {
        &self.now[self.row(0, 0)..]
    }

    /// Values from the first inner cell to the last, ghosts between them included.
    pub fn span(&self) -> usize {
        self.row(self.edge - 1, self.edge - 1) + self.edge - self.row(0, 0)
    }

    /// One time step.
    pub fn step(&mut self) {
        self.fill_ghosts();
        let (edge, pitch) = (self.edge, self.pitch());
        let plane = pitch * pitch;
        for z in 0..edge {
            for y in 0..edge {
                let at = self.row(z, y);
                // One slice per neighbour, so that the loop below has no bound to check.
                let around = |offset: isize| &self.now[at.wrapping_add_signed(offset)..][..edge];
                let (plane, pitch) = (plane as isize, pitch as isize);
                let (c, w, e) = (around(0), around(-1), around(1));
                let (s, n, d, u) = (around(-pitch), around(pitch), around(-plane), around(plane));
                let out = &mut self.next[at..][..edge];
                for x in 0..edge {
                    let laplacian = w[x] + e[x] + s[x] + n[x] + d[x] + u[x] - 6.0 * c[x];
                    let upwind = 0.15 * (c[x] - w[x]) + 0.10 * (c[x] - s[x]) + 0.05 * (c[x] - d[x]);
                    out[x] = c[x] + 0.02 * laplacian - upwind;
                }
            }
        }
        std::mem::swap(&mut self.now, &mut self.next);
    }

    /// Copies the cells of the far side into the ghosts, axis after axis, so that edges and corners come right.
    fn fill_ghosts(&mut self) {
        let (edge, pitch) = (self.edge, self.pitch());
        let strides = [pitch * pitch, pitch, 1];
        for (axis, &along) in strides.iter().enumerate() {
            let (a, b) = (strides[(axis + 1) % 3], strides[(axis + 2) % 3]);
            for i in 0..pitch {
                for j in 0..pitch {
                    let line = i * a + j * b;
                    for g in 0..GHOSTS {
                        self.now[line + g * along] = self.now[line + (g + edge) * along];
                        self.now[line + (g + edge + GHOSTS) * along] = self.now[line + (g + GHOSTS) * along];
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_conserved_and_the_field_moves() {
        let mut solver = Solver::new(16);
        let total = |s: &Solver| -> f64 {
            (0..16)
                .flat_map(|z| (0..16).map(move |y| (z, y)))
                .map(|(z, y)| s.now[s.row(z, y)..][..16].iter().sum::<f64>())
                .sum()
        };
        let (before, first) = (total(&solver), solver.field()[5]);
        for _ in 0..10 {
            solver.step();
        }
        assert!((total(&solver) - before).abs() < 1e-9 * before.abs());
        assert!((solver.field()[5] - first).abs() > 1e-4);
    }
}
