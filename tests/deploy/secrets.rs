//! What is written where many can read it: neither the token nor a message.

use std::time::Duration;

use deskcast::sandbox::{Faults, SandboxConfig, StandInConfig, WorldConfig};

use crate::stage::desk::Desk;
use crate::stage::scene::{Ended, Scene, finish};

const TOKEN: &str = "tok-7d1f0c5e9ab34812";
const MESSAGE: &str = "Hello from spring";

/// A Desk that lets nobody in but by the token, and does much wrong.
fn desk() -> Desk {
    let world = WorldConfig {
        token: TOKEN.to_owned(),
        ..WorldConfig::default()
    };
    let faults =
        "429=@2:50ms,500-after=@3,reset-after=@4,garbage-after=@7,400=@8,html-500-before=@10";
    let stand_in = StandInConfig {
        world,
        faults: Faults::parse(faults).unwrap(),
        ..StandInConfig::default()
    };
    Desk::of(SandboxConfig {
        stand_in,
        latency: Duration::ZERO,
        ..SandboxConfig::default()
    })
}

fn run(scene: &Scene, settings: &[(&str, &str)], arguments: &[&str]) -> Ended {
    let mut command = scene.deskcast(arguments);
    command
        .env("DESKCAST__DESK__API_TOKEN", TOKEN)
        .env("DESKCAST__LOG__FILTER", "trace")
        .envs(settings.iter().copied());
    finish(command)
}

#[test]
fn no_output_of_a_run_has_the_token_or_the_message() {
    for format in ["text", "json"] {
        let desk = desk();
        let scene = Scene::new(&desk.base_url());
        scene.campaign("spring", 1..=120, 10);
        crate::allow_repeats(&scene, "spring");
        let settings = [("DESKCAST__LOG__FORMAT", format)];
        let sent = run(&scene, &settings, &["run", "spring"]);
        assert!(sent.out.contains("\nUnknown "), "it was eventful: {sent:?}");
        assert!(sent.err.contains("TRACE"), "everything was logged");
        let mut outputs = vec![sent];
        for command in ["track", "reconcile", "report", "runs"] {
            outputs.push(run(&scene, &settings, &[command]));
        }
        let refused = [settings[0], ("DESKCAST__DESK__API_TOKEN", "not-the-token")];
        outputs.push(run(&scene, &refused, &["run", "spring", "--new"]));
        assert_eq!(outputs[5].code, Some(4), "{:?}", outputs[5]);
        for Ended { out, err, .. } in &outputs {
            for secret in [TOKEN, "not-the-token", MESSAGE] {
                assert!(!out.contains(secret), "{secret}: {out}");
                assert!(!err.contains(secret), "{secret}: {err}");
            }
        }
    }
}

/// A log that nobody would find is no log: the command says so and does not begin.
#[test]
fn the_systemd_journal_is_there_or_a_sentence_says_that_it_is_not() {
    let scene = Scene::new("http://127.0.0.1:9/platform/v1");
    let settings = [("DESKCAST__LOG__FORMAT", "journald")];
    let ended = run(&scene, &settings, &["runs"]);
    if std::path::Path::new("/run/systemd/journal/socket").exists() {
        assert!(ended.err.contains("does not exist yet"), "{ended:?}");
    } else {
        assert_eq!(ended.code, Some(2));
        insta::assert_snapshot!(ended.err, @r#"deskcast: logging cannot be set up: log.format is "journald", but the systemd journal of this machine cannot be written (/run/systemd/journal/socket: No such file or directory (os error 2)). Use "text" or "json""#);
    }
}
