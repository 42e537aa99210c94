//! What the services forbid, deskcast does not do: a run is traced, and every system call and kind
//! of socket of it held against the unit.

use std::collections::BTreeSet;
use std::time::Duration;

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

/// The lines of a trace of a whole run to a Desk that is looked up by its name, without those that
/// strace itself does before it starts deskcast.
fn trace() -> Vec<String> {
    let desk = Desk::start("429=@2:20ms,500-after=@3,reset-after=@4", Duration::ZERO);
    let scene = Scene::new(&desk.base_url().replace("127.0.0.1", "localhost"));
    scene.campaign("spring", 1..=100, 10);
    let mut strace = scene.command("strace");
    strace.args([
        "-f",
        "-qq",
        "-o",
        "trace",
        "--",
        env!("CARGO_BIN_EXE_deskcast"),
    ]);
    strace.args(["run", "spring"]);
    let ended = finish(strace);
    assert!(ended.out.contains("finished"), "{ended:?}");
    let trace = std::fs::read_to_string(scene.path("trace")).unwrap();
    let after_start = trace.lines().skip_while(|line| !line.contains("execve("));
    after_start.skip(1).map(str::to_owned).collect()
}

#[test]
fn a_run_makes_no_system_call_and_no_socket_that_its_unit_forbids() {
    let trace = trace();
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
    let unit = text("deploy/systemd/deskcast-run@.service");
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
