//! Bounded blocks of version 1, checked in with the values that they decode to: every later version, on every CPU,
//! gives the same bits, and so does a decoder written from the document alone.

use std::path::PathBuf;
use std::sync::Arc;

use limbeck_codec::{
    BlockDecoder, BlockGeometry, Bound, Bounded, ChainKey, EncodedStep, Goal, KdInr, KdInrOptions, Method, StepKind,
    method_by_number, without_refinement,
};
use limbeck_field::{ElementType, Extent, Region, Values, Volume};

struct Case {
    name: &'static str,
    shape: &'static [usize],
    element_type: ElementType,
    base: Option<&'static str>,
}

/// `tests/second_decoder.py` has the same list.
const CASES: [Case; 4] = [
    Case { name: "key", shape: &[6, 5, 17], element_type: ElementType::Float32, base: None },
    Case { name: "next", shape: &[6, 5, 17], element_type: ElementType::Float32, base: Some("key") },
    Case { name: "escapes", shape: &[9, 21], element_type: ElementType::Float64, base: None },
    Case { name: "line", shape: &[37], element_type: ElementType::Float32, base: None },
];

impl Case {
    fn called(name: &str) -> &'static Case {
        CASES.iter().find(|c| c.name == name).expect("a case of that name")
    }

    fn geometry(&self) -> BlockGeometry {
        BlockGeometry {
            shape: self.shape.to_vec(),
            extent: Extent::whole(self.shape),
            element_type: self.element_type,
            shared: Vec::new(),
        }
    }

    fn payload(&self) -> Vec<u8> {
        std::fs::read(golden(&format!("{}.bin", self.name))).unwrap()
    }

    /// With refinements, as a journal has it, or without any, as an archive does.
    fn open(&self, refined: bool) -> Arc<dyn BlockDecoder> {
        let base = self.base.map(|b| Case::called(b).open(refined));
        let payload = if refined { self.payload() } else { without_refinement(&self.payload()).unwrap() };
        let method = method_by_number(1).unwrap();
        method.open_step(&self.geometry(), StepKind::Bounded, &payload, None, base.as_deref()).unwrap()
    }

    fn values(&self, refined: bool) -> Vec<f64> {
        let geometry = self.geometry();
        let mut out = vec![0.0; geometry.extent.len()];
        self.open(refined).decode(&Region::of(&geometry.extent), &mut out).unwrap();
        out
    }

    fn file_of_values(&self, refined: bool) -> PathBuf {
        golden(&format!("{}{}.f64", self.name, if refined { "" } else { "-stream" }))
    }
}

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("golden/v1/bounded-{name}"))
}

#[test]
fn bounded_blocks_of_version_1_read_as_they_always_did() {
    for case in &CASES {
        for refined in [true, false] {
            let got = case.values(refined);
            let stored = std::fs::read(case.file_of_values(refined)).unwrap();
            assert_eq!(8 * got.len(), stored.len());
            for (i, (g, bytes)) in got.iter().zip(stored.chunks_exact(8)).enumerate() {
                let e = f64::from_le_bytes(bytes.try_into().unwrap());
                assert!(g.to_bits() == e.to_bits(), "{}, refined {refined}, value {i}: {g} {e}", case.name);
            }
        }
    }
}

#[test]
fn a_second_decoder_agrees() {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("second_decoder.py");
    let output = match std::process::Command::new("python3").arg(&script).arg("--check").output() {
        Ok(output) => output,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return eprintln!("not compared: there is no python3 here");
        }
        Err(e) => panic!("{e}"),
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn volume(case: &Case, value: impl Fn(f64, f64, f64) -> f64) -> Volume {
    let extents = [1, 1, 1].iter().chain(case.shape).copied().collect::<Vec<_>>();
    let [ny, nx] = extents[extents.len() - 2..] else { unreachable!() };
    let numbers = (0..case.shape.iter().product::<usize>())
        .map(|i| value((i / (ny * nx)) as f64, (i / nx % ny) as f64, (i % nx) as f64));
    let values = match case.element_type {
        ElementType::Float32 => Values::Float32(numbers.map(|v| v as f32).collect()),
        ElementType::Float64 => Values::Float64(numbers.collect()),
    };
    Volume { count: case.shape.to_vec(), values }
}

fn encode(case: &Case, bound: f64, volumes: &[Volume]) -> Vec<EncodedStep> {
    let mut options = KdInrOptions::default();
    // A network that fits nothing: the streams stand alone.
    (options.teacher.width, options.teacher.depth) = (4, 1);
    (options.teacher.samples, options.teacher.batch) = (64, 16);
    let method = Bounded::new(Arc::new(KdInr::new(options)), Goal::MaxError(Bound::Absolute(bound)), 16);
    let threads = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let mut chain = method.chain(case.geometry(), ChainKey { seed: 1, variable: 0, block: 0 });
    volumes.iter().zip(0..).map(|(v, step)| chain.encode(step, v, None, &threads).unwrap()).collect()
}

/// Writes the files anew, for a new version of the format: `cargo test -p limbeck-tests --test bounded_golden -- --ignored`.
#[test]
#[ignore = "overwrites the golden files"]
fn write_golden_files() {
    let wave = |t: f64| {
        move |z: f64, y: f64, x: f64| {
            let front = ((x - 8.0 - 0.3 * t) * 0.9 + 0.4 * y).tanh();
            5.0 + front
                + 0.3 * (z * 1.3 + 0.2 * t).sin()
                + 0.05 * ((7.1 * x + 3.3 * y + 5.7 * z) * (1.0 + 0.1 * t)).sin()
        }
    };
    let (key, escapes, line) = (Case::called("key"), Case::called("escapes"), Case::called("line"));
    let steps = encode(key, 0.03, &[volume(key, wave(0.0)), volume(key, wave(1.0))]);
    let huge = |_: f64, y: f64, x: f64| match (y as usize * 21 + x as usize) % 47 {
        5 => 1e30 * (1.0 + x) * (y - 4.5).signum(),
        _ => (0.4 * x).sin() * (0.3 * y).cos(),
    };
    let escaped = encode(escapes, 1e-3, &[volume(escapes, huge)]);
    let lines = encode(line, 1e-3, &[volume(line, |_, _, x| (0.02 * x * x).sin() + 0.1 * x)]);
    for (case, step) in CASES.iter().zip(steps.iter().chain(&escaped).chain(&lines)) {
        assert!(step.kind == StepKind::Bounded && step.base_step.is_some() == case.base.is_some(), "{}", case.name);
        assert_eq!(step.payload[1], u8::from(case.base.is_some()), "{} has another base", case.name);
        std::fs::write(golden(&format!("{}.bin", case.name)), &step.payload).unwrap();
    }
    for case in &CASES {
        for refined in [true, false] {
            let bytes: Vec<u8> = case.values(refined).iter().flat_map(|v| v.to_le_bytes()).collect();
            std::fs::write(case.file_of_values(refined), bytes).unwrap();
        }
    }
}
