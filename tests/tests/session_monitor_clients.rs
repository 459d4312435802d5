//! Whatever clients of the monitor do, the run goes on and ends.

mod monitor_support;
mod session_support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use limbeck_archive::{journal_directory, monitor_path};
use limbeck_field::ElementType;
use limbeck_session::{Communicator, Session, ValuesRef};
use monitor_support::{ANY, Run, address, exchange, get};
use session_support::{Rounding, config, wave};

/// Clients that never ask, never end their question, never read an answer, and go away in the middle.
fn nuisances(at: SocketAddr) -> Vec<TcpStream> {
    let mut held = Vec::new();
    for i in 0..60 {
        let Ok(mut stream) = TcpStream::connect(at) else { continue };
        let endless = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}", "x".repeat(100 * i));
        let sent: &[u8] = match i % 4 {
            0 => b"",
            1 => endless.as_bytes(),
            2 => b"GET /status.json HTTP/1.1\r\nHost: localhost\r\n\r\n",
            _ => b"GET / HTT",
        };
        let _ = stream.write_all(sent);
        if i % 8 == 3 {
            drop(stream);
        } else {
            held.push(stream);
        }
    }
    held
}

#[test]
fn clients_that_hold_on_hold_nothing_up() {
    let mut run = Run::new(&[]);
    run.feed(0);
    let held = nuisances(run.at);
    for cycle in 1..20 {
        run.feed(cycle);
    }
    run.wait();
    // Those with patience are served as soon as the others have had their time.
    let status = get(run.at, "/status.json").json();
    assert_eq!(status["steps"]["durable"], 20);
    let more = nuisances(run.at);
    let (path, at) = (run.path.clone(), run.at);
    // Returns although they are all connected, and so does every thread.
    let report = run.session.close().unwrap();
    assert_eq!(report.archive.as_deref(), Some(path.as_path()));
    assert!(TcpStream::connect(at).is_err() && !monitor_path(&journal_directory(&path), 0).exists());
    for mut stream in held.into_iter().chain(more) {
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let ended = std::io::copy(&mut Read::by_ref(&mut stream).take(1 << 24), &mut std::io::sink());
        assert!(ended.map_or_else(|e| e.kind() == std::io::ErrorKind::ConnectionReset, |_| true));
    }
}

#[test]
fn bytes_that_are_no_request_do_no_harm() {
    let mut run = Run::new(&[]);
    run.feed(0);
    run.wait();
    let sound = b"GET /slice.png?variable=v&axis=y&index=1 HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n";
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for round in 0..120 {
        let mut bytes = sound.to_vec();
        match round % 4 {
            0 => bytes = (0..random() % 600).map(|_| random() as u8).collect(),
            1 => (0..1 + random() % 6).for_each(|_| {
                let at = random() as usize % bytes.len();
                bytes[at] ^= 1 << (random() % 8);
            }),
            2 => {
                let at = random() as usize % bytes.len();
                bytes.splice(at..at, (0..random() % 40_000).map(|_| b'a'));
            }
            _ => bytes.extend(sound.iter().cycle().take(random() as usize % 2000)),
        }
        // The end of the stream is the end of what was sent; an answer is one of HTTP, or there is none.
        let mut stream = TcpStream::connect(run.at).unwrap();
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut said = Vec::new();
        match stream.read_to_end(&mut said) {
            Err(e) => assert_eq!(e.kind(), std::io::ErrorKind::ConnectionReset, "round {round}"),
            Ok(_) => assert!(said.is_empty() || said.starts_with(b"HTTP/1."), "round {round}: {said:?}"),
        }
    }
    let long = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(1 << 20));
    let said = exchange(run.at, long.as_bytes()).unwrap_or_default();
    assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 4"));
    run.feed(1);
    run.wait();
    assert_eq!(get(run.at, "/status.json").json()["steps"]["durable"], 2);
    run.session.close().unwrap();
}

const SIGPIPE: &str = "SESSION_MONITOR_SIGPIPE";

/// The host of [`a_client_that_hangs_up_ends_no_simulation`]: one that leaves signals as C programs do.
#[test]
#[ignore = "the child process of another test"]
#[expect(unsafe_code, reason = "signal")]
fn host_that_sigpipe_would_end() {
    if std::env::var_os(SIGPIPE).is_none() {
        return;
    }
    // SAFETY: nothing else in this process handles signals.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    let (method, _) = Rounding::controlled();
    let mut s = Session::open_with_method(&path, &config(&[ANY]), Communicator::None, method).unwrap();
    // So many words that no buffer of the system holds an answer.
    let blocks: Vec<_> = (0..1200)
        .map(|i| {
            let v = s.define_variable(&format!("{i:0240}"), ElementType::Float64, &[4]).unwrap();
            s.add_block(v, &[0], &[4], None).unwrap()
        })
        .collect();
    s.commit().unwrap();
    s.step_begin(0, 0.0).unwrap();
    blocks.iter().for_each(|b| drop(s.put_slice(*b, ValuesRef::Float64(&wave(&[4], 0))).unwrap()));
    s.step_end().unwrap();
    s.wait(i64::MAX, Duration::from_secs(60)).unwrap();
    let at = address(&journal_directory(&path), 0);
    for round in 0..60 {
        let mut stream = TcpStream::connect(at).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut some = vec![0; 1 + 20_000 * (round % 5)];
        stream.read_exact(&mut some).unwrap();
        // What is closed with an answer unread is reset; half closed before, writing to it is a broken pipe.
        if round % 2 == 0 {
            stream.shutdown(std::net::Shutdown::Write).unwrap();
        }
        drop(stream);
    }
    assert!(get(at, "/metrics").body.len() > 6 << 20);
    drop(s);
}

#[test]
fn a_client_that_hangs_up_ends_no_simulation() {
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "host_that_sigpipe_would_end", "--ignored"]).env(SIGPIPE, "default");
    let ended = child.output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
}

#[test]
#[expect(unsafe_code, reason = "fork")]
fn a_forked_child_neither_serves_nor_keeps_the_port() {
    let mut run = Run::new(&[]);
    run.feed(0);
    run.wait();
    let (at, directory) = (run.at, journal_directory(&run.path));
    // SAFETY: the child calls nothing but what may be called after a fork: it drops the session, which there only forgets,
    // and then sleeps until it is killed.
    let child = unsafe { libc::fork() };
    if child == 0 {
        drop(run.session);
        loop {
            // SAFETY: as above.
            unsafe { libc::pause() };
        }
    }
    assert_eq!(get(at, "/status.json").json()["process_id"], std::process::id());
    assert!(monitor_path(&directory, 0).exists());
    run.session.close().unwrap();
    let refused = TcpStream::connect(at).is_err();
    // SAFETY: the child that was made above; nobody else waits for it.
    unsafe {
        libc::kill(child, libc::SIGKILL);
        libc::waitpid(child, std::ptr::null_mut(), 0);
    }
    assert!(refused, "the child has the socket too, and nobody answers there");
}
