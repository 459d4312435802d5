//! `limbeck query`.

mod program;

use std::io::Write;
use std::process::Stdio;

use program::{Bench, Ran, read_npy, rich};

fn rich_run() -> Bench {
    let bench = Bench::new();
    rich::write(&bench.path("run.lbk")).unwrap();
    bench
}

/// Runs a query with a table on stdin.
fn ask(bench: &Bench, table: &str, arguments: &[&str]) -> Ran {
    let mut command = bench.command(&[&["query", "run.lbk", "--points", "-"], arguments].concat());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The program may end before it has read everything.
    let _ = child.stdin.take().unwrap().write_all(table.as_bytes());
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The numbers of a column, by its name.
fn column(table: &str, name: &str) -> Vec<f64> {
    let mut lines = table.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let i = header.iter().position(|h| *h == name).unwrap_or_else(|| panic!("{name} is not in {header:?}"));
    lines.map(|line| line[i].parse().unwrap()).collect()
}

#[test]
fn grid_points_have_the_decoded_values() {
    let bench = rich_run();
    bench.limbeck(&["decode", "run.lbk", "-v", "gas/density", "-o", "d.npy"]).ends_with(0);
    let (_, decoded) = read_npy(&bench.path("d.npy"));
    let (depth, time) = ([0.0, 1.0, 3.0, 7.0], [0.0, 0.5, 2.0, 4.5, 8.0]);
    let (mut places, mut indices) = (String::from("x,y,id,depth,time\n"), String::new());
    for i in 0..decoded.len() {
        let (t, z, y, x) = (i / 192, i / 48 % 4, i / 8 % 6, i % 8);
        places += &format!("{x},{},p{i},{},{}\n", 10.0 - 0.5 * y as f64, depth[z], time[t]);
        indices += &format!("{t},{z},{y},{x}\n");
    }
    let by_place = ask(&bench, &places, &["-v", "gas/density"]).ends_with(0).stdout;
    let by_index = ask(&bench, &indices, &["-v", "gas/density", "--space", "index"]).ends_with(0).stdout;
    assert!(by_place.starts_with("x,y,id,depth,time,gas/density\n0,10,p0,0,0,NaN\n"), "{}", &by_place[..99]);
    assert!(by_index.starts_with("t,depth,y,x,gas/density\n"));
    for answers in [by_place, by_index] {
        let values: Vec<f32> = column(&answers, "gas/density").iter().map(|&v| v as f32).collect();
        assert_eq!(values.len(), decoded.len());
        let same = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits() || (a - b).abs() < 1e-5;
        assert!(values.iter().zip(&decoded).all(same), "{answers}");
    }
}

#[test]
fn many_points_pass_in_pieces() {
    let bench = rich_run();
    let n = 150_000;
    let mut table = String::from("t,depth,y,x\n");
    (0..n).for_each(|i| table += &format!("{},1,9,{}\n", i % 5, i % 8));
    std::fs::write(bench.path("points.csv"), table).unwrap();
    let query = ["query", "run.lbk", "--points", "points.csv", "-v", "energy", "--space", "index"];
    let ran = bench.limbeck(&[&query[..], &["-o", "out.csv", "--outside", "clamp"]].concat()).ends_with(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("energy at 150,000 points: out.csv\n", ""));
    let answers = column(&std::fs::read_to_string(bench.path("out.csv")).unwrap(), "energy");
    assert_eq!(answers.len(), n);
    assert!(answers.iter().zip(&answers[40..]).all(|(a, b)| a == b), "points repeat after 40");
    let lines = bench.limbeck(&[&query[..], &["-o", "out.csv", "--outside", "clamp", "--progress", "lines"]].concat());
    lines.ends_with(0).says(&["evaluating: ", "bytes/s", "150,000 points"]);
}

#[test]
fn points_on_the_command_line() {
    let bench = rich_run();
    let point = ["query", "run.lbk", "-v", "energy", "--point", "0.5,1,9.5,3", "--point", "8,7,10,0"];
    let table = bench.limbeck(&point).ends_with(0).stdout;
    let json = bench.limbeck(&[&point[..], &["--json"]].concat()).ends_with(0).json();
    assert_eq!(json["columns"], serde_json::json!(["t", "depth", "y", "x", "energy"]));
    assert_eq!(json["rows"][1][4].as_f64(), column(&table, "energy").get(1).copied());
    let summary = bench.limbeck(&[&point[..], &["--json", "-o", "a.csv"]].concat()).ends_with(0).json();
    assert_eq!(summary, serde_json::json!({"points": 2, "variables": ["energy"], "files": ["a.csv"]}));
    assert_eq!(std::fs::read_to_string(bench.path("a.csv")).unwrap(), table);
}

#[test]
fn derivatives_are_those_of_the_values() {
    let bench = rich_run();
    let step = 1e-3;
    let mut table = String::from("t,depth,y,x\n");
    for shift in [-1.0, 0.0, 1.0] {
        table += &format!("2.5,3.5,8.8,{}\n", 4.3 + shift * step);
    }
    let answers = ask(&bench, &table, &["-v", "energy", "--gradient"]).ends_with(0).stdout;
    assert!(answers.starts_with("t,depth,y,x,energy,denergy/dt,denergy/ddepth,denergy/dy,denergy/dx\n"), "{answers}");
    let (values, slopes) = (column(&answers, "energy"), column(&answers, "denergy/dx"));
    let difference = (values[2] - values[0]) / (2.0 * step);
    assert!((slopes[1] - difference).abs() < 0.02 * (1.0 + difference.abs()), "{answers}");
}

#[test]
fn what_cannot_be_answered_is_told_with_its_place() {
    let bench = rich_run();
    let says = |table: &str, arguments: &[&str], code: i32, words: &[&str]| {
        let ran = ask(&bench, table, arguments).ends_with(code).says(words);
        assert_eq!(ran.stdout, "", "nothing is written");
    };
    let energy = ["-v", "energy"];
    says(
        "t,depth,y,x\n0,0,9,0\n0,0,9,8\n",
        &energy,
        3,
        &["stdin, line 3, column 4 (x)", "8", "-0.5 to 7.5", "--outside"],
    );
    says("t,depth,y,x\n0,0,9,0\n9,0,9,1\n", &energy, 3, &["line 3, column 1 (t)", "0 to 8"]);
    says("t,depth,y,x\n0,0,9,zero\n", &energy, 3, &["line 2, column 4 (x)", "zero"]);
    says("t,depth,y,x\n0,0,9\n", &energy, 3, &["line 2", "3 columns where 4"]);
    says("t,depth,y\n0,0,9\n", &energy, 3, &["no column x", "t,depth,y"]);
    says("0,0,9\n", &energy, 3, &["line 1", "4: t,depth,y,x"]);
    says("0,0,9,1\n", &[], 3, &["\"time\"", "takes 3"]);
    says("", &energy, 3, &["stdin holds no points"]);
    says("0,0,9,1\n", &["-v", "enrgy"], 2, &["enrgy", "energy"]);
    let clamped = ask(&bench, "0,0,9,800\n0,0,9,7.5\n", &["-v", "energy", "--outside", "clamp"]).ends_with(0).stdout;
    let clamped = column(&clamped, "energy");
    assert_eq!(clamped[0], clamped[1]);
    let nan = ask(&bench, "0,0,9,800\n0,0,9,7\n", &["-v", "energy", "--outside", "nan"]).ends_with(0).stdout;
    let nan = column(&nan, "energy");
    assert!(nan[0].is_nan() && nan[1].is_finite());

    let query = |arguments: &[&str]| bench.limbeck(&[&["query", "run.lbk"], arguments].concat());
    query(&[]).ends_with(2).says(&["--points"]);
    query(&["--points", "none.csv"]).ends_with(5).says(&["none.csv", "no such file"]);
    query(&["--points", "."]).ends_with(3).says(&["directory"]);
    std::fs::write(bench.path("bytes.csv"), b"t,x\n0,\xff\n").unwrap();
    query(&["--points", "bytes.csv", "-v", "energy"]).ends_with(3);
    query(&["--points", "run.lbk", "-o", "run.lbk"]).ends_with(2).says(&["input and output"]);
    query(&["--point", "0,0,9,1", "-v", "energy", "-o", "no/such/a.csv"]).ends_with(5).says(&["no/such/a.csv"]);
    query(&["--point", "0,0,9,1", "-v", "energy", "-o", "/dev/full"]).ends_with(5).says(&["no space left"]);
    bench.limbeck(&["query", "bytes.csv", "--point", "0,0"]).ends_with(4);
    bench.limbeck(&["query", "none.lbk", "--point", "0,0"]).ends_with(5);
    assert_eq!(bench.files(), ["bytes.csv", "run.lbk", "run.lbk.d"]);
}
