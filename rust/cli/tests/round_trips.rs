//! From files to an archive and back.

mod program;

use program::{Bench, psnr, read_npy, wave};

#[test]
fn a_series_survives_and_is_measured() {
    let bench = Bench::new();
    let values = bench.wave("density.npy", &[4, 12, 14, 16]);
    let made = bench
        .compress(&["density.npy", "-o", "run.lbk", "--ratio", "20", "--times", "1.5:0.25", "--json"])
        .ends_with(0)
        .json();
    let info = bench.limbeck(&["info", "run.lbk", "--json"]).ends_with(0).json();
    let bytes = std::fs::metadata(bench.path("run.lbk")).unwrap().len();
    assert_eq!(info["file_bytes"], bytes);
    assert_eq!(info["float32_bytes"], 4 * values.len());
    // Read back from its decimals as `info` is, whose last bit the parser may lose.
    let ratio = serde_json::json!((4 * values.len()) as f64 / bytes as f64).to_string();
    assert_eq!(info["ratio"], serde_json::from_str::<serde_json::Value>(&ratio).unwrap());
    assert!(info["ratio"].as_f64().unwrap() >= 20.0, "{info}");
    assert_eq!(info["variables"][0]["name"], "density");
    assert_eq!(info["variables"][0]["shape"], serde_json::json!([12, 14, 16]));
    assert_eq!(info["steps"][3]["time"], 2.25);

    bench.limbeck(&["decode", "run.lbk", "-o", "back.npy"]).ends_with(0);
    let (shape, decoded) = read_npy(&bench.path("back.npy"));
    assert_eq!(shape, "(4, 12, 14, 16)");
    let own = psnr(&values, &decoded);
    assert!(own > 25.0, "{own} dB");

    let compared = bench.limbeck(&["compare", "run.lbk", "--original", "density.npy", "--json"]).ends_with(0).json();
    let told = compared["variables"][0]["psnr"].as_f64().unwrap();
    assert!((told - own).abs() < 0.01, "{told} dB told, {own} dB measured here");
    assert_eq!(made["variables"][0]["psnr"], compared["variables"][0]["psnr"], "compress measures the same");
    assert_eq!(compared["file_bytes"], bytes);
    let steps = compared["variables"][0]["steps"].as_array().unwrap();
    let smallest = steps.iter().map(|s| s["psnr"].as_f64().unwrap()).fold(f64::INFINITY, f64::min);
    assert_eq!(compared["variables"][0]["psnr_min"].as_f64().unwrap(), smallest);
    assert!(steps.iter().all(|s| s["ssim"].as_f64().unwrap() > 0.5), "{compared}");

    bench.limbeck(&["compare", "run.lbk", "--original", "density.npy", "--require-psnr", "20"]).ends_with(0);
    bench
        .limbeck(&["compare", "run.lbk", "--original", "density.npy", "--require-psnr", "200"])
        .ends_with(1)
        .says(&["density", "200 dB"]);
}

#[test]
fn a_bound_is_kept_and_zero_is_lossless() {
    let bench = Bench::new();
    let values = bench.wave("density.npy", &[5, 10, 11, 12]);
    for (bound, limit) in [("0.01", 0.01), ("0", 0.0)] {
        let archive = format!("run-{bound}.lbk");
        bench.compress(&["density.npy", "-o", &archive, "--max-error", bound]).ends_with(0);
        bench.limbeck(&["decode", &archive, "-o", "back.npy"]).ends_with(0);
        let (_, decoded) = read_npy(&bench.path("back.npy"));
        let errors = values.iter().zip(&decoded).map(|(a, b)| (f64::from(*a) - f64::from(*b)).abs());
        assert!(errors.fold(0.0, f64::max) <= limit, "{bound}");
        bench.limbeck(&["info", &archive]).ends_with(0);
    }
    let both = ["density.npy", "-o", "run.lbk", "--max-error", "1", "--ratio", "10"];
    bench.compress(&both).ends_with(2).says(&["--ratio"]);
    let set = ["density.npy", "-o", "run.lbk", "--max-error", "1", "--set", "target.psnr=40"];
    bench.compress(&set).ends_with(2).says(&["target.max_error", "target.psnr"]);
}

#[test]
fn own_data_are_measured() {
    let bench = Bench::new();
    bench.wave("density.npy", &[3, 12, 12, 12]);
    let alone = ["--rivals", "no-such-program"];
    let bounds =
        bench.limbeck(&[&["bench", "error-bound", "density.npy", "--bounds", "0.01", "--json"], &alone[..]].concat());
    let bounds = bounds.ends_with(0).json();
    let figure = |list: &serde_json::Value, name: &str| {
        let found = list.as_array().unwrap().iter().find(|f| f["name"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {list}"))["value"].as_f64().unwrap()
    };
    assert!(figure(&bounds, "bound.density.0.01.limbeck.ratio") > 4.0);
    assert!(figure(&bounds, "bound.density.0.01.limbeck.max_error") <= 1.0);
    let ratios = ["bench", "rate-distortion", "density.npy", "--ratios", "20", "--set", "effort=0.1", "--json"];
    let ratios = bench.limbeck(&[&ratios[..], &alone].concat()).ends_with(0).json();
    assert!(figure(&ratios, "rd.limbeck.20.psnr") > 20.0);
    bench.limbeck(&[&["bench", "error-bound", "none.npy"], &alone[..]].concat()).ends_with(3).says(&["none.npy"]);
    bench.limbeck(&["bench", "error-bound", "density.npy", "--set", "x"]).ends_with(2).says(&["NAME=VALUE"]);
}

#[test]
fn parts_of_the_data_are_decoded_alone() {
    let bench = Bench::new();
    bench.wave("u.npy", &[4, 10, 12, 14]);
    bench.compress(&["u.npy", "-o", "run.lbk", "--ratio", "20"]).ends_with(0);
    bench.limbeck(&["decode", "run.lbk", "-o", "all.npy"]).ends_with(0);
    let part = ["--steps", "1::2", "--region", "2:8,-3:,:", "--every", "2,1,3"];
    bench.limbeck(&[&["decode", "run.lbk", "-o", "part.npy"], &part[..]].concat()).ends_with(0);
    let (_, all) = read_npy(&bench.path("all.npy"));
    let (shape, values) = read_npy(&bench.path("part.npy"));
    assert_eq!(shape, "(2, 3, 3, 5)");
    let mut expected = Vec::new();
    for t in [1, 3] {
        for z in [2, 4, 6] {
            for y in 9..12 {
                expected.extend([0, 3, 6, 9, 12].map(|x| all[((t * 10 + z) * 12 + y) * 14 + x]));
            }
        }
    }
    assert_eq!(values, expected, "a part has the bits of the whole");
    bench.limbeck(&["decode", "run.lbk", "-o", "d.raw", "--type", "f64", "--steps", "-1"]).ends_with(0);
    let raw = std::fs::read(bench.path("d.raw")).unwrap();
    assert_eq!(raw.len(), 10 * 12 * 14 * 8);
    let wide: Vec<f32> = raw.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap()) as f32).collect();
    assert_eq!(wide, all[3 * 10 * 12 * 14..]);
}

#[test]
fn several_variables_in_raw_files_become_images() {
    let bench = Bench::new();

    for (name, factor) in [("u", 1.0), ("v", -2.0)] {
        for step in 0..2 {
            let values = wave(&[2, 3, 6, 8]);
            let bytes: Vec<u8> = values[step * 144..(step + 1) * 144]
                .iter()
                .flat_map(|v| (f64::from(*v) * factor).to_be_bytes())
                .collect();
            std::fs::write(bench.path(&format!("{name}{step}.bin")), bytes).unwrap();
        }
    }
    std::fs::write(bench.path("times.txt"), "0.5\n2.0\n").unwrap();
    let files =
        ["--variable", "u=u0.bin", "--variable", "v=v0.bin", "--variable", "u=u1.bin", "--variable", "v=v1.bin"];
    let format = ["--raw", "--shape", "3,6,8", "--type", "f64", "--endian", "big"];
    let axes = ["--origin", "-1,0,10", "--spacing", "0.5,1,2", "--times", "times.txt"];
    bench.compress(&[&files[..], &format[..], &axes[..], &["-o", "run.lbk", "--ratio", "2"]].concat()).ends_with(0);

    bench.limbeck(&["decode", "run.lbk", "-o", "out.vti", "--region", "1:,:,2:"]).ends_with(0);
    let xml = String::from_utf8_lossy(&std::fs::read(bench.path("out-000001.vti")).unwrap()).into_owned();
    assert!(xml.contains("WholeExtent=\"0 5 0 5 0 1\" Origin=\"14.0 0.0 -0.5\" Spacing=\"2.0 1.0 0.5\""), "{xml}");
    assert!(xml.contains("Name=\"u\"") && xml.contains("Name=\"v\"") && xml.contains("Float64"));
    let collection = std::fs::read_to_string(bench.path("out.pvd")).unwrap();
    assert!(collection.contains("timestep=\"2.0\" part=\"0\" file=\"out-000001.vti\""), "{collection}");

    let originals = ["u=u0.bin", "u=u1.bin", "v=v0.bin", "v=v1.bin"];
    let compared = bench
        .limbeck(
            &[&["compare", "run.lbk", "--json", "--raw", "--endian", "big", "--original"], &originals[..]].concat(),
        )
        .ends_with(0)
        .json();
    assert_eq!(compared["variables"].as_array().unwrap().len(), 2);
    for variable in compared["variables"].as_array().unwrap() {
        assert!(variable["psnr"].as_f64().unwrap() > 20.0, "{compared}");
    }
    bench.limbeck(&["compare", "run.lbk", "--original", "u0.bin"]).ends_with(2).says(&["u, v", "NAME=FILE"]);
}

#[test]
fn one_and_two_dimensions() {
    let bench = Bench::new();
    bench.wave("line.npy", &[6, 40]);
    bench.compress(&["line.npy", "-o", "line.lbk", "--ratio", "2"]).ends_with(0);
    let compared = bench
        .limbeck(&["compare", "line.lbk", "--original", "line.npy", "--png", "line.png", "--json"])
        .ends_with(0)
        .json();
    assert!(compared["variables"][0]["psnr"].as_f64().unwrap() > 20.0, "{compared}");
    bench.wave("plane.npy", &[3, 20, 24]);
    bench.compress(&["plane.npy", "-o", "plane.lbk", "--ratio", "4"]).ends_with(0);
    bench.limbeck(&["decode", "plane.lbk", "-o", "plane.vti", "--steps", "0"]).ends_with(0);
    assert!(bench.files().contains(&"plane.vti".to_string()));
    bench.limbeck(&["compare", "plane.lbk", "--original", "plane.npy", "--png", "plane.png"]).ends_with(0);
    for name in ["line.png", "plane.png"] {
        let file = std::io::BufReader::new(std::fs::File::open(bench.path(name)).unwrap());
        let mut reader = png::Decoder::new(file).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        assert!(frame.width > 900 && frame.height > 200, "{name}: {} x {}", frame.width, frame.height);
        let coloured = pixels.chunks_exact(3).filter(|p| p[0].abs_diff(p[2]) > 60).count();
        assert!(coloured > 10_000, "{name}: {coloured} coloured pixels");
    }
}

#[test]
fn a_run_is_read_and_distilled_before_it_is_finished() {
    let bench = Bench::new();
    let values = bench.wave("u.npy", &[3, 10, 10, 10]);
    bench.compress(&["u.npy", "-o", "run.lbk", "--no-distil"]).ends_with(0);
    assert!(!bench.path("run.lbk").exists());
    let info = bench.limbeck(&["info", "run.lbk.d", "--json"]).ends_with(0).json();
    assert_eq!(info["finished"], false);
    assert_eq!(info["steps"].as_array().unwrap().len(), 3);
    assert!(info["steps"][2]["teachers"][0]["psnr"].as_f64().unwrap() > 20.0);
    bench.limbeck(&["info", "run.lbk"]).ends_with(0);
    bench.limbeck(&["decode", "run.lbk.d", "-o", "teachers.npy"]).ends_with(0);
    assert!(psnr(&values, &read_npy(&bench.path("teachers.npy")).1) > 20.0);

    let quick = ["--set", "student.samples=120000", "--ratio", "10", "--json"];
    let report = bench.limbeck(&[&["distil", "run.lbk.d", "-o", "other.lbk"], &quick[..]].concat()).ends_with(0).json();
    assert_eq!(report["archive"], "other.lbk");
    assert_eq!(report["variables"][0]["steps"], 3);
    bench.limbeck(&["distill", "run.lbk.d", "-q", "--set", "student.samples=50000"]).ends_with(0);
    let info = bench.limbeck(&["info", "run.lbk"]).ends_with(0);
    assert!(info.stdout.contains("archive") && info.stdout.contains("10 x 10 x 10"), "{}", info.stdout);
}

#[test]
fn what_is_not_finite_is_refused_or_kept() {
    let bench = Bench::new();
    let mut values = wave(&[2, 8, 8, 8]);
    values[3] = f32::INFINITY;
    bench.npy("u.npy", &[2, 8, 8, 8], &values);
    bench.compress(&["u.npy", "-o", "run.lbk"]).ends_with(3).says(&["\"u\"", "nonfinite"]);
    assert_eq!(bench.files(), ["u.npy"], "a run without steps is not left behind");
    values = wave(&[2, 8, 8, 8]);
    values[512 + 77] = f32::NAN;
    bench.npy("u.npy", &[2, 8, 8, 8], &values);
    let refused = bench.compress(&["u.npy", "-o", "run.lbk"]).ends_with(3);
    refused.says(&["\"u\"", "--replace"]);
    let kept = ["u.npy", "-o", "run.lbk", "--replace", "--ratio", "2", "--set", "nonfinite=mask"];
    bench.compress(&kept).ends_with(0);
    bench.limbeck(&["decode", "run.lbk", "-o", "back.npy"]).ends_with(0);
    let (_, back) = read_npy(&bench.path("back.npy"));
    let missing: Vec<usize> = (0..back.len()).filter(|&i| back[i].is_nan()).collect();
    assert_eq!(missing, [512 + 77]);
}

#[test]
fn constant_data_comes_back_exactly() {
    let bench = Bench::new();
    bench.npy("c.npy", &[3, 8, 8, 8], &[2.5; 1536]);
    bench.compress(&["c.npy", "-o", "run.lbk"]).ends_with(0);
    bench.limbeck(&["decode", "run.lbk", "-o", "back.npy"]).ends_with(0);
    assert_eq!(read_npy(&bench.path("back.npy")).1, vec![2.5; 1536]);
    let compared = bench.limbeck(&["compare", "run.lbk", "--original", "c.npy", "--json"]).ends_with(0).json();
    assert_eq!(compared["variables"][0]["max_error"], 0.0);
}

#[test]
fn a_finished_archive_takes_more_steps() {
    let bench = Bench::new();
    let values = bench.wave("u.npy", &[5, 10, 10, 10]);
    bench.npy("first.npy", &[3, 10, 10, 10], &values[..3000]);
    bench.compress(&["first.npy", "--name", "u", "-o", "run.lbk", "--ratio", "5"]).ends_with(0);
    let again = ["u.npy", "-o", "run.lbk", "--ratio", "5"];
    bench.compress(&again).ends_with(2).says(&["run.lbk"]);
    bench.compress(&[&again[..], &["--append"]].concat()).ends_with(0);
    bench.limbeck(&["compare", "run.lbk", "--original", "u.npy", "--require-psnr", "20"]).ends_with(0);
    let info = bench.limbeck(&["info", "run.lbk", "--json"]).ends_with(0).json();
    assert_eq!((info["steps"].as_array().unwrap().len(), info["segments"].as_array().unwrap().len()), (5, 2));
}
