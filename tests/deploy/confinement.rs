//! What the services forbid, deskcast does not do: a run is traced, and every system call and kind
//! of socket of it held against the unit.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::stage::desk::Desk;
use crate::stage::scene::{Scene, finish};
use crate::tool::{succeed, text, tool};

/// The system calls of a set, such as @system-service, with those of the sets within it.
fn calls_of(set: &str) -> BTreeSet<String> {
    let said = succeed(tool("systemd-analyze").args(["--no-pager", "syscall-filter", set]));
    said.lines()
        .skip(1)
        .map(str::trim)
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .flat_map(|line| match line.strip_prefix('@') {
            Some(_) => calls_of(line),
            None => BTreeSet::from([line.to_owned()]),
        })
        .collect()
}

/// What the lines of the unit with this key come to; one that begins with ~ takes away.
fn allowed(unit: &str) -> BTreeSet<String> {
    let mut allowed = BTreeSet::new();
    for line in unit
        .lines()
        .filter_map(|line| line.strip_prefix("SystemCallFilter="))
    {
        let taken = line.strip_prefix('~');
        for set in taken.unwrap_or(line).split(' ') {
            let calls = calls_of(set);
            match taken {
                Some(_) => allowed.retain(|call| !calls.contains(call)),
                None => allowed.extend(calls),
            }
        }
    }
    allowed
}

/// A Desk that does this and that wrong, looked up by its name, and the campaign `spring` to it.
fn scene() -> (Desk, Scene) {
    let desk = Desk::start("429=@2:20ms,500-after=@3,reset-after=@4", Duration::ZERO);
    let scene = Scene::new(&desk.base_url().replace("127.0.0.1", "localhost"));
    scene.campaign("spring", 1..=100, 10);
    (desk, scene)
}

/// deskcast under strace, which writes to the file `trace`.
fn strace(scene: &Scene, arguments: &[&str]) -> Command {
    let mut strace = scene.command("strace");
    let deskcast = env!("CARGO_BIN_EXE_deskcast");
    strace.args(["-f", "-qq", "-o", "trace", "--", deskcast]);
    strace.args(arguments);
    strace
}

/// The lines of the trace, without what strace itself does before it starts deskcast.
fn trace(scene: &Scene) -> Vec<String> {
    let trace = std::fs::read_to_string(scene.path("trace")).unwrap_or_default();
    let after_start = trace.lines().skip_while(|line| !line.contains("execve("));
    after_start.skip(1).map(str::to_owned).collect()
}

/// A whole run.
fn traced_run() -> Vec<String> {
    let (_desk, scene) = scene();
    let ended = finish(strace(&scene, &["run", "spring"]));
    assert!(ended.out.contains("finished"), "{ended:?}");
    trace(&scene)
}

/// A daemon that serves its pages, launches the campaign, sends it, and is told to stop.
fn traced_daemon() -> Vec<String> {
    let (desk, scene) = scene();
    let settings = std::fs::read_to_string(scene.path("deskcast.toml")).unwrap();
    let web = "[web]\nlisten = \"127.0.0.1:0\"\n";
    scene.write("deskcast.toml", settings + web);
    let mut strace = strace(&scene, &["daemon"]);
    let daemon = strace.stderr(Stdio::null()).spawn().unwrap();
    let daemon = Traced(RefCell::new(daemon));
    wait_until(|| trace(&scene).iter().any(|line| line.contains(" listen(")));
    let launched = || scene.run(&["launch", "spring", "--by", "mira"]).code == Some(0);
    wait_until(launched);
    wait_until(|| desk.creates() >= 10);
    let trace_so_far = trace(&scene);
    let pid = trace_so_far[0].split(' ').next().unwrap();
    succeed(tool("kill").args(["-TERM", pid]));
    wait_until(|| daemon.0.borrow_mut().try_wait().unwrap().is_some());
    assert!(daemon.0.borrow_mut().wait().unwrap().success());
    trace(&scene)
}

/// strace and what it traces; both end with a test that fails.
struct Traced(RefCell<Child>);

impl Drop for Traced {
    fn drop(&mut self) {
        // A tracer that is killed lets go of what it traces: that goes first.
        let child = self.0.get_mut();
        if let Ok(None) = child.try_wait() {
            let parent = child.id().to_string();
            let _ = tool("pkill").args(["-KILL", "-P", &parent]).status();
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[track_caller]
fn wait_until(is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Holds a trace against a unit.
fn must_keep_to(trace: &[String], unit: &str) {
    // "1234 connect(9, …" or "1234 <... connect resumed>"; others tell of signals and ends.
    let made: BTreeSet<String> = trace
        .iter()
        .filter_map(|line| line.split_once(' ')?.1.trim_start().split_once('('))
        .map(|(call, _)| call.to_owned())
        .filter(|call| call.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
        .collect();
    assert!(
        made.contains("fsync") && made.contains("connect"),
        "{made:?}"
    );
    let unit = text(&format!("deploy/systemd/{unit}"));
    let allowed = allowed(&unit);
    assert!(allowed.contains("read") && !allowed.contains("chown"));
    // SQLite gives its files to the owner of the store where it runs as root; the service does not.
    let needed = made.iter().filter(|call| *call != "fchown");
    let forbidden: Vec<&String> = needed.filter(|call| !allowed.contains(*call)).collect();
    assert_eq!(forbidden, Vec::<&String>::new());

    let families = unit
        .lines()
        .find_map(|line| line.strip_prefix("RestrictAddressFamilies="))
        .unwrap();
    let mut families: BTreeSet<&str> = families.split(' ').collect();
    // The C library asks the kernel for its addresses this way, and does without an answer.
    families.insert("AF_NETLINK");
    let sockets = trace.iter().filter_map(|line| line.split_once(" socket("));
    for (_, socket) in sockets {
        let family = socket.split(',').next().unwrap();
        assert!(families.contains(family), "socket({socket}");
    }
    let executable = |line: &&String| line.contains("PROT_WRITE|PROT_EXEC");
    assert_eq!(
        trace.iter().find(executable),
        None,
        "memory to write and run"
    );
}

#[test]
fn a_run_makes_no_system_call_and_no_socket_that_its_unit_forbids() {
    must_keep_to(&traced_run(), "deskcast-run@.service");
}

#[test]
fn nor_does_the_daemon() {
    let trace = traced_daemon();
    let told = trace
        .iter()
        .any(|line| line.contains(" inotify_add_watch("));
    assert!(told, "it watched the campaigns");
    must_keep_to(&trace, "deskcast.service");
}
