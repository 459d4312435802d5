use std::io::Write;
use std::path::Path;

use limbeck_field::{ElementType, Values};

use super::*;

fn write(path: &Path, header: &str, values: &[u8]) {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values);
    std::fs::File::create(path).unwrap().write_all(&bytes).unwrap();
}

/// Value at (t, z, y, x) of a 3 x 2 x 4 x 5 series.
fn value(t: usize, i: usize) -> f64 {
    (100 * t + i) as f64
}

#[test]
fn every_order_and_type_reads_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let shape = [3, 2, 4, 5];
    for (fortran, kind, big) in [(false, "<f4", false), (false, ">f8", true), (true, "<f8", false), (true, ">f4", true)]
    {
        let mut bytes = Vec::new();
        let mut put = |v: f64| match (kind, big) {
            (">f4", _) => bytes.extend((v as f32).to_be_bytes()),
            ("<f4", _) => bytes.extend((v as f32).to_le_bytes()),
            (_, true) => bytes.extend(v.to_be_bytes()),
            (_, false) => bytes.extend(v.to_le_bytes()),
        };
        let total: usize = shape.iter().product();
        for f in 0..total {
            let (t, i) = match fortran {
                false => (f / 40, f % 40),
                true => {
                    let (t, z, y, x) = (f % 3, f / 3 % 2, f / 6 % 4, f / 24);
                    (t, (z * 4 + y) * 5 + x)
                }
            };
            put(value(t, i));
        }
        let order = if fortran { "True" } else { "False" };
        let header = format!("{{'descr': '{kind}', 'fortran_order': {order}, 'shape': (3, 2, 4, 5)}}\n");
        let path = dir.path().join("a.npy");
        write(&path, &header, &bytes);
        let mut series = Series::open_npy(&[path], None).unwrap();
        assert_eq!((series.steps(), &series.shape[..]), (3, &[2, 4, 5][..]));
        let mut values = buffer(series.element_type);
        let mut wide = Vec::new();
        for t in [0, 2, 1] {
            series.read(t, &mut values).unwrap();
            widen(&values, &mut wide);
            assert_eq!(wide, (0..40).map(|i| value(t, i)).collect::<Vec<_>>(), "{kind} {order} step {t}");
        }
        assert!(series.read(3, &mut values).is_err());
    }
}

#[test]
fn files_follow_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..3).map(|t| dir.path().join(format!("rho_{t:03}.raw"))).collect();
    for (t, path) in paths.iter().enumerate() {
        // The second file holds two steps.
        let steps = if t == 1 { 2 } else { 1 };
        let values: Vec<u8> = (0..6 * steps).flat_map(|i| value(t, i).to_be_bytes()).collect();
        std::fs::write(path, values).unwrap();
    }
    let mut series = Series::open_raw(&paths, &[2, 3], ElementType::Float64, Endian::Big).unwrap();
    assert_eq!(series.steps(), 4);
    let mut values = buffer(ElementType::Float64);
    series.read(2, &mut values).unwrap();
    assert_eq!(values, Values::Float64((6..12).map(|i| value(1, i)).collect()));
    series.read(3, &mut values).unwrap();
    assert_eq!(values, Values::Float64((0..6).map(|i| value(2, i)).collect()));
    assert_eq!(name_from(&paths).unwrap(), "rho");
    let error = Series::open_raw(&paths, &[4, 3], ElementType::Float64, Endian::Big).err().unwrap();
    assert!(matches!(&error, Failure::Data(text) if text.contains("whole number of steps")), "{error}");
}

#[test]
fn files_that_promise_too_much() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.npy");
    let open = |shape: &str| {
        write(&path, &format!("{{'descr': '<f4', 'fortran_order': True, 'shape': {shape}}}\n"), &[0; 40]);
        Series::open_npy(std::slice::from_ref(&path), None).err().map(|e| e.to_string()).unwrap_or_default()
    };
    assert_eq!(open("(2, 5)"), "");
    assert!(open("(2, 6)").contains("cut short"));
    assert!(open("(2, 0)").contains("no values"));
    assert!(open("(18446744073709551615, 18446744073709551615)").contains("more values"));
    assert!(open("(10,)").contains("one axis"));
}

#[test]
fn steps_of_one_variable_share_their_shape_and_type() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, kind: &str, shape: &str, bytes: usize| {
        let path = dir.path().join(name);
        write(&path, &format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}\n"), &vec![0; bytes]);
        path
    };
    let (a, b) = (file("a.npy", "<f4", "(2, 3)", 24), file("b.npy", "<f4", "(3, 2)", 24));
    let c = file("c.npy", "<f8", "(2, 3)", 48);
    assert!(Series::open_npy(&[a.clone(), b], None).err().unwrap().to_string().contains("one shape"));
    assert!(Series::open_npy(&[a.clone(), c], None).err().unwrap().to_string().contains("type"));
    assert_eq!(Series::open_npy(&[a.clone(), a], None).unwrap().steps(), 2);
}

#[test]
fn times_of_steps() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!("1.5:0.25".parse::<Times>().unwrap().of(3).unwrap(), [1.5, 1.75, 2.0]);
    assert!("1:inf".parse::<Times>().is_err());
    let text = dir.path().join("times.txt");
    std::fs::write(&text, "# seconds\n0.0\n0.5, 2\n").unwrap();
    let times: Times = text.to_str().unwrap().parse().unwrap();
    assert_eq!(times.of(3).unwrap(), [0.0, 0.5, 2.0]);
    assert!(times.of(4).unwrap_err().to_string().contains("3 times"));
    std::fs::write(&text, "0 soon").unwrap();
    assert!(times.of(2).unwrap_err().to_string().contains("soon"));
    let npy = dir.path().join("times.npy");
    let bytes: Vec<u8> = [0.0f64, 0.1, 0.4].iter().flat_map(|t| t.to_le_bytes()).collect();
    write(&npy, "{'descr': '<f8', 'fortran_order': False, 'shape': (3,)}\n", &bytes);
    assert_eq!(Times::File(npy).of(3).unwrap(), [0.0, 0.1, 0.4]);
}

#[test]
fn names_for_variables() {
    let name = |names: &[&str]| name_from(&names.iter().map(PathBuf::from).collect::<Vec<_>>());
    assert_eq!(name(&["/d/rho0.npy", "/d/rho1.npy"]).unwrap(), "rho");
    assert_eq!(name(&["density_8x128.npy"]).unwrap(), "density_8x128");
    assert!(name(&["001.npy", "002.npy"]).is_err());
    assert_eq!(parse_named("u=a=b.npy").unwrap(), NamedFile { variable: "u".into(), path: "a=b.npy".into() });
    assert!(parse_named("u.npy").is_err());
}
