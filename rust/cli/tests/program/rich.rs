//! A run with everything that a file format may have to carry.

use std::path::Path;

use limbeck_field::ElementType;
use limbeck_session::{Attribute, AxisCoordinates, Communicator, Config, Result, Session, ValuesRef};

/// Steps of the run.
pub const STEPS: usize = 5;

/// Writes the archive `path`: three variables (float32 on a grid with an explicit, a uniform and a nameless axis and a hole of
/// NaN, float64 on the same grid, float32 on a plane), units, attributes of every kind, uneven times. Values are within
/// 0.001 of what was handed in.
pub fn write(path: &Path) -> Result<()> {
    let mut config = Config::new();
    for (name, value) in
        [("target.max_error", "0.001"), ("nonfinite", "mask"), ("open.mode", "replace"), ("effort", "0.05")]
    {
        config.set(name, value)?;
    }
    let mut s = Session::open(path, &config, Communicator::None)?;
    let grid = [4usize, 6, 8];
    let density = s.define_variable("gas/density", ElementType::Float32, &grid)?;
    let energy = s.define_variable("energy", ElementType::Float64, &grid)?;
    let height = s.define_variable("time", ElementType::Float32, &[6, 8])?;
    for v in [density, energy] {
        s.set_axis(v, 0, AxisCoordinates::Explicit(vec![0.0, 1.0, 3.0, 7.0]))?;
        s.name_axis(v, 0, "depth", "m")?;
        s.set_axis(v, 1, AxisCoordinates::Uniform { origin: 10.0, spacing: -0.5 })?;
        s.name_axis(v, 1, "y", "km")?;
    }
    let text = |t: &str| Attribute::Text(t.into());
    for (name, value) in [
        ("title", text("Ünïcode, \"quoted\"")),
        ("time_units", text("seconds since 2000-01-01")),
        ("seed", Attribute::Integer(1 << 40)),
        ("viscosity", Attribute::Float(1e-300)),
        ("gravity", Attribute::FloatArray(vec![0.0, 0.0, -9.81])),
        ("long", Attribute::FloatArray((0..10_000).map(f64::from).collect())),
        ("empty", text("")),
        ("none", Attribute::FloatArray(Vec::new())),
    ] {
        s.set_attribute(None, name, value)?;
    }
    for (name, value) in [
        ("units", text("kg m-3")),
        ("long_name", text("density of the gas")),
        ("levels", Attribute::Integer(7)),
        ("_FillValue", Attribute::Float(-999.0)),
        ("NAME", text("reserved")),
        ("none", Attribute::FloatArray(Vec::new())),
    ] {
        s.set_attribute(Some(density), name, value)?;
    }
    let blocks = [
        s.add_block(density, &[0; 3], &grid, None)?,
        s.add_block(energy, &[0; 3], &grid, None)?,
        s.add_block(height, &[0; 2], &grid[1..], None)?,
    ];
    s.commit()?;
    for step in 0..STEPS {
        s.step_begin(100 * step as i64, (step * step) as f64 * 0.5)?;
        let wave: Vec<f64> = (0..192).map(|i| (0.05 * i as f64 + step as f64).sin()).collect();
        let mut holes: Vec<f32> = wave.iter().map(|&v| v as f32).collect();
        holes[..3].fill(f32::NAN);
        let plane: Vec<f32> = wave[..48].iter().map(|&v| 2.0 * v as f32).collect();
        s.put_slice(blocks[0], ValuesRef::Float32(&holes))?;
        s.put_slice(blocks[1], ValuesRef::Float64(&wave))?;
        s.put_slice(blocks[2], ValuesRef::Float32(&plane))?;
        s.step_end()?;
    }
    s.close()?;
    Ok(())
}
