//! Where a volume is looked at from.

use crate::volume::{Vector, along, cross, dot, unit};
use crate::{Error, Result};

/// Half the angle of view of a camera with perspective.
const HALF_ANGLE: f32 = 0.26;

/// A camera that looks at the middle of a box whose z axis points upwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    /// Degrees around the z axis; at 0 x points right and y away from the camera.
    pub azimuth: f64,
    /// Degrees above the plane of x and y.
    pub elevation: f64,
    /// 1 shows the whole box as large as possible, 2 twice as large.
    pub zoom: f64,
    /// Parallel rays instead of perspective.
    pub orthographic: bool,
}

impl Default for Camera {
    fn default() -> Camera {
        Camera { azimuth: 30.0, elevation: 22.0, zoom: 1.0, orthographic: false }
    }
}

/// A ray: points `origin + t direction`, where the direction has length 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ray {
    /// Where it begins.
    pub origin: Vector,
    /// Where it goes.
    pub direction: Vector,
}

impl Ray {
    /// The part of the ray (from, to) that lies within the box of these half lengths.
    pub fn within(&self, half: Vector) -> Option<(f32, f32)> {
        let (mut near, mut far) = (0.0f32, f32::INFINITY);
        for ((o, d), half) in self.origin.into_iter().zip(self.direction).zip(half) {
            if d.abs() < 1e-9 {
                if o.abs() > half {
                    return None;
                }
                continue;
            }
            let (t0, t1) = ((-half - o) / d, (half - o) / d);
            near = near.max(t0.min(t1));
            far = far.min(t0.max(t1));
        }
        (near < far).then_some((near, far))
    }
}

/// A camera before a box of its own: gives rays to pixels and pixels to points.
#[derive(Clone, Copy, Debug)]
pub struct View {
    eye: Vector,
    right: Vector,
    up: Vector,
    forward: Vector,
    orthographic: bool,
    /// Length on the plane at distance 1 (or anywhere, with parallel rays) per pixel.
    scale: f32,
    /// What the middle of the picture shows, on that plane.
    centre: [f32; 2],
    size: [f32; 2],
}

impl Camera {
    /// Errors: InvalidArgument for angles and zooms that make no view.
    pub fn check(&self) -> Result<()> {
        let fine = self.azimuth.is_finite() && self.elevation.abs() <= 90.0 && (0.05..=50.0).contains(&self.zoom);
        match fine {
            true => Ok(()),
            false => Err(Error::InvalidArgument(format!(
                "a camera at azimuth {}, elevation {}, zoom {} sees nothing: elevations are -90 to 90, zooms 0.05 to 50",
                self.azimuth, self.elevation, self.zoom
            ))),
        }
    }

    /// The camera before a box of these half lengths, and `size` pixels (across, down) to fill.
    pub fn view(&self, half: Vector, size: [usize; 2]) -> View {
        let (azimuth, elevation) = (self.azimuth.to_radians(), self.elevation.to_radians());
        let (sin, cos) = (azimuth.sin() as f32, azimuth.cos() as f32);
        let (rise, reach) = (elevation.sin() as f32, elevation.cos() as f32);
        let forward = [-sin * reach, cos * reach, -rise];
        let right = [cos, sin, 0.0];
        let up = cross(right, forward);
        let radius = dot(half, half).sqrt();
        let eye = forward.map(|c| -c * radius / HALF_ANGLE.sin());
        let size = size.map(|n| n as f32);
        let mut view =
            View { eye, right, up, forward, orthographic: self.orthographic, scale: 1.0, centre: [0.0; 2], size };
        // As large as all corners allow, with a margin.
        let corners: [[f32; 2]; 8] = std::array::from_fn(|i| view.plane(corner(half, i)));
        let bounds = [0, 1].map(|a| {
            let along = corners.iter().map(|c| c[a]);
            along.fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)))
        });
        view.centre = bounds.map(|(low, high)| (low + high) / 2.0);
        let needed = [0, 1].map(|a| (bounds[a].1 - bounds[a].0) / size[a]);
        view.scale = 1.1 * needed[0].max(needed[1]) / self.zoom as f32;
        view
    }
}

/// Corner 0 to 7 of a box: bit 0 is set where x is large, bit 1 for y, bit 2 for z.
pub fn corner(half: Vector, i: usize) -> Vector {
    std::array::from_fn(|a| if i >> a & 1 == 1 { half[a] } else { -half[a] })
}

impl View {
    /// The ray of a place in the picture, in pixels from its upper left corner.
    pub fn ray(&self, [x, y]: [f32; 2]) -> Ray {
        let u = self.centre[0] + (x - self.size[0] / 2.0) * self.scale;
        let v = self.centre[1] + (self.size[1] / 2.0 - y) * self.scale;
        match self.orthographic {
            true => Ray { origin: along(along(self.eye, self.right, u), self.up, v), direction: self.forward },
            false => Ray { origin: self.eye, direction: unit(along(along(self.forward, self.right, u), self.up, v)) },
        }
    }

    /// Where a point lies on the plane of the picture.
    fn plane(&self, point: Vector) -> [f32; 2] {
        let from_eye = along(point, self.eye, -1.0);
        let depth = if self.orthographic { 1.0 } else { dot(from_eye, self.forward) };
        [dot(from_eye, self.right) / depth, dot(from_eye, self.up) / depth]
    }

    /// The place of a point in the picture, in pixels from its upper left corner.
    pub fn pixel(&self, point: Vector) -> [f32; 2] {
        let [u, v] = self.plane(point);
        let [u, v] = [u - self.centre[0], v - self.centre[1]].map(|p| p / self.scale);
        [self.size[0] / 2.0 + u, self.size[1] / 2.0 - v]
    }

    /// True if the side of the box that faces `normal` and has `point` on it is turned to the camera.
    pub fn sees(&self, point: Vector, normal: Vector) -> bool {
        let looking = if self.orthographic { self.forward } else { along(point, self.eye, -1.0) };
        dot(looking, normal) < 0.0
    }

    /// Direction to the light: over the left shoulder of who looks.
    pub fn light(&self) -> Vector {
        let sideways = along(self.up, self.right, -0.7);
        unit(along(sideways, self.forward, -1.4))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rays_and_pixels_belong_together() {
        for orthographic in [false, true] {
            let camera = Camera { azimuth: 70.0, elevation: -40.0, zoom: 1.3, orthographic };
            let view = camera.view([0.5, 0.2, 0.4], [640, 480]);
            let point = [0.1, -0.15, 0.3];
            let ray = view.ray(view.pixel(point));
            let from = along(point, ray.origin, -1.0);
            let beside = along(from, ray.direction, -dot(from, ray.direction));
            assert!(dot(beside, beside).sqrt() < 1e-5, "{beside:?}");
        }
    }

    #[test]
    fn the_box_fills_the_picture() {
        for (azimuth, elevation) in [(0.0, 0.0), (45.0, 90.0), (200.0, 30.0)] {
            let camera = Camera { azimuth, elevation, ..Camera::default() };
            let view = camera.view([0.5, 0.5, 0.05], [600, 300]);
            let places: Vec<_> = (0..8).map(|i| view.pixel(corner([0.5, 0.5, 0.05], i))).collect();
            assert!(places.iter().all(|[x, y]| (0.0..600.0).contains(x) && (0.0..300.0).contains(y)), "{places:?}");
            let (left, top) = places.iter().fold((600f32, 300f32), |(l, t), p| (l.min(p[0]), t.min(p[1])));
            assert!(left < 40.0 || top < 20.0, "{left} {top}");
        }
    }

    #[test]
    fn at_azimuth_0_x_points_right_and_z_up() {
        let view = Camera { azimuth: 0.0, elevation: 10.0, ..Camera::default() }.view([0.5; 3], [200, 200]);
        let middle = view.pixel([0.0; 3]);
        assert!(view.pixel([0.3, 0.0, 0.0])[0] > middle[0] && view.pixel([0.0, 0.0, 0.3])[1] < middle[1]);
        assert!(view.sees([0.0, -0.5, 0.0], [0.0, -1.0, 0.0]) && !view.sees([0.0, 0.5, 0.0], [0.0, 1.0, 0.0]));
    }

    #[test]
    fn rays_meet_boxes() {
        let ray = Ray { origin: [-2.0, 0.1, 0.0], direction: [1.0, 0.0, 0.0] };
        assert_eq!(ray.within([0.5; 3]), Some((1.5, 2.5)));
        assert_eq!(ray.within([0.5, 0.05, 0.5]), None);
        assert!(Camera { elevation: 91.0, ..Camera::default() }.check().is_err());
        assert!(Camera { zoom: 0.0, ..Camera::default() }.check().is_err());
    }
}
