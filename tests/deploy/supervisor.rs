//! The notify protocol, heard at a socket of our own as systemd hears it.

use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;

use deskcast::service::observed::Observed;
use deskcast::service::supervisor::Supervisor;
use tokio::time::sleep;

/// A process that is supervised: it is ready, its loop turns for a while, hangs, turns again; it
/// reads its settings again, and stops. Time passes as fast as it can.
#[tokio::test(start_paused = true)]
#[ignore = "no test by itself: the process that the tests below start and listen to"]
async fn a_supervised_process() {
    let supervisor = Supervisor::of_this_process();
    let observed = Observed::default();
    supervisor.ready("waiting");
    let informed = tokio::spawn(supervisor.keep_informed(observed.clone()));
    sleep(Duration::from_secs(15)).await;
    observed.beat();
    supervisor.status("the loop hangs from now on");
    sleep(Duration::from_secs(200)).await;
    supervisor.status("it turns again");
    observed.beat();
    sleep(Duration::from_secs(10)).await;
    supervisor.reloading();
    supervisor.ready("sending spring");
    supervisor.stopping("finishing the requests in flight");
    informed.abort();
}

/// Starts it with this environment, and gives each datagram that it sent, in order.
fn heard(watchdog: Option<&str>) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let wait = Some(Duration::from_millis(20));
    socket.set_read_timeout(wait).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "supervisor::a_supervised_process", "--ignored"])
        .env("NOTIFY_SOCKET", &path)
        .stdout(Stdio::null());
    if let Some(microseconds) = watchdog {
        command.env("WATCHDOG_USEC", microseconds);
    }
    let mut child = command.spawn().unwrap();
    let mut heard = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let ended = child.try_wait().unwrap();
        match socket.recv(&mut buffer) {
            Ok(length) => heard.push(String::from_utf8(buffer[..length].to_vec()).unwrap()),
            Err(_) if ended.is_some() => break,
            Err(_) => {}
        }
    }
    assert!(child.wait().unwrap().success());
    heard
}

/// The datagrams, with equal ones that follow each other counted, and no time of day.
fn told(heard: &[String]) -> Vec<String> {
    let fixed = |text: &String| {
        let lines = text.lines().map(|line| match line.split_once('=') {
            Some((key @ "MONOTONIC_USEC", digits)) => {
                assert!(digits.bytes().all(|digit| digit.is_ascii_digit()));
                format!("{key}=…")
            }
            _ => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join(" ")
    };
    let heard: Vec<String> = heard.iter().map(fixed).collect();
    let runs = heard.chunk_by(|a, b| a == b);
    runs.map(|run| format!("{} × {}", run.len(), run[0]))
        .collect()
}

#[test]
fn it_is_told_of_every_change_and_of_life_while_the_loop_turns() {
    // Told every ten seconds, twice in each of its waits. The loop turned last after 15 seconds,
    // which is fresh until 105.
    assert_eq!(
        told(&heard(Some("20000000"))),
        [
            "1 × READY=1 STATUS=waiting",
            "2 × WATCHDOG=1",
            "1 × STATUS=the loop hangs from now on",
            "9 × WATCHDOG=1",
            "1 × STATUS=it turns again",
            "1 × WATCHDOG=1",
            "1 × RELOADING=1 MONOTONIC_USEC=…",
            "1 × READY=1 STATUS=sending spring",
            "1 × STOPPING=1 STATUS=finishing the requests in flight",
        ]
    );
}

#[test]
fn without_a_watchdog_there_are_no_signs_of_life() {
    for none in [None, Some("0")] {
        let heard = heard(none);
        assert_eq!(heard.len(), 6, "{heard:?}");
        assert!(!heard.concat().contains("WATCHDOG"), "{heard:?}");
    }
}
