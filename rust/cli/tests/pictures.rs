//! Pictures, plots and pages: what their pixels and words must be, and what is said where there can be none.

mod program;

use std::path::Path;

use program::Bench;

/// Red, green and blue of each pixel, row by row.
struct Pixels {
    width: usize,
    rgb: Vec<[u8; 3]>,
}

impl Pixels {
    fn at(&self, x: usize, y: usize) -> [u8; 3] {
        self.rgb[y * self.width + x]
    }

    /// Places whose colour is told from any grey. The bar of colours, at the right, is not among them.
    fn coloured(&self) -> Vec<(usize, usize)> {
        let places = (0..self.rgb.len()).map(|i| (i % self.width, i / self.width));
        places
            .filter(|&(x, y)| {
                let [r, g, b] = self.at(x, y);
                x < self.width * 4 / 5 && r.max(g).max(b) - r.min(g).min(b) > 24
            })
            .collect()
    }
}

/// All frames of a PNG file.
fn frames(path: &Path) -> Vec<Pixels> {
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let count = reader.info().animation_control().map_or(1, |a| a.num_frames);
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    (0..count)
        .map(|_| {
            let info = reader.next_frame(&mut bytes).unwrap();
            assert_eq!(info.color_type, png::ColorType::Rgb);
            Pixels { width: info.width as usize, rgb: bytes.as_chunks::<3>().0.to_vec() }
        })
        .collect()
}

fn only_frame(path: &Path) -> Pixels {
    frames(path).pop().unwrap()
}

/// Balls that grow over four steps of n x n x n: values fall from 1 in the middle to below 0 in the corners.
fn balls(bench: &Bench, n: usize) {
    let at = |i: usize| 2.0 * i as f32 / (n - 1) as f32 - 1.0;
    let value = |i: usize| {
        let p = [at(i % n), at(i / n % n), at(i / n / n % n)];
        let size = 1.0 + 0.1 * (i / n / n / n) as f32;
        1.0 - p.iter().map(|c| c * c).sum::<f32>().sqrt() / size
    };
    let values: Vec<f32> = (0..4 * n * n * n).map(value).collect();
    bench.npy("ball.npy", &[4, n, n, n], &values);
    bench.compress(&["ball.npy", "-o", "run.lbk", "--max-error", "0.0005", "--times", "0:0.5"]).ends_with(0);
}

#[test]
fn surfaces_have_their_outline_and_their_light() {
    let bench = Bench::new();
    balls(&bench, 25);
    let area = |value: &str| {
        let straight = ["--camera", "0,0", "--orthographic", "--size", "400x300", "--step", "0", "-o", "a.png"];
        bench.limbeck(&[&["render", "run.lbk", "--isovalue", value], &straight[..]].concat()).ends_with(0);
        let pixels = only_frame(&bench.path("a.png"));
        let ball = pixels.coloured();
        let n = ball.len();
        let middle = ball.iter().fold((0, 0), |m, p| (m.0 + p.0, m.1 + p.1));
        let middle = (middle.0 / n, middle.1 / n);
        let light = |dx: i32, dy: i32| {
            let [r, g, b] = pixels.at((middle.0 as i32 + dx) as usize, (middle.1 as i32 + dy) as usize);
            u32::from(r) + u32::from(g) + u32::from(b)
        };
        assert!(light(-20, -20) > light(0, 0) && light(0, 0) > light(20, 20), "the light comes from the upper left");
        n as f64
    };
    let (small, large) = (area("0.6"), area("0.2"));
    assert!((large / small / 4.0 - 1.0).abs() < 0.04, "radii of 0.8 and 0.4: {large} and {small} pixels");
    assert!(small > 2000.0, "{small}");
}

#[test]
fn a_volume_of_zeros_is_background() {
    let bench = Bench::new();
    bench.npy("zero.npy", &[2, 12, 12, 12], &vec![0.0; 2 * 12 * 12 * 12]);
    bench.compress(&["zero.npy", "-o", "run.lbk"]).ends_with(0);
    bench.limbeck(&["render", "run.lbk", "-o", "a.png", "--size", "300x200"]).ends_with(0);
    assert_eq!(only_frame(&bench.path("a.png")).coloured(), []);
    bench.limbeck(&["render", "run.lbk", "-o", "b.png", "--size", "300x200", "--opacity", "even"]).ends_with(0);
    assert!(only_frame(&bench.path("b.png")).coloured().len() > 1000, "what is dense everywhere is seen");
    let none = bench.limbeck(&["render", "run.lbk", "-o", "c.png", "--mode", "isosurface"]);
    none.ends_with(0).says(&["all values", "no surface"]);
}

#[test]
fn animations_have_a_picture_for_each_step() {
    let bench = Bench::new();
    balls(&bench, 13);
    let small = ["--size", "160x120", "--fps", "5", "--json", "--quiet"];
    let render = |more: &[&str]| bench.limbeck(&[&["render", "run.lbk"], more, &small[..]].concat()).ends_with(0);
    let told = render(&["--steps", ":", "--isovalue", "0.3", "-o", "a.png"]);
    assert_eq!(told.stderr, "", "--quiet");
    let told = told.json();
    assert_eq!((&told["frames"], &told["steps"]), (&4.into(), &serde_json::json!([0, 1, 2, 3])));
    assert_eq!((&told["mode"], &told["files"][0]), (&"isosurface".into(), &"a.png".into()));
    let pictures = frames(&bench.path("a.png"));
    assert_eq!(pictures.len(), 4);
    let sizes: Vec<usize> = pictures.iter().map(|p| p.coloured().len()).collect();
    assert!(sizes.windows(2).all(|w| w[0] < w[1]), "the ball grows: {sizes:?}");

    render(&["--steps", "::2", "-o", "a.gif", "--mode", "mip"]);
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut reader = options.read_info(std::fs::File::open(bench.path("a.gif")).unwrap()).unwrap();
    let mut pictures = Vec::new();
    while let Some(frame) = reader.read_next_frame().unwrap() {
        assert_eq!((frame.width, frame.height, frame.delay), (160, 120, 20));
        pictures.push(frame.buffer.to_vec());
    }
    assert_eq!(pictures.len(), 2);
    assert_ne!(pictures[0], pictures[1]);
    assert_eq!(frames(&bench.path("a.png")).len(), 4);
    render(&["--step", "0", "-o", "a.png"]);
    assert_eq!(frames(&bench.path("a.png")).len(), 1, "a single step does not move");
}

#[test]
fn the_ends_of_the_range_have_the_end_colours() {
    let bench = Bench::new();
    let values: Vec<f32> = (0..8 * 8 * 8).map(|i| if i % 8 < 4 { -1.0 } else { 2.0 }).collect();
    bench.npy("u.npy", &[1, 8, 8, 8], &values);
    bench.compress(&["u.npy", "-o", "run.lbk", "--max-error", "0"]).ends_with(0);
    for (range, colours, left, right) in [
        ("-1,2", "viridis", [68, 1, 84], [253, 231, 36]),
        ("0,1", "grey", [0, 0, 0], [255, 255, 255]),
        ("2,5", "grey", [0, 0, 0], [0, 0, 0]),
    ] {
        let cut = ["--mode", "slice", "--range", range, "--colours", colours, "--size", "400x300", "-o", "a.png"];
        bench.limbeck(&[&["render", "run.lbk"], &cut[..]].concat()).ends_with(0);
        let pixels = only_frame(&bench.path("a.png"));
        // Left and right of the middle of the slice, which the box of the picture is around.
        let near = |a: [u8; 3], b: [u8; 3]| (0..3).all(|c| a[c].abs_diff(b[c]) < 4);
        let (a, b) = (pixels.at(110, 150), pixels.at(230, 150));
        assert!(near(a, left) && near(b, right), "{range} {colours}: {a:?} {b:?}");
    }
}

#[test]
fn planes_and_lines_have_pictures_too() {
    let bench = Bench::new();
    bench.wave("plane.npy", &[3, 20, 30]);
    bench.wave("line.npy", &[3, 40]);
    let (plane, line) = (["--variable", "p=plane.npy"], ["--variable", "l=line.npy"]);
    bench.compress(&[&plane[..], &line[..], &["-o", "run.lbk", "--max-error", "0.01"]].concat()).ends_with(0);
    bench.limbeck(&["render", "run.lbk", "-o", "a.png"]).ends_with(2).says(&["p, l", "--variable"]);
    let drawn = bench.limbeck(&["render", "run.lbk", "--variable", "p", "-o", "p.png", "--json"]).ends_with(0).json();
    assert_eq!(drawn["mode"], "slice");
    assert!(only_frame(&bench.path("p.png")).coloured().len() > 100_000);
    let drawn = bench.limbeck(&["render", "run.lbk", "--variable", "l", "--steps", ":", "-o", "l.png", "--json"]);
    assert_eq!(drawn.ends_with(0).json()["mode"], "curve");
    let curves = frames(&bench.path("l.png"));
    assert_eq!(curves.len(), 3);
    assert!((300..30_000).contains(&curves[0].coloured().len()), "a thin line");
    let wrong = |more: &[&str]| bench.limbeck(&[&["render", "run.lbk", "-o", "a.png", "--variable"], more].concat());
    wrong(&["p", "--mode", "volume"]).ends_with(2).says(&["--mode volume", "plane"]);
    wrong(&["l", "--isovalue", "10", "--mode", "isosurface"]).ends_with(2).says(&["line"]);
    wrong(&["p", "--axis", "x"]).ends_with(2).says(&["no third axis"]);
    bench.limbeck(&["report", "run.lbk"]).ends_with(0);
    let page = std::fs::read_to_string(bench.path("run.html")).unwrap();
    assert_eq!(page.matches("<img").count(), 6);
}

#[test]
fn large_volumes_are_thinned_and_that_is_said() {
    let bench = Bench::new();
    bench.npy("u.npy", &[1, 66, 66, 66], &vec![1.0; 66 * 66 * 66]);
    bench.compress(&["u.npy", "-o", "run.lbk"]).ends_with(0);
    let render = |more: &[&str]| {
        let all = [&["render", "run.lbk", "-o", "a.png", "--size", "100x100", "--json"], more].concat();
        bench.limbeck(&all).ends_with(0)
    };
    assert_eq!(render(&[]).json()["every"], 1);
    let thinned = render(&["--memory", "1"]).says(&["--memory 1 MiB", "33 x 33 x 33 of 66 x 66 x 66"]);
    assert_eq!(thinned.json()["every"], 2);
    assert_eq!(render(&["--every", "5"]).json()["every"], 5);
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let bench = Bench::new();
    balls(&bench, 9);
    let before = bench.files();
    let render = |more: &[&str]| bench.limbeck(&[&["render", "run.lbk", "-o", "a.png"], more].concat());
    render(&["--colours", "viridi"]).ends_with(2).says(&["viridi", "'viridis'"]);
    render(&["--opacity", "peak"]).ends_with(2).says(&["'peaks'"]);
    render(&["--mode", "slices"]).ends_with(2).says(&["'slice'"]);
    render(&["--isovalue", "7"]).ends_with(2).says(&["--isovalue 7", "step 3", "-0."]);
    render(&["--isovalue", "0.5,-7", "--steps", ":"]).ends_with(2).says(&["--isovalue -7", "these steps"]);
    render(&["--isovalue", "high"]).ends_with(2).says(&["high"]);
    render(&["--isovalue", "0.5", "--mode", "mip"]).ends_with(2).says(&["--mode isosurface", "--mode mip"]);
    render(&["--step", "4"]).ends_with(2).says(&["--step 4", "0 to 3"]);
    render(&["--step", "-5"]).ends_with(2).says(&["--step -5"]);
    render(&["--steps", "2:9"]).ends_with(2).says(&["--steps", "0:4"]);
    render(&["--step", "1", "--steps", ":"]).ends_with(2);
    render(&["--axis", "w"]).ends_with(2).says(&["--axis w", "z, y, x"]);
    render(&["--index", "9"]).ends_with(2).says(&["--index 9", "0 to 8"]);
    render(&["--axis", "y", "--mode", "volume"]).ends_with(2).says(&["--mode slice"]);
    render(&["--camera", "30"]).ends_with(2).says(&["AZIMUTH,ELEVATION"]);
    render(&["--camera", "30,100"]).ends_with(2).says(&["-90 to 90"]);
    render(&["--size", "big"]).ends_with(2).says(&["WIDTHxHEIGHT"]);
    render(&["--size", "10x10"]).ends_with(2).says(&["64 to 4096"]);
    render(&["--range", "1,0"]).ends_with(2).says(&["LOW,HIGH"]);
    render(&["--fps", "0"]).ends_with(2).says(&["--fps 0"]);
    render(&["--variable", "bal"]).ends_with(2).says(&["\"ball\""]);
    let write = |to: &str| bench.limbeck(&["render", "run.lbk", "-o", to]);
    write("a.jpg").ends_with(2).says(&["a.jpg", ".png or .gif"]);
    write("no/folder/a.png").ends_with(5).says(&["no/folder/a.png"]);
    bench.limbeck(&["render", "none.lbk", "-o", "a.png"]).ends_with(5).says(&["none.lbk"]);
    bench.limbeck(&["plot", "run.lbk", "-o", "a.pdf"]).ends_with(2).says(&[".svg or .png"]);
    bench.limbeck(&["plot", "run.lbk.d", "-o", "no/a.svg"]).ends_with(5);
    bench.limbeck(&["plot", "run.lbk", "--variable", "bal"]).ends_with(2).says(&["\"ball\""]);
    bench.limbeck(&["report", "run.lbk", "-o", "a.pdf"]).ends_with(2).says(&[".html"]);
    bench.limbeck(&["report", "run.lbk", "-o", "no/a.html"]).ends_with(5);
    bench.limbeck(&["report", "run.lbk", "--original", "none.npy"]).ends_with(5).says(&["none.npy"]);
    assert_eq!(bench.files(), before, "nothing is left behind");
}

#[test]
fn plots_show_each_variable() {
    let bench = Bench::new();
    bench.wave("u.npy", &[4, 8, 8, 8]);
    let two = ["--variable", "u=u.npy", "--variable", "v=u.npy"];
    bench.compress(&[&two[..], &["-o", "run.lbk", "--max-error", "0.01"]].concat()).ends_with(0);
    bench.limbeck(&["plot", "run.lbk"]).ends_with(4).says(&["no measurements", "journal"]);
    let told = bench.limbeck(&["plot", "run.lbk.d", "--json"]).ends_with(0).json();
    assert_eq!(told["files"], serde_json::json!(["run.svg"]));
    assert_eq!(told["variables"], serde_json::json!(["u", "v"]));
    let svg = std::fs::read_to_string(bench.path("run.svg")).unwrap();
    let charts = told["charts"].as_array().unwrap().len();
    assert_eq!(charts, 3, "{told}");
    assert_eq!(svg.matches("<circle").count(), charts * 2 * 4, "four steps of two variables");
    bench.limbeck(&["plot", "run.lbk.d", "--variable", "v", "-o", "v.png"]).ends_with(0);
    assert!(only_frame(&bench.path("v.png")).coloured().len() > 500);
}

#[test]
fn a_page_holds_everything() {
    let bench = Bench::new();
    let values = bench.wave("u.npy", &[4, 10, 10, 10]);
    bench.npy("w.npy", &[4, 10, 10, 10], &values.iter().map(|v| -v).collect::<Vec<_>>());
    let two = ["--variable", "u<i>=u.npy", "--variable", "w=w.npy", "-o", "run.lbk", "--ratio", "10"];
    bench.compress(&two).ends_with(0);
    let original = ["--original", "u<i>=u.npy", "w=w.npy"];
    let told = bench.limbeck(&[&["report", "run.lbk", "--json"], &original[..]].concat()).ends_with(0).json();
    assert_eq!((&told["pictures"], &told["compared"]), (&12.into(), &serde_json::json!(["u<i>", "w"])));
    let page = std::fs::read_to_string(bench.path("run.html")).unwrap();
    assert_eq!(told["bytes"], page.len());
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    let count = |what: &str| page.matches(what).count();
    assert_eq!((count("<img"), count("alt=\""), count("src=\"data:image/png;base64,")), (12, 12, 12));
    assert_eq!(count("<svg"), 1, "quality against the originals");
    assert!(!page.contains("u<i>") && page.contains("u&lt;i&gt;"));
    assert!(!page.contains("src=\"http") && !page.contains("href=") && !page.contains("<script"));
    let rows = |class: &str| {
        let table = page.split(&format!("<table class=\"{class}\">")).nth(1).unwrap().split("</table>").next().unwrap();
        table.matches("<tr>").count() - 1
    };
    assert_eq!((rows("variables"), rows("compared"), rows("networks"), rows("steps")), (2, 2, 2, 8));
    let compared = bench.limbeck(&[&["compare", "run.lbk", "--json"], &original[..]].concat()).ends_with(0).json();
    let psnr = format!("{:.2}", compared["variables"][1]["psnr"].as_f64().unwrap());
    assert!(page.contains(&psnr), "{psnr}");
    bench.limbeck(&["report", "run.lbk.d", "--no-pictures", "-o", "journal.html"]).ends_with(0);
    let journal = std::fs::read_to_string(bench.path("journal.html")).unwrap();
    assert_eq!((journal.matches("<img").count(), journal.matches("<svg").count()), (0, 3), "quality, bytes, seconds");
    assert!(journal.contains("target.ratio"), "the options of the run");
    assert!(journal.contains("An unfinished run") && journal.contains("limbeck distill"));
}
