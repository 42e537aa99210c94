//! The units, as systemd judges them.

use std::path::{Path, PathBuf};

use clap::Parser as _;
use deskcast::cli::Cli;

use crate::tool::{output, project, said, succeed, text, tool};

const SERVICES: [&str; 3] = [
    "deskcast.service",
    "deskcast-run@.service",
    "deskcast-store.service",
];
const TIMER: &str = "deskcast-run@.timer";

fn unit(name: &str) -> String {
    text(&format!("deploy/systemd/{name}"))
}

/// The values of a key, in order.
fn values<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    unit.lines()
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix('='))
        .collect()
}

/// The units in a folder of their own, with the binary where it is.
fn folder() -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str| {
        let here = unit(name).replace("/usr/bin/deskcast", env!("CARGO_BIN_EXE_deskcast"));
        let path = folder.path().join(name);
        std::fs::write(&path, here).unwrap();
        path
    };
    let paths = SERVICES.into_iter().chain([TIMER]).map(write).collect();
    (folder, paths)
}

/// What systemd says of our units; it may say more, of others on the machine.
fn verified(paths: &[PathBuf]) -> String {
    let mut verify = tool("systemd-analyze");
    let said = said(&output(verify.args(["verify", "--man=no"]).args(paths)));
    let ours: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("deskcast"))
        .collect();
    ours.join("\n")
}

#[test]
fn systemd_understands_every_line() {
    let (_folder, paths) = folder();
    assert_eq!(verified(&paths), "");
    let wrong = unit("deskcast.service").replace("ProtectClock=yes", "ProtectClok=yes");
    std::fs::write(&paths[0], wrong).unwrap();
    let said = verified(&paths);
    assert!(
        said.contains("ProtectClok"),
        "a mistake is found out: {said}"
    );
}

/// Whether a unit is exposed by no more than 1.1 of 10.
fn is_hardened(path: &Path) -> (bool, String) {
    let output = output(
        tool("systemd-analyze")
            .args(["security", "--offline=true", "--no-pager", "--threshold=11"])
            .arg(path),
    );
    (output.status.success(), said(&output))
}

#[test]
fn the_services_are_exposed_by_1_1_at_most() {
    for name in SERVICES {
        let (hardened, table) = is_hardened(&project(&format!("deploy/systemd/{name}")));
        assert!(hardened, "{table}");
    }
    let (_folder, paths) = folder();
    let weaker = unit(SERVICES[0]).replace("PrivateUsers=yes\n", "");
    std::fs::write(&paths[0], weaker).unwrap();
    assert!(!is_hardened(&paths[0]).0, "a weaker one is found out");
}

#[test]
fn the_services_differ_in_nothing_that_protects() {
    let hardening = |name| {
        let unit = unit(name);
        let (_, after) = unit.split_once("# The store. Nobody else").unwrap();
        after.split("[Install]").next().unwrap().trim().to_owned()
    };
    assert_eq!(hardening(SERVICES[0]), hardening(SERVICES[1]));
    assert_eq!(hardening(SERVICES[0]), hardening(SERVICES[2]));
}

#[test]
fn the_daemon_may_finish_its_requests_and_is_watched() {
    let unit = unit("deskcast.service");
    let seconds = |key| -> u64 {
        let [value] = values(&unit, key)[..] else {
            panic!("{key} is not there once")
        };
        value.strip_suffix('s').unwrap().parse().unwrap()
    };
    let timeout = deskcast::settings::Limits::default().request_timeout.get();
    assert!(seconds("TimeoutStopSec") > timeout.as_secs() + 10);
    let stale = deskcast::service::observed::STALE_AFTER.as_secs();
    assert!((10..=stale).contains(&seconds("WatchdogSec")));
    assert_eq!(values(&unit, "Type"), ["notify"]);
    let credential = deskcast::settings::token::CREDENTIAL;
    assert_eq!(
        values(&unit, "LoadCredential"),
        [format!("{credential}:/etc/deskcast/token")]
    );
}

/// A one-shot is asked every minute: whatever it is asked, nobody is messaged twice by it.
#[test]
fn the_services_start_commands_that_there_are_and_a_one_shot_goes_by_its_schedule() {
    for name in SERVICES {
        let unit = unit(name);
        let [command] = values(&unit, "ExecStart")[..] else {
            panic!("not one command")
        };
        let command = command.replace("%i", "spring-sale");
        Cli::try_parse_from(command.split(' ')).expect("a command of deskcast");
    }
    let one_shot = unit(SERVICES[1]);
    assert!(values(&one_shot, "ExecStart")[0].ends_with(" --scheduled"));
    assert_eq!(values(&one_shot, "Restart"), Vec::<&str>::new());
}

/// A store that is lost must not be made anew by the start of what sends.
#[test]
fn no_unit_that_sends_makes_a_store() {
    let store = unit(SERVICES[2]);
    assert_eq!(
        values(&store, "ExecStart"),
        ["/usr/bin/deskcast store create"]
    );
    assert!(!store.contains("[Install]"), "nothing enables it");
    for name in [SERVICES[0], SERVICES[1]] {
        let unit = unit(name);
        assert!(!unit.contains("deskcast-store") && !unit.contains("store create"));
        assert_eq!(values(&unit, "ExecStartPre"), Vec::<&str>::new());
    }
    // The package starts it when it is first installed, and never when it is upgraded.
    let script = text("deploy/debian/postinst");
    let (upgrade, first) = script.split_once("    else\n").unwrap();
    assert!(first.contains("systemctl start deskcast-store.service"));
    assert!(upgrade.contains("[ -n \"$2\" ]") && !upgrade.contains("deskcast-store"));
}

#[test]
fn the_timer_asks_every_minute() {
    let unit = unit(TIMER);
    let [when] = values(&unit, "OnCalendar")[..] else {
        panic!("not one time")
    };
    let mut calendar = tool("systemd-analyze");
    calendar.args([
        "calendar",
        "--iterations=3",
        "--base-time=2026-11-21 09:00:30 UTC",
    ]);
    let said = succeed(calendar.env("TZ", "UTC").arg(when));
    for minute in ["09:01:00", "09:02:00", "09:03:00"] {
        assert!(said.contains(&format!("2026-11-21 {minute} UTC")), "{said}");
    }
    let wrong = output(tool("systemd-analyze").args(["calendar", "*-*-* *:61:00"]));
    assert!(!wrong.status.success());
    assert_eq!(values(&unit, "Persistent"), ["false"]);
}
