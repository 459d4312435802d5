//! `limbeck decode` into NetCDF and VTKHDF. That other programs read these files is tested by `ci/formats`.

mod program;

use std::process::Command;

use program::{Bench, read_npy, rich};
use rust_hdf5::H5File;

fn rich_run() -> Bench {
    let bench = Bench::new();
    rich::write(&bench.path("run.lbk")).unwrap();
    bench
}

/// All values of an array in an HDF5 file, and its shape.
fn array(bench: &Bench, file: &str, name: &str) -> (Vec<usize>, Vec<f32>) {
    let set = H5File::open(bench.path(file)).unwrap().dataset(name).unwrap();
    let values = match set.read_numeric_as::<f64>() {
        Ok(values) => values.iter().map(|&v| v as f32).collect(),
        Err(_) => set.read_numeric_as::<i64>().unwrap().iter().map(|&v| v as f32).collect(),
    };
    (set.shape(), values)
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

#[test]
fn files_hold_what_arrays_hold() {
    let bench = rich_run();
    bench.limbeck(&["decode", "run.lbk", "-o", "a.npy", "--type", "f32"]).ends_with(0);
    bench.limbeck(&["decode", "run.lbk", "-o", "a.nc"]).ends_with(0);
    let grid = ["-v", "gas/density", "-v", "energy"];
    let made = bench.limbeck(&[&["decode", "run.lbk", "-o", "a.vtkhdf", "--json"], &grid[..]].concat()).ends_with(0);
    assert_eq!(made.json()["files"], serde_json::json!(["a.vtkhdf"]));
    for (npy, nc, vtk) in [
        ("a-gas_density.npy", "gas_density", Some("VTKHDF/PointData/gas_density")),
        ("a-energy.npy", "energy", Some("VTKHDF/PointData/energy")),
        ("a-time.npy", "time", None),
    ] {
        let (_, expected) = read_npy(&bench.path(npy));
        let (shape, values) = array(&bench, "a.nc", nc);
        assert_eq!(shape[0], rich::STEPS);
        assert_eq!(bits(&values), bits(&expected), "{nc}");
        if let Some(vtk) = vtk {
            assert_eq!(bits(&array(&bench, "a.vtkhdf", vtk).1), bits(&expected), "{vtk}");
        }
    }
    // A variable is called time, so that the axis is not.
    assert_eq!(array(&bench, "a.nc", "time_2").1, [0.0, 0.5, 2.0, 4.5, 8.0]);
    assert_eq!(array(&bench, "a.nc", "depth").1, [0.0, 1.0, 3.0, 7.0]);
    assert_eq!(array(&bench, "a.nc", "y").1, [10.0, 9.5, 9.0, 8.5, 8.0, 7.5]);
    assert_eq!(array(&bench, "a.nc", "y_2").1, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(array(&bench, "a.nc", "cycle").1, [0.0, 100.0, 200.0, 300.0, 400.0]);
    assert_eq!(array(&bench, "a.vtkhdf", "VTKHDF/Steps/Values").1, [0.0, 0.5, 2.0, 4.5, 8.0]);
}

#[test]
fn parts_have_their_own_coordinates() {
    let bench = rich_run();
    let part = ["-v", "energy", "--region", "1:,:,4:", "--every", "2,3,1", "--steps", "1:4:2", "--type", "f32"];
    bench.limbeck(&[&["decode", "run.lbk", "-o", "part.nc"], &part[..]].concat()).ends_with(0);
    bench.limbeck(&[&["decode", "run.lbk", "-o", "part.npy"], &part[..]].concat()).ends_with(0);
    let (shape, values) = array(&bench, "part.nc", "energy");
    assert_eq!(shape, [2, 2, 2, 4]);
    assert_eq!(bits(&values), bits(&read_npy(&bench.path("part.npy")).1));
    assert_eq!(array(&bench, "part.nc", "depth").1, [1.0, 7.0]);
    assert_eq!(array(&bench, "part.nc", "y").1, [10.0, 8.5]);
    assert_eq!(array(&bench, "part.nc", "x").1, [4.0, 5.0, 6.0, 7.0]);
    assert_eq!(array(&bench, "part.nc", "time").1, [0.5, 4.5]);
    assert_eq!(array(&bench, "part.nc", "step").1, [1.0, 3.0]);
}

#[test]
fn one_grid_is_in_a_file_of_images() {
    let bench = rich_run();
    let ran = bench.limbeck(&["decode", "run.lbk", "-o", "a.vtkhdf"]);
    ran.ends_with(2).says(&["\"time\"", "another grid", "--variable", ".nc"]);
    let ran = bench.limbeck(&["decode", "run.lbk", "-o", "a.vtkhdf", "-v", "energy"]);
    ran.ends_with(0).says(&["axis 0 of \"energy\" is not evenly spaced"]);
    let quiet = bench.limbeck(&["decode", "run.lbk", "-o", "a.vtkhdf", "-v", "energy", "-q"]).ends_with(0);
    assert_eq!(quiet.stderr, "");
}

#[test]
fn steps_that_are_not_there_are_left_out() {
    let bench = Bench::new();
    bench.wave("u.npy", &[4, 6, 8]);
    bench.wave("v.npy", &[4, 6, 8]);
    let two = ["--variable", "u=u.npy", "--variable", "v=v.npy", "-o", "run.lbk", "--no-distil"];
    bench.compress(&two).ends_with(0);
    // The last step has lost one of its two frames.
    let journal = bench.path("run.lbk.d/journal-00000.lbj");
    let bytes = std::fs::read(&journal).unwrap();
    std::fs::write(&journal, &bytes[..bytes.len() - 20]).unwrap();
    for (file, steps) in [("a.nc", "time"), ("a.vtkhdf", "VTKHDF/Steps/Values")] {
        let ran = bench.limbeck(&["decode", "run.lbk.d", "-o", file]).ends_with(7).says(&["step 3", "left out"]);
        assert!(ran.stdout.contains("u: 3 x 6 x 8 values"), "{}", ran.stdout);
        assert_eq!(array(&bench, file, steps).1, [0.0, 1.0, 2.0]);
        bench.limbeck(&["decode", "run.lbk.d", "-o", file, "--steps", ":3"]).ends_with(0);
        bench.limbeck(&["decode", "run.lbk.d", "-o", file, "--steps", "3"]).ends_with(4).says(&["step 3", "--steps"]);
    }
    // Where nothing tells which step is which, none may be absent.
    bench.limbeck(&["decode", "run.lbk.d", "-o", "a.npy"]).ends_with(4).says(&["step 3", "--steps"]);
}

#[test]
fn nothing_is_left_of_files_that_cannot_be_written() {
    let bench = rich_run();
    for format in ["npy", "raw", "vti", "vtkhdf", "nc"] {
        let output = format!("no/such/folder/a.{format}");
        bench.limbeck(&["decode", "run.lbk", "-v", "energy", "-o", &output]).ends_with(5).says(&["no/such/folder/a"]);
        // Files end at 1 KiB here, as they do where a disk is full.
        let limbeck = env!("CARGO_BIN_EXE_limbeck");
        let line = format!("trap '' XFSZ; ulimit -f 1; exec {limbeck} decode run.lbk -v energy -q -o a.{format}");
        let mut bash = Command::new("bash");
        let output = bash.args(["-c", &line]).current_dir(bench.path("")).output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(5), "{format}: {words}");
        assert!(words.starts_with("limbeck: cannot write a"), "{format}: {words}");
        assert_eq!(words.lines().count(), 1, "{format}: {words}");
    }
    for file in ["/dev/full", "/dev/null"] {
        let code = if file == "/dev/full" { 5 } else { 0 };
        bench.limbeck(&["decode", "run.lbk", "-v", "energy", "-o", file, "--format", "raw"]).ends_with(code);
        assert!(!std::fs::metadata(file).unwrap().is_file(), "{file} is no longer a device");
    }
    assert_eq!(bench.files(), ["run.lbk", "run.lbk.d"]);
}
