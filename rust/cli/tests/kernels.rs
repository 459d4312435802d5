//! The program decodes to the same bits whatever the instruction set.

mod program;

use program::Bench;

#[test]
fn every_kernel_decodes_an_archive_and_a_run_to_the_same_bytes() {
    let bench = Bench::new();
    bench.wave("rho.npy", &[3, 12, 14, 16]);
    bench.compress(&["rho.npy", "-o", "run.lbk", "--ratio", "20"]).ends_with(0);
    for source in ["run.lbk", "run.lbk.d"] {
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
        assert!(decoded[0].len() > 3 * 12 * 14 * 16 * 8);
        assert!(decoded.iter().all(|d| *d == decoded[0]), "{source}");
    }
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
