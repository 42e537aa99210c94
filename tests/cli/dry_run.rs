//! A dry run tells everything and does nothing.

use std::process::Command;

use serde_json::{Value, json};

use crate::stage::scene::{Scene, finish};
use crate::town::{remove_store, strace};

/// A Desk at which nobody listens; a dry run must not find out.
const NOWHERE: &str = "http://127.0.0.1:9/platform/v1";
/// System calls by which something could leave the process, or stay behind when it is gone.
const CALLS: &str = "%network,open,openat,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2,\
                     unlink,unlinkat,link,linkat,symlink,symlinkat,truncate,ftruncate,chmod,fchmod";

/// Twelve rows: nine customers, two duplicates, an invalid row.
fn scene() -> Scene {
    let scene = Scene::new(NOWHERE);
    scene.write(
        "campaigns/spring.csv",
        "name,customer_id\na,1\nb,2\nc,3\nd,2\ne,4\nf,12.0\ng,5\nh,6\ni,7\nj,8\nk,9\nl,9\n",
    );
    scene.write(
        "campaigns/spring.toml",
        "message = \"Spring sale: 20% off\\nuntil \\\"Sunday\\\"\"\ngroup = \"vip-support\"\npriority = \"high\"\n\
         customers = \"spring.csv\"\nbatch_size = 4\ninvalid_rows = \"skip\"\n",
    );
    scene
}

/// deskcast as in [`scene`], without a token and with a rate that a person can follow.
fn dry_run(scene: &Scene, more: &[&str]) -> Command {
    let mut command = scene.deskcast(&["run", "spring", "--dry-run"]);
    command
        .args(more)
        .env_remove("DESKCAST__DESK__API_TOKEN")
        .env("DESKCAST__LIMITS__REQUESTS_PER_SECOND", "5");
    command
}

#[test]
fn a_dry_run_that_cannot_be_written_says_so_with_4() {
    for more in [&[][..], &["--json"]] {
        let full = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .expect("it is there");
        let scene = scene();
        let mut command = dry_run(&scene, more);
        let ended = command.stdout(full).output().expect("it can be started");
        assert_eq!(ended.status.code(), Some(4));
        let err = String::from_utf8_lossy(&ended.stderr);
        assert!(err.contains("standard output cannot be written"), "{err}");
    }
}

#[test]
fn times_are_those_of_the_zone_that_the_campaign_is_at_home_in() {
    let scene = scene();
    let path = scene.path("campaigns/spring.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    // A zone that is never at the hour of the machine's.
    let schedule = "\n[schedule]\ncron = \"0 9 * * *\"\ntimezone = \"Asia/Kathmandu\"\n";
    std::fs::write(&path, format!("{text}{schedule}")).unwrap();
    let ended = finish(dry_run(&scene, &[]));
    let ends = ended.out.lines().find(|line| line.starts_with("Ends "));
    assert!(
        ends.is_some_and(|line| line.contains("+05:45")),
        "{ended:?}"
    );
}

#[test]
fn the_text_shows_every_sum_and_the_first_request() {
    let ended = finish(dry_run(&scene(), &[]));
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    let text: Vec<String> = ended
        .out
        .lines()
        .map(|line| match line.strip_prefix("Ends ") {
            Some(_) => "Ends        [time], if begun now".to_owned(),
            None if line.contains("  changed 20") => "              changed [time]".to_owned(),
            None => line.to_owned(),
        })
        .collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn the_object_has_every_sum_and_the_first_request() {
    let ended = finish(dry_run(&scene(), &["--json"]));
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    let mut object = ended.json();
    object["read"][0]["changed_at"].take();
    assert_eq!(
        object["first_request"].take(),
        json!({
            "method": "POST",
            "url": "http://127.0.0.1:9/platform/v1/proactive_chats",
            "body": {
                "message": "Spring sale: 20% off\nuntil \"Sunday\"",
                "groupKey": "vip-support",
                "agentId": 41,
                "priority": "HIGH",
                "customerIds": [1, 2, 3, 4],
            },
        })
    );
    insta::assert_snapshot!(pretty(&object));
}

#[test]
fn the_sums_add_up() {
    let object = finish(dry_run(&scene(), &["--json"])).json();
    let of = |name: &str| object["customers"][name].as_u64().unwrap();
    assert_eq!(of("listed"), 12);
    assert_eq!(
        of("listed"),
        of("planned") + of("duplicates") + of("invalid") + of("excluded")
    );
    assert_eq!(of("planned"), of("remaining"));
}

#[test]
fn nothing_is_left_behind_and_nobody_is_called() {
    let scene = scene();
    remove_store(&scene);
    let before = files(&scene);
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut command = strace(&scene);
    command
        .env_remove("DESKCAST__DESK__API_TOKEN")
        .args(["-f", "-qq", "-e", "signal=none", "-e"])
        .arg(format!("trace={CALLS}"))
        .arg("-o")
        .arg(log.path())
        .arg(env!("CARGO_BIN_EXE_deskcast"))
        .args(["run", "spring", "--dry-run"]);
    let ended = finish(command);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let log = std::fs::read_to_string(log.path()).unwrap();
    assert!(log.contains("spring.csv"), "it was traced: {log}");
    let suspects: Vec<&str> = log
        .lines()
        // A thread that strace met as the process ended: no call has a name there.
        .filter(|line| !line.contains(" ???("))
        .filter(|line| is_suspect(line))
        .collect();
    assert_eq!(suspects, [] as [&str; 0]);
    assert_eq!(files(&scene), before);
}

/// Whether a call does more than read a file. A pair of sockets inside the process, by which a
/// signal wakes the loop, leads nowhere.
fn is_suspect(line: &str) -> bool {
    let call = line.split_once(' ').map_or(line, |(_, call)| call.trim());
    if call.starts_with("open") {
        let writes = [
            "O_WRONLY",
            "O_RDWR",
            "O_CREAT",
            "O_TRUNC",
            "O_APPEND",
            "O_TMPFILE",
        ];
        return writes.iter().any(|flag| call.contains(flag)) && !call.contains("\"/dev/");
    }
    let inside = ["socketpair(AF_UNIX", "<... "];
    !inside.iter().any(|known| call.starts_with(known)) && call.contains('(')
}

#[test]
fn a_call_that_leaves_or_stays_is_a_suspect() {
    for line in [
        "7 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3",
        "7 connect(3, {sa_family=AF_INET}, 16) = 0",
        "7 openat(AT_FDCWD, \"deskcast.db\", O_RDWR|O_CREAT, 0600) = 3",
        "12345 unlink(\"a\") = 0",
    ] {
        assert!(is_suspect(line), "{line}");
    }
    for line in [
        "7 openat(AT_FDCWD, \"spring.csv\", O_RDONLY|O_CLOEXEC) = 3",
        "7 openat(AT_FDCWD, \"/dev/null\", O_RDWR) = 3",
        "7 socketpair(AF_UNIX, SOCK_STREAM, 0, [5, 6]) = 0",
    ] {
        assert!(!is_suspect(line), "{line}");
    }
}

fn files(scene: &Scene) -> Vec<String> {
    let mut names = Vec::new();
    for folder in [".", "campaigns"] {
        for entry in std::fs::read_dir(scene.path(folder)).unwrap() {
            names.push(entry.unwrap().path().display().to_string());
        }
    }
    names.sort();
    names
}

fn pretty(object: &Value) -> String {
    serde_json::to_string_pretty(object).unwrap()
}
