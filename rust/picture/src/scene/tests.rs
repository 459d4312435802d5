use super::*;

const SIZE: [usize; 2] = [240, 200];

/// The distance from the middle, of 33 points each way, 0 to about 1.7.
fn ball() -> Volume {
    let n = 33usize;
    let at = |i: usize| i as f32 / 16.0 - 1.0;
    let distance = |i: usize| {
        let p = [at(i % n), at(i / n % n), at(i / n / n)];
        p.iter().map(|c| c * c).sum::<f32>().sqrt()
    };
    Volume::new((0..n * n * n).map(distance).collect(), [n; 3], [1.0; 3]).unwrap()
}

fn scene(mode: Mode) -> Scene {
    Scene {
        mode,
        camera: Camera { orthographic: true, ..Camera::default() },
        colours: ColourMap::named("grey").unwrap(),
        range: (0.0, 1.0),
        background: [255, 0, 255],
        axes: Default::default(),
    }
}

/// Pixels of something else than the background and the box.
fn covered(canvas: &Canvas) -> Vec<(usize, usize)> {
    let all = (0..canvas.height).flat_map(|y| (0..canvas.width).map(move |x| (x, y)));
    // What is grey: neither magenta nor an edge over it.
    all.filter(|&(x, y)| {
        let [r, g, b] = canvas.pixel(x, y);
        r.abs_diff(g) < 10 && b.abs_diff(g) < 10
    })
    .collect()
}

#[test]
fn the_surface_of_a_ball_has_the_outline_of_a_ball() {
    let scene = scene(Mode::Isosurface(vec![0.8]));
    let canvas = scene.draw(&ball(), SIZE, 12.0).unwrap();
    // A radius of 0.8 of half the box, which is 0.5 long; pixels per unit as the view has them.
    let view = scene.camera.view([0.5; 3], SIZE);
    let [a, b] = [[0.0, 0.0, 0.0], [0.0, 0.0, 0.4]].map(|p| view.pixel(p));
    let radius = f64::from((a[1] - b[1]) / 22f32.to_radians().cos());
    let expected = std::f64::consts::PI * radius * radius;
    let area = covered(&canvas).len() as f64;
    assert!((area / expected - 1.0).abs() < 0.04, "{area} pixels instead of {expected}");
}

#[test]
fn surfaces_are_brighter_towards_the_light() {
    let canvas = scene(Mode::Isosurface(vec![0.8])).draw(&ball(), SIZE, 12.0).unwrap();
    let [lit, middle, dark] = [(95, 75), (120, 100), (145, 125)].map(|(x, y)| canvas.pixel(x, y)[0]);
    assert!(lit > middle && middle > dark, "{lit} {middle} {dark}");
}

#[test]
fn a_veil_shows_what_lies_behind_it() {
    let one = scene(Mode::Isosurface(vec![0.4])).draw(&ball(), SIZE, 12.0).unwrap();
    let both = scene(Mode::Isosurface(vec![0.8, 0.4])).draw(&ball(), SIZE, 12.0).unwrap();
    let hidden = scene(Mode::Isosurface(vec![0.4, 0.8])).draw(&ball(), SIZE, 12.0).unwrap();
    let only = scene(Mode::Isosurface(vec![0.8])).draw(&ball(), SIZE, 12.0).unwrap();
    assert!(covered(&one).len() * 2 < covered(&only).len());
    assert_ne!(both.pixel(120, 100), only.pixel(120, 100));
    assert_eq!(hidden.pixel(120, 100), only.pixel(120, 100));
}

#[test]
fn nothing_is_drawn_where_nothing_is() {
    let empty = Volume::new(vec![0.0; 1000], [10; 3], [1.0; 3]).unwrap();
    let missing = Volume::new(vec![f32::NAN; 1000], [10; 3], [1.0; 3]).unwrap();
    for (volume, mode) in [
        (&empty, Mode::Volume(Opacity::Ramp)),
        (&empty, Mode::Isosurface(vec![0.5])),
        (&missing, Mode::Volume(Opacity::Even)),
        (&missing, Mode::Maximum),
        (&missing, Mode::Isosurface(vec![0.5])),
    ] {
        let canvas = scene(mode.clone()).draw(volume, SIZE, 12.0).unwrap();
        assert_eq!(covered(&canvas), [], "{mode:?}");
    }
    // The same values in the same place are seen where they are dense.
    let canvas = scene(Mode::Volume(Opacity::Fall)).draw(&empty, SIZE, 12.0).unwrap();
    assert!(covered(&canvas).len() > 5000);
}

#[test]
fn the_largest_value_has_the_colour_of_the_end() {
    let mut values = vec![0.25; 1000];
    values[555] = 1.0;
    let volume = Volume::new(values, [10; 3], [1.0; 3]).unwrap();
    let mut scene = scene(Mode::Maximum);
    let brightest = |s: &Scene| {
        let canvas = s.draw(&volume, [600, 500], 12.0).unwrap();
        covered(&canvas).iter().map(|&(x, y)| canvas.pixel(x, y)[1]).fold((255, 0), |(l, h), v| (v.min(l), v.max(h)))
    };
    let (low, high) = brightest(&scene);
    assert!(low.abs_diff(64) < 3 && high > 215, "{low} {high}");
    scene.range = (0.25, 0.5);
    assert_eq!(brightest(&scene), (0, 255));
}

#[test]
fn bricks_that_are_passed_over_change_nothing() {
    let camera = Camera { azimuth: 51.0, elevation: -37.0, ..Camera::default() };
    let ball = ball();
    let view = camera.view(ball.half(), SIZE);
    let seen = cast::Surface { value: 0.3, colour: [0.2, 0.5, 0.9], opacity: 1.0 };
    // Surfaces that nobody sees, so close that no brick is without one.
    let unseen = (1..80).map(|i| cast::Surface { value: i as f32 * 0.02, opacity: 0.0, ..seen });
    let everywhere: Vec<cast::Surface> = unseen.chain([seen]).collect();
    let passed_over = cast::surfaces(&ball, &view, SIZE, &[seen]);
    assert!(passed_over.iter().filter(|l| l[3] == 1.0).count() > 300);
    assert_eq!(passed_over, cast::surfaces(&ball, &view, SIZE, &everywhere));
}

#[test]
fn small_and_large_values_look_the_same() {
    let n = 33usize;
    let scaled = |factor: f32| {
        let ball = ball();
        let values = (0..n * n * n).map(|i| factor * ball.at([i % n, i / n % n, i / n / n]));
        let volume = Volume::new(values.collect(), [n; 3], [1.0; 3]).unwrap();
        let mut scene = scene(Mode::Isosurface(vec![f64::from(0.8 * factor)]));
        scene.range.1 = f64::from(factor);
        scene.draw(&volume, SIZE, 12.0).unwrap()
    };
    let (small, one, large) = (scaled(1e-30), scaled(1.0), scaled(1e30));
    for other in [small, large] {
        let off = one.bytes().iter().zip(other.bytes()).filter(|(a, b)| a.abs_diff(**b) > 8).count();
        assert!(off < one.bytes().len() / 1000, "{off} bytes differ");
    }
}

#[test]
fn cameras_that_see_nothing_are_refused() {
    let mut scene = scene(Mode::Maximum);
    scene.camera.zoom = f64::NAN;
    assert!(scene.draw(&ball(), SIZE, 12.0).unwrap_err().to_string().contains("zoom"));
}
