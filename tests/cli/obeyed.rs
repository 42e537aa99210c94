//! Every order and signal is obeyed at once in every state in which Desk is waited for, and nothing
//! is unknown afterwards that never left. Desk is a few lines here that do what a test says.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::stage::scene::Scene;
use crate::town::{Running, wait_until};

/// A second is promised; a busy machine may take longer to start a process that orders.
const AT_ONCE: Duration = Duration::from_secs(8);

/// What Desk does once it has accepted a few.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// It asks for so many seconds of patience.
    Throttle(u64),
    /// It shows everything and takes nothing.
    ReadOnly,
    /// It closes each connection without a word.
    Close,
    /// It is not there any more.
    Gone,
}

struct Door {
    address: String,
    accepted: Arc<AtomicU64>,
    is_gone: Arc<AtomicBool>,
}

impl Door {
    /// Accepts so many creates, and then does something else.
    fn open(most: u64, then: Then) -> Door {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/platform/v1", listener.local_addr().unwrap());
        let accepted = Arc::new(AtomicU64::new(0));
        let is_gone = Arc::new(AtomicBool::new(false));
        let (counts, gone) = (Arc::clone(&accepted), Arc::clone(&is_gone));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if gone.load(Ordering::SeqCst) {
                    return;
                }
                let (counts, gone) = (Arc::clone(&counts), Arc::clone(&gone));
                std::thread::spawn(move || serve(stream.unwrap(), &counts, &gone, most, then));
            }
        });
        Door {
            address,
            accepted,
            is_gone,
        }
    }

    fn has_accepted(&self, number: u64) -> bool {
        self.accepted.load(Ordering::SeqCst) >= number
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.is_gone.store(true, Ordering::SeqCst);
        let address = self.address.trim_start_matches("http://");
        let _ = TcpStream::connect(address.split('/').next().unwrap());
    }
}

fn serve(mut stream: TcpStream, counts: &AtomicU64, gone: &AtomicBool, most: u64, then: Then) {
    while let Some(head) = request(&mut stream) {
        let is_create = head.starts_with("POST");
        let accepts = is_create
            && counts
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| {
                    (n < most).then_some(n + 1)
                })
                .is_ok();
        let (status, more, body) = match then {
            _ if accepts => {
                let id = 100 + counts.load(Ordering::SeqCst);
                ("201 Created", String::new(), format!("{{\"id\": {id}}}"))
            }
            Then::Throttle(secs) => (
                "429 Too Many Requests",
                format!("Retry-After: {secs}\r\n"),
                String::new(),
            ),
            Then::ReadOnly if is_create => ("503 Unavailable", String::new(), String::new()),
            Then::ReadOnly => ("404 Not Found", String::new(), "{}".to_owned()),
            Then::Close => return,
            Then::Gone => {
                gone.store(true, Ordering::SeqCst);
                return;
            }
        };
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{more}\r\n{body}"
        );
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// Reads a request to its end; its head.
fn request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_it = name.eq_ignore_ascii_case("content-length");
        is_it.then(|| value.trim().parse::<usize>().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some(head)
}

fn number(scene: &Scene, sql: &str) -> i64 {
    let store = Connection::open(scene.store()).unwrap();
    store.busy_timeout(Duration::from_secs(5)).unwrap();
    store.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn state(scene: &Scene) -> String {
    let store = Connection::open(scene.store()).unwrap();
    store.busy_timeout(Duration::from_secs(5)).unwrap();
    store
        .query_row("SELECT state FROM run", [], |row| row.get(0))
        .unwrap()
}

/// A campaign of 60 batches to this Desk, which is being sent.
fn sending(door: &Door, more: &str) -> (Scene, Running) {
    sending_with(door, more, "4")
}

/// The same with so many requests in flight.
fn sending_with(door: &Door, more: &str, concurrency: &str) -> (Scene, Running) {
    let scene = Scene::new(&door.address);
    scene.campaign("spring", 1..=240, 4);
    let file = scene.path("campaigns/spring.toml");
    let text = std::fs::read_to_string(&file).unwrap() + more;
    std::fs::write(file, text).unwrap();
    let mut command = scene.deskcast(&["run", "spring"]);
    command.env("DESKCAST__LIMITS__CONCURRENCY", concurrency);
    (scene, Running::start(command))
}

/// Gives an order or a signal to a run that is being sent, and waits for its end.
fn obeyed(name: &str, what: &str, scene: &Scene, running: Running) {
    let begun = Instant::now();
    let state_wanted = match what {
        "TERM" | "INT" => {
            running.signal(what);
            "stopped"
        }
        order => {
            let ended = scene.run(&[order, "spring"]);
            assert_eq!(ended.code, Some(0), "{name}, {what}: {ended:?}");
            if order == "pause" {
                "paused"
            } else {
                "cancelled"
            }
        }
    };
    let ended = running.end();
    let took = begun.elapsed();
    eprintln!("{name}: {what} was obeyed within {took:?}");
    assert!(took < AT_ONCE, "{name}, {what}: {took:?}: {ended:?}");
    assert_eq!(ended.code, Some(4), "{name}, {what}: {ended:?}");
    assert_eq!(state(scene), state_wanted, "{name}, {what}: {ended:?}");
    let sending = number(scene, "SELECT count(*) FROM batch WHERE state = 1");
    assert_eq!(sending, 0, "{name}, {what}");
}

const WHATS: [&str; 4] = ["TERM", "INT", "pause", "cancel"];

#[test]
fn while_desk_asks_to_wait_every_order_is_obeyed_at_once_and_nothing_is_unknown() {
    for secs in [60, 99_999_999] {
        for what in WHATS {
            let door = Door::open(3, Then::Throttle(secs));
            let (scene, running) = sending(&door, "");
            wait_until("a few are accepted", || door.has_accepted(3));
            wait_until("nothing is being sent that has not left", || {
                number(&scene, "SELECT count(*) FROM batch WHERE state = 1") == 0
                    && number(&scene, "SELECT count(*) FROM batch WHERE state = 2") == 3
            });
            std::thread::sleep(Duration::from_millis(300));
            obeyed("throttled", what, &scene, running);
            let unknown = number(&scene, "SELECT count(*) FROM batch WHERE state = 5");
            assert_eq!(unknown, 0, "{what}");
        }
    }
}

#[test]
fn while_desk_is_gone_every_order_is_obeyed_at_once() {
    for what in WHATS {
        let door = Door::open(3, Then::Gone);
        let (scene, running) = sending(&door, "");
        wait_until("a few are accepted", || door.has_accepted(3));
        std::thread::sleep(Duration::from_millis(700));
        obeyed("gone", what, &scene, running);
    }
}

#[test]
fn while_desk_takes_nothing_every_order_is_obeyed_at_once_and_few_are_unknown() {
    for then in [Then::ReadOnly, Then::Close] {
        for what in WHATS {
            let door = Door::open(3, then);
            let (scene, running) = sending_with(&door, "", "1");
            wait_until("the breaker is open", || {
                number(&scene, "SELECT count(*) FROM batch WHERE state = 5") >= 3
            });
            std::thread::sleep(Duration::from_millis(1_500));
            obeyed("takes nothing", what, &scene, running);
            // Three in a row, and one that was tried by itself.
            let unknown = number(&scene, "SELECT count(*) FROM batch WHERE state = 5");
            assert!((3..=4).contains(&unknown), "{then:?}, {what}: {unknown}");
        }
    }
}

#[test]
fn while_its_gate_is_closed_every_order_is_obeyed_at_once() {
    for what in WHATS {
        let door = Door::open(3, Then::Throttle(60));
        let (scene, running) = sending(&door, "[approval]\nrequired = true\n");
        wait_until("it waits", || {
            scene.store().exists()
                && Connection::open(scene.store()).is_ok_and(|store| {
                    let waits = "SELECT count(*) FROM run WHERE note LIKE 'waits%'";
                    let waits = store.query_row(waits, [], |row| row.get::<_, i64>(0));
                    waits.is_ok_and(|waits| waits == 1)
                })
        });
        obeyed("waits for approval", what, &scene, running);
        assert!(!door.has_accepted(1));
    }
}

/// A paused run with unknown batches, at a Desk that asks for patience.
fn paused_with_unknown() -> (Door, Scene) {
    let door = Door::open(3, Then::Close);
    let (scene, running) = sending(&door, "");
    wait_until("some are unknown", || {
        number(&scene, "SELECT count(*) FROM batch WHERE state = 5") >= 3
    });
    obeyed("takes nothing", "pause", &scene, running);
    drop(door);
    let patient = Door::open(0, Then::Throttle(60));
    let settings = scene.path("deskcast.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let old = text.lines().nth(1).unwrap().to_owned();
    let new = format!("base_url = \"{}\"", patient.address);
    std::fs::write(&settings, text.replace(&old, &new)).unwrap();
    let store = Connection::open(scene.store()).unwrap();
    store
        .execute("UPDATE run SET base_url = ?1", [&patient.address])
        .unwrap();
    (patient, scene)
}

fn is_looked_for(scene: &Scene) -> bool {
    scene.path("deskcast.db-run1.lock").exists()
}

#[test]
fn who_looks_for_unknown_batches_obeys_signals_and_gives_the_run_up_to_whoever_wants_it() {
    let (_door, scene) = paused_with_unknown();
    for signal in ["TERM", "INT"] {
        let looking = Running::start(scene.deskcast(&["reconcile", "spring"]));
        wait_until("it looks", || is_looked_for(&scene));
        std::thread::sleep(Duration::from_millis(500));
        let begun = Instant::now();
        looking.signal(signal);
        let ended = looking.end();
        eprintln!(
            "reconcile: {signal} was obeyed within {:?}",
            begun.elapsed()
        );
        assert!(begun.elapsed() < AT_ONCE, "{ended:?}");
        assert_eq!(ended.code, Some(4), "{ended:?}");
    }
    for (order, after) in [
        ("resume", "stopped"),
        ("pause", "paused"),
        ("cancel", "cancelled"),
    ] {
        let looking = Running::start(scene.deskcast(&["reconcile", "spring"]));
        wait_until("it looks", || is_looked_for(&scene));
        std::thread::sleep(Duration::from_millis(500));
        let begun = Instant::now();
        let ended = scene.run(&[order, "spring"]);
        eprintln!("reconcile: {order} was obeyed within {:?}", begun.elapsed());
        assert!(begun.elapsed() < AT_ONCE, "{order}: {ended:?}");
        assert_eq!(ended.code, Some(0), "{order}: {ended:?}");
        assert_eq!(state(&scene), after, "{order}: {ended:?}");
        looking.end();
    }
}
