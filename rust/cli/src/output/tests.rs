use std::fs;

use limbeck_field::{ElementType, Values};

use super::*;
use crate::input::{Series, buffer};

#[test]
fn arrays_are_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.npy");
    let mut file = ArrayFile::npy(&path, ElementType::Float32, &[2, 3]).unwrap();
    file.append(&[0.0, 0.5, 1.0]).unwrap();
    file.append(&[1.5, 2.0, 2.5]).unwrap();
    let sealed = file.seal().unwrap();
    assert!(!path.exists(), "visible only when published");
    publish(vec![sealed]).unwrap();
    let mut series = Series::open_npy(&[path], None).unwrap();
    let mut values = buffer(ElementType::Float32);
    series.read(1, &mut values).unwrap();
    assert_eq!(values, Values::Float32(vec![1.5, 2.0, 2.5]));
}

#[test]
fn nothing_is_left_of_a_file_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.raw");
    let mut file = ArrayFile::raw(&path, ElementType::Float64).unwrap();
    file.append(&[1.0; 100_000]).unwrap();
    drop(file);
    drop(ArrayFile::raw(&path, ElementType::Float64).unwrap().seal().unwrap());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn image_data() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.vti");
    let grid = Grid { count: [1, 2, 3], origin: [0.0, -1.0, 0.25], spacing: [1.0, 0.5, 1e-9] };
    let mut file = VtiFile::create(&path, &grid, &["u<v", "w"], ElementType::Float32, Some(0.1)).unwrap();
    file.append(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
    assert!(file.append(&[1.0]).is_err());
    file.append(&[0.0; 6]).unwrap();
    publish(vec![file.seal().unwrap()]).unwrap();
    let bytes = fs::read(&path).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("WholeExtent=\"0 2 0 1 0 0\" Origin=\"0.25 -1.0 0.0\" Spacing=\"1e-9 0.5 1.0\""), "{text}");
    assert!(text.contains("Name=\"u&lt;v\" format=\"appended\" offset=\"0\""), "{text}");
    assert!(text.contains("Name=\"w\" format=\"appended\" offset=\"32\""), "{text}");
    let begin = bytes.windows(2).position(|w| w == b"\n_").unwrap() + 2;
    assert_eq!(bytes[begin..begin + 8], 24u64.to_le_bytes());
    assert_eq!(bytes[begin + 12..begin + 16], 2f32.to_le_bytes());
    assert_eq!(bytes[begin + 32..begin + 40], 24u64.to_le_bytes());
    assert!(bytes[begin + 64..].starts_with(b"\n</AppendedData>"));
}

#[test]
fn collections_name_files_and_times() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.pvd");
    publish(vec![write_collection(&path, &[(0.5, "a-0.vti".into())]).unwrap()]).unwrap();
    assert!(fs::read_to_string(&path).unwrap().contains("<DataSet timestep=\"0.5\" part=\"0\" file=\"a-0.vti\"/>"));
}

#[test]
fn a_directory_is_no_file_to_write() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(Pending::create(dir.path()).err().unwrap().code(), 2);
    assert_eq!(Pending::create(&dir.path().join("no/such/a.npy")).err().unwrap().code(), 5);
}
