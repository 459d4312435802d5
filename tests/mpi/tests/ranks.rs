//! The ranks of an MPI communicator do what the trait says, on 1 to 4 of them.

use std::process::ExitCode;

use limbeck_codec::ranks::{Ranks, agree};
use limbeck_codec::{Error, Result};
use limbeck_mpi_ranks::{Launched, Mpi};

/// Under mpirun, the checks; without it, mpirun of this program on 1 to 4 ranks.
fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("--on-ranks") {
        return checks();
    }
    let program = std::env::current_exe().unwrap();
    for ranks in 1..=4 {
        limbeck_mpi_tests::succeed(limbeck_mpi_tests::mpirun(ranks).arg(&program).arg("--on-ranks"));
        println!("{ranks} ranks: sums, largest values, gathering, broadcasting and failures are right");
    }
    ExitCode::SUCCESS
}

fn checks() -> ExitCode {
    assert!(said(Mpi::duplicate(0)).contains("not initialised"));
    let (world, handle, left_over);
    {
        let launched = Launched::initialise().unwrap();
        assert!(Launched::initialise().is_err());
        world = launched.ranks();
        assert!(world.rank() < world.size());
        values(&*world);
        lengths(&*world);
        failures(&*world);
        handle = launched.world();
        for bytes in [8, 50] {
            let pieces = Mpi::duplicate_in_pieces(handle, bytes).unwrap();
            values(&pieces);
            lengths(&pieces);
        }
        refusals();
        threads(handle);
        ways_apart(handle);
        left_over = Mpi::duplicate(handle).unwrap();
    }
    for ranks in [&*world, &left_over] {
        assert!(ranks.ready().unwrap_err().to_string().contains("finalised before the session was closed"));
        assert!(matches!(ranks.sum_f32(&mut [1.0]), Err(Error::Communication(_))));
    }
    drop(left_over);
    assert!(said(Mpi::duplicate(handle)).contains("finalised"));
    ExitCode::SUCCESS
}

fn values(ranks: &dyn Ranks) {
    let (rank, size) = (ranks.rank(), ranks.size());
    let total = (size * (size + 1) / 2) as f64;
    for length in [0, 1, 2, 3, 70] {
        let mut single: Vec<f32> = (0..length).map(|i| ((rank + 1) * i) as f32).collect();
        ranks.sum_f32(&mut single).unwrap();
        assert!(single.iter().enumerate().all(|(i, v)| *v == (total * i as f64) as f32), "{single:?}");
        let mut double: Vec<f64> = (0..length).map(|i| 1e-9 * ((rank + 1) * i) as f64).collect();
        ranks.sum_f64(&mut double).unwrap();
        let right = |(i, v): (usize, &f64)| (v - 1e-9 * total * i as f64).abs() <= 1e-15 * v.abs();
        assert!(double.iter().enumerate().all(right), "{double:?}");
        let mut largest: Vec<f64> = (0..length).map(|i| if i % size == rank { i as f64 } else { -1e300 }).collect();
        ranks.max_f64(&mut largest).unwrap();
        assert!(largest.iter().enumerate().all(|(i, v)| *v == i as f64), "{largest:?}");
        same_bits(ranks, length);
    }
}

/// Sums are the same bits on all ranks: in double precision whatever the order of adding, in single where they are exact.
fn same_bits(ranks: &dyn Ranks, length: usize) {
    let rough = |i: usize| ((i * 7919 + ranks.rank() * 104_729) as f64).sin() * 1e3;
    let mut double: Vec<f64> = (0..length).map(rough).collect();
    let mut single: Vec<f32> = (0..length).map(|i| rough(i).round() as f32 / 1024.0).collect();
    ranks.sum_f64(&mut double).unwrap();
    ranks.sum_f32(&mut single).unwrap();
    let bits = |v: &f64| v.to_bits().to_le_bytes();
    let bytes: Vec<u8> =
        double.iter().chain(&single.iter().map(|v| f64::from(*v)).collect::<Vec<_>>()).flat_map(bits).collect();
    let all = ranks.gather(&bytes).unwrap();
    assert!(all.iter().all(|b| *b == bytes));
}

fn lengths(ranks: &dyn Ranks) {
    let (rank, size) = (ranks.rank(), ranks.size());
    let of = |rank: usize, unit: usize| -> Vec<u8> { (0..rank * unit).map(|i| (i + 3 * rank) as u8).collect() };
    for silent in 0..size {
        let of = |rank: usize| vec![rank as u8; if rank == silent { 0 } else { 3 + rank }];
        let wanted = if rank == 0 { (0..size).map(of).collect() } else { Vec::new() };
        assert_eq!(ranks.gather(&of(rank)).unwrap(), wanted);
        let wanted = if rank == 0 { (0..size).map(|r| of(silent + size - r)).collect() } else { Vec::new() };
        assert_eq!(ranks.gather(&of(silent + size - rank)).unwrap(), wanted);
    }
    for unit in [0, 1, 40] {
        let gathered = ranks.gather(&of(rank, unit)).unwrap();
        let wanted = if rank == 0 { (0..size).map(|r| of(r, unit)).collect() } else { Vec::new() };
        assert_eq!(gathered, wanted);
        for root in 0..size {
            let mut bytes = of(size - rank, unit);
            ranks.broadcast(root, &mut bytes).unwrap();
            assert_eq!(bytes, of(size - root, unit));
        }
    }
}

fn failures(ranks: &dyn Ranks) {
    let last = ranks.size() - 1;
    let mine = if ranks.rank() == last { Err(Error::Corruption("torn".into())) } else { Ok(()) };
    match agree(ranks, mine) {
        Err(Error::Corruption(text)) if last == 0 => assert_eq!(text, "torn"),
        Err(Error::Corruption(text)) => assert_eq!(text, format!("rank {last}: torn")),
        other => panic!("{other:?}"),
    }
    assert!(ranks.broadcast(ranks.size(), &mut vec![]).unwrap_err().to_string().contains("no rank"));
    ranks.ready().unwrap();
}

/// Handles of nothing are errors, and the process lives.
fn refusals() {
    for garbage in [-1, -7, 12345, i32::MAX, i32::MIN, 0x5555_5555] {
        assert!(said(Mpi::duplicate(garbage)).contains("is not the Fortran handle"), "{garbage}");
    }
}

/// Other threads are refused, because MPI was told that they make no calls.
fn threads(handle: i32) {
    let ranks = Mpi::duplicate(handle).unwrap();
    std::thread::scope(|s| {
        let refused = s.spawn(|| said(Mpi::duplicate(handle))).join().unwrap();
        assert!(refused.contains("thread"), "{refused}");
        let refused = s.spawn(|| said(ranks.sum_f64(&mut [1.0]))).join().unwrap();
        assert!(refused.contains("thread"), "{refused}");
    });
    ranks.sum_f64(&mut [1.0]).unwrap();
}

/// Ranks that do not make the same calls are told so, all of them, and nobody waits.
fn ways_apart(handle: i32) {
    type Call = fn(&Mpi) -> Result<()>;
    let sum: Call = |r| r.sum_f32(&mut [1.0; 5]);
    let others: [(Call, &str); 4] = [
        (|r| r.sum_f32(&mut [1.0; 4]), "different collective calls"),
        (|r| r.max_f64(&mut [1.0; 5]), "different collective calls"),
        (|r| r.broadcast(0, &mut vec![1]), "different collective calls"),
        (
            |r| {
                r.abandon();
                r.sum_f64(&mut [1.0])
            },
            "gave up",
        ),
    ];
    for (other, text) in others {
        let ranks = Mpi::duplicate(handle).unwrap();
        if ranks.size() == 1 {
            continue;
        }
        let call = if ranks.rank() + 1 == ranks.size() { other } else { sum };
        let told = said(call(&ranks));
        assert!(told.contains(text), "{told}");
        // And so are all calls that follow.
        assert!(said(ranks.gather(&[])).contains("MPI failed before"));
    }
}

fn said<T>(result: Result<T>) -> String {
    match result {
        Err(Error::Communication(text)) => text,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("this should have failed"),
    }
}
