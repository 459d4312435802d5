//! The program decodes to the same bits whatever the instruction set.

mod program;

use program::{Bench, read_npy};

#[test]
fn every_kernel_decodes_an_archive_and_a_run_to_the_same_bytes() {
    let bench = Bench::new();
    bench.wave("rho.npy", &[3, 12, 14, 16]);
    bench.compress(&["rho.npy", "-o", "run.lbk", "--ratio", "20"]).ends_with(0);
    for source in ["run.lbk", "run.lbk.d"] {
        same_with_every_kernel(&bench, source, 3 * 12 * 14 * 16);
    }
}

/// What is missing from a student is coded against every bit that it decodes to.
#[test]
fn every_kernel_decodes_a_corrected_student_to_the_same_bytes() {
    let bench = Bench::new();
    let value = |i: usize| {
        let (t, y, x) = ((i / 5760) as f32, (i / 72 % 80) as f32, (i % 72) as f32);
        100.0 + 20.0 * (0.9 * y + 0.5 * t).sin() * (0.8 * x).cos()
    };
    let values: Vec<f32> = (0..6 * 80 * 72).map(value).collect();
    bench.npy("rho.npy", &[6, 80, 72], &values);
    let fit = ["--set", "student.omega=45", "--set", "student.depth=2", "--set", "student.samples=1000000"];
    let bound = ["rho.npy", "-o", "run.lbk", "--max-error", "1.5"];
    let made = bench.compress(&[&bound[..], &fit, &["--json"]].concat()).ends_with(0).json();
    let network = made["variables"][0]["description"].as_str().unwrap_or_default().to_owned();
    assert!(network.contains("SIREN") && network.contains("corrections"), "{made}");
    same_with_every_kernel(&bench, "run.lbk", values.len());
    bench.limbeck(&["decode", "run.lbk", "-o", "back.npy"]).ends_with(0);
    let (_, decoded) = read_npy(&bench.path("back.npy"));
    let farthest = values.iter().zip(&decoded).map(|(a, b)| (f64::from(*a) - f64::from(*b)).abs()).fold(0.0, f64::max);
    assert!(farthest <= 1.5 && farthest > 0.3, "{farthest}");
}

fn same_with_every_kernel(bench: &Bench, source: &str, values: usize) {
    let decoded: Vec<Vec<u8>> = ["", "avx512", "avx2", "neon", "portable"]
        .into_iter()
        .map(|kernel| {
            // A kernel that this CPU does not have is not taken.
            let out = format!("{source}-{kernel}.npy");
            let mut command = bench.command(&["decode", source, "-o", &out, "--type", "f64"]);
            assert!(command.env("LIMBECK_KERNEL", kernel).status().unwrap().success(), "{source}, {kernel}");
            std::fs::read(bench.path(&out)).unwrap()
        })
        .collect();
    assert!(decoded[0].len() > 8 * values);
    assert!(decoded.iter().all(|d| *d == decoded[0]), "{source}");
}

#[test]
fn every_kernel_trains() {
    for kernel in ["avx512", "avx2", "neon", "portable"] {
        let bench = Bench::new();
        bench.wave("rho.npy", &[2, 8, 10, 12]);
        let mut command = bench.command(&["compress", "rho.npy", "-o", "run.lbk", "--ratio", "3", "--quiet"]);
        for option in ["teacher.samples=200000", "student.samples=200000", "teacher.batch=256", "student.batch=256"] {
            command.args(["--set", option]);
        }
        assert!(command.env("LIMBECK_KERNEL", kernel).status().unwrap().success(), "{kernel}");
        bench.limbeck(&["compare", "run.lbk", "--original", "rho.npy", "--require-psnr", "20"]).ends_with(0);
    }
}
