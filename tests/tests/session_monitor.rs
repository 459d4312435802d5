//! A session that can be watched: what it shows is true.

mod monitor_support;
mod session_support;

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use limbeck_archive::{UnfinishedRun, journal_directory, monitor_path};
use limbeck_codec::{Method, Result as CodecResult};
use limbeck_field::{ElementType, Region};
use limbeck_picture::{ColourMap, MISSING};
use limbeck_reader::Dataset;
use limbeck_session::ranks::RankThread;
use limbeck_session::{Communicator, Config, Outcome, Session, ValuesRef};
use monitor_support::{ANY, Run, SHAPE, address, get, metrics, request};
use session_support::{Rounding, config, feed, session, wave};

#[test]
fn nothing_is_listened_to_unless_it_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    let (s, ..) = session(&path, &[], &SHAPE);
    assert!(!monitor_path(&journal_directory(&path), 0).exists());
    drop(s);
}

#[test]
fn numbers_are_those_of_the_session() {
    let mut run = Run::new(&[]);
    for cycle in 0..5 {
        run.feed(3 * cycle);
    }
    run.wait();
    let m = run.session.metrics();
    assert_eq!((m.accepted, m.durable, m.workers), (5, 5, 1));
    let answer = get(run.at, "/metrics");
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/plain; version=0.0.4; charset=utf-8"));
    let seen = metrics(answer.text());
    let v = |name: &str| seen[&format!("{name}{{variable=\"v\"}}")];
    let last = m.steps.last().unwrap();
    for (name, value) in [
        ("limbeck_steps_accepted_total", 5.0),
        ("limbeck_steps_durable_total", 5.0),
        ("limbeck_steps_dropped_total", 0.0),
        ("limbeck_newest_cycle", 12.0),
        ("limbeck_newest_time", 6.0),
        ("limbeck_queue_steps", 0.0),
        ("limbeck_queue_bytes", 0.0),
        ("limbeck_input_bytes_total", 5.0 * 8.0 * 120.0),
        ("limbeck_memory_budget_bytes", m.budget_bytes as f64),
        ("limbeck_memory_held_bytes", m.held_bytes as f64),
        ("limbeck_memory_peak_bytes", m.peak_bytes as f64),
        ("limbeck_journal_bytes", m.journal_bytes as f64),
        ("limbeck_host_seconds_total", m.host_seconds),
        ("limbeck_workers", 1.0),
        ("limbeck_journal_failed", 0.0),
        ("limbeck_phase{phase=\"running\"}", 1.0),
        ("limbeck_phase{phase=\"draining\"}", 0.0),
    ] {
        assert_eq!(seen[name], value, "{name}");
    }
    assert_eq!(v("limbeck_step_psnr_decibels"), last.quality.psnr());
    assert_eq!(v("limbeck_step_max_error"), last.quality.max_error);
    assert_eq!(v("limbeck_teacher_bytes_total"), m.steps.iter().map(|s| s.bytes).sum::<u64>() as f64);
    assert_eq!((v("limbeck_teacher_samples_total"), v("limbeck_teacher_seconds_count")), (5.0 * 120.0, 5.0));
    let spent: f64 = m.steps.iter().map(|s| s.train_seconds).sum();
    assert!((v("limbeck_teacher_seconds_sum") - spent).abs() < 1e-9);
    assert_eq!(seen["limbeck_teacher_seconds_bucket{variable=\"v\",le=\"+Inf\"}"], 5.0);
    let journal = std::fs::metadata(limbeck_archive::journal_path(&journal_directory(&run.path), 0)).unwrap();
    assert_eq!(journal.len(), m.journal_bytes);

    let s = get(run.at, "/status.json").json();
    assert_eq!(s["archive"], run.path.display().to_string());
    assert_eq!(s["steps"]["newest"], serde_json::json!({"step": 4, "cycle": 12, "time": 6.0}));
    assert_eq!((&s["phase"], &s["variables"][0]["middle"]), (&"running".into(), &serde_json::json!([2, 2, 3])));
    let psnr: Vec<f64> =
        s["history"]["variables"][0]["psnr"].as_array().unwrap().iter().map(|p| p.as_f64().unwrap()).collect();
    // Reading JSON rounds the last digit.
    assert!(psnr.len() == 5 && psnr.iter().zip(&m.steps).all(|(p, s)| (p - s.quality.psnr()).abs() < 1e-9), "{psnr:?}");
    let page = get(run.at, "/");
    assert!(
        page.header("content-type").starts_with("text/html")
            && page.header("content-security-policy").contains("'none'")
    );
    let elsewhere = ["src=\"http", "href=\"http", "@import", "url(", "/*STOPS*/"];
    assert!(elsewhere.iter().all(|mark| !page.text().contains(mark)), "the page needs nothing from elsewhere");
}

#[test]
fn what_waits_is_seen_while_it_waits() {
    let mut run = Run::new(&[]);
    run.control.close();
    run.feed(0);
    run.feed(1);
    while run.session.metrics().busy_workers == 0 {
        std::thread::yield_now();
    }
    let s = get(run.at, "/status.json").json();
    assert_eq!((&s["queue"]["steps"], &s["queue"]["blocks"], &s["workers"]["busy"]), (&2.into(), &1.into(), &1.into()));
    assert_eq!(s["queue"]["bytes"], 2 * 8 * 120);
    assert!(s["steps"]["newest"].is_null() && s["history"]["step"].as_array().unwrap().is_empty());
    assert_eq!(metrics(get(run.at, "/metrics").text())["limbeck_queue_steps"], 2.0);
    let none = get(run.at, "/slice.png");
    assert!(none.status == 404 && none.text().contains("no step"), "{none:?}");
    run.control.open();
    run.wait();
}

/// Finds the method of these tests by its number.
fn rounding(number: u16) -> CodecResult<&'static dyn Method> {
    assert_eq!(number, Rounding::NUMBER);
    static METHOD: std::sync::OnceLock<std::sync::Arc<dyn Method>> = std::sync::OnceLock::new();
    Ok(METHOD.get_or_init(|| Rounding::controlled().0).as_ref())
}

/// Size and pixels of a PNG file.
fn pixels(png: &[u8]) -> (usize, usize, Vec<[u8; 3]>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut bytes).unwrap();
    (frame.width as usize, frame.height as usize, bytes[..frame.buffer_size()].as_chunks().0.to_vec())
}

#[test]
fn slices_are_those_of_the_decoded_teachers() {
    let mut run = Run::new(&[("nonfinite", "mask")]);
    let colours = ColourMap::sequential();
    // Step 4 is coded whole, 5 and 6 as differences; the last one has NaN.
    for cycle in 0..7 {
        let mut values = wave(&SHAPE, cycle);
        if cycle == 6 {
            values[70] = f64::NAN;
        }
        run.session.step_begin(cycle, cycle as f64).unwrap();
        run.session.put_slice(run.block, ValuesRef::Float64(&values)).unwrap();
        run.session.step_end().unwrap();
        if ![2, 5, 6].contains(&cycle) {
            continue;
        }
        run.wait();
        let data = Dataset::open_with_methods(journal_directory(&run.path), rounding).unwrap();
        for (axis, name) in ["z", "y", "x"].into_iter().enumerate() {
            for index in 0..SHAPE[axis] {
                let answer = get(run.at, &format!("/slice.png?variable=v&axis={name}&index={index}"));
                assert_eq!((answer.status, answer.header("content-type")), (200, "image/png"), "{answer:?}");
                assert_eq!(answer.header("limbeck-cycle"), cycle.to_string());
                let mut region = Region { start: vec![0; 3], count: SHAPE.to_vec(), every: vec![1; 3] };
                (region.start[axis], region.count[axis]) = (index, 1);
                let values: Vec<f64> = data.read("v", cycle as u64, &region).unwrap();
                let (low, high) =
                    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
                assert_eq!(answer.header("limbeck-low").parse(), Ok(low));
                assert_eq!(answer.header("limbeck-high").parse(), Ok(high));
                let (width, height, seen) = pixels(&answer.body);
                let sides: Vec<usize> = (0..3).filter(|a| *a != axis).map(|a| SHAPE[a]).collect();
                assert_eq!((height, width), (sides[0], sides[1]));
                let rows = values.chunks(width).rev().flatten();
                let expected: Vec<_> =
                    rows.map(|&v| if v.is_nan() { MISSING } else { colours.of(v, (low, high)) }).collect();
                assert_eq!(seen, expected, "cycle {cycle}, {name} = {index}");
            }
        }
    }
    let middle = get(run.at, "/slice.png");
    assert_eq!(middle.body, get(run.at, "/slice.png?axis=z&index=2&cycle=6").body);
}

#[test]
fn questions_that_make_no_sense_are_answered_with_what_does() {
    let mut run = Run::new(&[]);
    run.feed(0);
    run.wait();
    for (path, status, word) in [
        ("/slice.png?variable=w", 400, "\"v\""),
        ("/slice.png?axis=t", 400, "z, y, x"),
        ("/slice.png?index=4", 400, "0 to 3"),
        ("/slice.png?index=-1", 400, "0 to 3"),
        ("/slice.png?index=99999999999999999999999", 400, "0 to 3"),
        ("/slice.png?variable=%ff", 400, "UTF-8"),
        ("/slice.png?colour=red", 400, "variable, axis and index"),
        ("/slice.PNG", 404, "/slice.png"),
        ("/../../etc/passwd", 404, "/status.json"),
    ] {
        let answer = get(run.at, path);
        assert!(answer.status == status && answer.text().contains(word), "{path}: {answer:?}");
    }
    let post = request(run.at, "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
    assert_eq!((post.status, post.header("allow")), (405, "GET, HEAD"));
    let head = request(run.at, "HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(head.status == 200 && head.body.is_empty());
    // A page from elsewhere whose name was made to lead to the loopback.
    let elsewhere = request(run.at, "GET /status.json HTTP/1.1\r\nHost: example.org\r\n\r\n");
    assert!(elsewhere.status == 403 && elsewhere.text().contains("localhost"), "{elsewhere:?}");
    assert_eq!(request(run.at, "GET /status.json HTTP/1.1\r\nHost: [::1]:9464\r\n\r\n").status, 200);
    assert_eq!(request(run.at, "GET /status.json HTTP/1.0\r\n\r\n").status, 200);
}

#[test]
fn a_port_that_is_taken_is_a_notice_and_no_more() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap().to_string();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    let (mut s, _, b, _) = session(&path, &[("monitor.address", &taken)], &SHAPE);
    match feed(&mut s, b, &SHAPE, 0) {
        Outcome::Degraded(text) => assert!(text.contains(&taken) && text.contains("goes on"), "{text}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(feed(&mut s, b, &SHAPE, 1), Outcome::Ok);
    assert!(!monitor_path(&journal_directory(&path), 0).exists());
    let report = s.close().unwrap();
    assert!(report.archive.is_some() && report.warnings.iter().any(|w| w.contains(&taken)), "{:?}", report.warnings);
}

#[test]
fn addresses_that_are_none_say_what_to_write() {
    for value in ["node17:9464", "9464x", "127.0.0.1", "70000", "http://127.0.0.1:9464"] {
        let e = Config::new().set("monitor.address", value).unwrap_err().to_string();
        assert!(e.contains(value) && e.contains("127.0.0.1:9464") && e.contains("or off"), "{e}");
    }
    assert!(Config::new().set("monitor.ranks", "some").unwrap_err().to_string().contains("first | all"));
    // Who watched a run is nothing that the run keeps.
    let kept = |set: &[(&str, &str)]| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run.lbk");
        let (mut s, _, b, _) = session(&path, &[&[("target.ratio", "4")], set].concat(), &SHAPE);
        feed(&mut s, b, &SHAPE, 0);
        s.close().unwrap();
        let options = UnfinishedRun::open(&journal_directory(&path)).unwrap().options().map(str::to_owned);
        assert!(options.as_deref().is_some_and(|o| !o.contains("monitor") && o.contains("ratio")), "{options:?}");
        options
    };
    assert_eq!(kept(&[]), kept(&[ANY, ("monitor.ranks", "all")]));
}

#[test]
fn a_session_that_is_dropped_is_not_seen_any_more() {
    let mut run = Run::new(&[]);
    run.feed(0);
    let (at, directory) = (run.at, journal_directory(&run.path));
    drop(run.session);
    assert!(TcpStream::connect(at).is_err() && !monitor_path(&directory, 0).exists());
    // The place of one that was killed is taken over.
    std::fs::write(monitor_path(&directory, 0), "{}").unwrap();
    let (s, _, b, _) = session(&run.path, &[ANY, ("open.mode", "append")], &SHAPE);
    let now = address(&directory, 0);
    assert_eq!(get(now, "/status.json").json()["steps"]["accepted"], 0);
    let mut s = s;
    feed(&mut s, b, &SHAPE, 1);
    s.wait(i64::MAX, Duration::from_secs(60)).unwrap();
    assert_eq!(get(now, "/slice.png").status, 200, "of a journal that was continued");
}

#[test]
fn a_journal_that_is_not_kept_leaves_nothing() {
    let run = Run::new(&[("journal.keep", "false"), ("target.ratio", "2")]);
    let Run { mut session, block, path, at, .. } = run;
    feed(&mut session, block, &SHAPE, 0);
    assert_eq!(get(at, "/").status, 200);
    session.close().unwrap();
    assert!(path.exists() && !journal_directory(&path).exists());
}

#[test]
fn the_distillation_is_seen() {
    let mut run = Run::new(&[("target.ratio", "4")]);
    (0..4).for_each(|cycle| run.feed(cycle));
    let at = run.at;
    let seen = std::sync::Mutex::new(Vec::new());
    run.session
        .close_with(&|_| {
            // The thread that distils waits here, so what it said stands.
            let status = get(at, "/status.json").json();
            seen.lock().unwrap().push((
                status["phase"].clone(),
                status["distillation"]["done"].as_f64(),
                metrics(get(at, "/metrics").text()),
            ));
            std::thread::sleep(Duration::from_millis(110));
        })
        .unwrap();
    let seen = seen.into_inner().unwrap();
    let (phase, done, numbers) = seen.last().unwrap();
    assert_eq!((phase.as_str(), *done), (Some("distilling"), Some(1.0)));
    assert_eq!(numbers["limbeck_distillation_ratio{variable=\"v\"}"], 1.0);
    assert_eq!(numbers["limbeck_phase{phase=\"distilling\"}"], 1.0);
    assert!(numbers["limbeck_memory_peak_bytes"] > 0.0 && numbers["limbeck_memory_held_bytes"] == 0.0);
}

#[test]
fn each_rank_shows_its_own_blocks() {
    for (ranks, seen) in [("first", 1), ("all", 3)] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run.lbk");
        let directory = journal_directory(&path);
        std::thread::scope(|scope| {
            for rank in RankThread::group(3) {
                let (path, directory) = (&path, &directory);
                scope.spawn(move || one_rank(rank, path, directory, ranks, seen));
            }
        });
        assert!((0..3).all(|rank| !monitor_path(&directory, rank).exists()));
    }
}

fn one_rank(ranks: RankThread, path: &Path, directory: &Path, shown: &str, seen: usize) {
    use limbeck_session::ranks::Ranks;
    let rank = ranks.rank();
    let set = config(&[ANY, ("monitor.ranks", shown)]);
    let communicator = Communicator::Ranks(std::sync::Arc::new(ranks));
    let mut s = Session::open_with_method(path, &set, communicator, Rounding::controlled().0).unwrap();
    let v = s.define_variable("v", ElementType::Float64, &[6, 4, 4]).unwrap();
    let b = s.add_block(v, &[2 * rank, 0, 0], &[2, 4, 4], None).unwrap();
    s.commit().unwrap();
    feed(&mut s, b, &[2, 4, 4], 0);
    s.wait(i64::MAX, Duration::from_secs(60)).unwrap();
    assert_eq!(monitor_path(directory, rank as u32).exists(), rank < seen);
    if rank < seen {
        let at = address(directory, rank as u32);
        let status = get(at, "/status.json").json();
        assert_eq!((&status["rank"], &status["ranks"]), (&rank.into(), &3.into()));
        assert_eq!(status["variables"][0]["middle"], serde_json::json!([2 * rank + 1, 2, 2]));
        // Across x, a third of the rows are this rank's; the last row stands on top.
        let (width, height, seen) = pixels(&get(at, "/slice.png?axis=x&index=1").body);
        assert_eq!((width, height), (4, 6));
        let own: Vec<bool> = seen.chunks(width).rev().map(|row| row.iter().all(|p| *p != MISSING)).collect();
        assert_eq!(own, (0..6).map(|z| z / 2 == rank).collect::<Vec<_>>());
        let of_others = get(at, &format!("/slice.png?index={}", (2 * rank + 2) % 6));
        assert!(pixels(&of_others.body).2.iter().all(|p| *p == MISSING));
    }
    s.close().unwrap();
}
