//! How many at a time: the real binary against the real sandbox, and what the sandbox then counts.

#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(
    dead_code,
    reason = "what these tests stand on has more than they need"
)]

mod abort;
mod approval;
mod canary;
mod chosen;
mod dry_run;
mod limits;
#[path = "../kill/stage/mod.rs"]
mod stage;
#[path = "../cli/town.rs"]
mod town;

use std::time::Duration;

use deskcast::sandbox::world::People;
use deskcast::sandbox::{Faults, SandboxConfig, StandInConfig, WorldConfig};

use crate::stage::desk::Desk;
use crate::town::Town;

/// A Desk with such people, which does these things wrong.
fn desk(people: People, faults: &str) -> Desk {
    let world = WorldConfig {
        people,
        ..WorldConfig::default()
    };
    desk_of(world, faults)
}

fn desk_of(world: WorldConfig, faults: &str) -> Desk {
    Desk::of(SandboxConfig {
        stand_in: StandInConfig {
            world,
            faults: Faults::parse(faults).unwrap(),
            keep_times: true,
            ..StandInConfig::default()
        },
        ..SandboxConfig::default()
    })
}

/// Everybody answers within this many milliseconds, and is closed within as many more as `handling`.
fn people(answers: u64, handling: u64) -> People {
    People {
        speed: 1.0,
        reply_share: 1.0,
        reply_within: Duration::from_millis(answers),
        close_within: Duration::from_millis(handling),
        ..People::default()
    }
}

/// The campaign `spring` to customers 1 to `customers` in batches of 10, with more lines in its file.
fn town(desk: Desk, customers: u64, lines: &str) -> Town {
    let town = Town::with(desk, customers, 10);
    add(&town, lines);
    town
}

/// Writes more lines into the file of the campaign.
fn add(town: &Town, lines: &str) {
    let file = town.scene.path("campaigns/spring.toml");
    let before = std::fs::read_to_string(file).unwrap();
    let text = format!("{before}{lines}\n");
    town.scene.write("campaigns/spring.toml", text);
}

/// What is printed, without what is another every time.
fn without_time(text: &str) -> String {
    let mut parts = text.split("spring@");
    let first = parts.next().unwrap().to_owned();
    let text = parts.fold(first, |text, part| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || "-:TZ".contains(c));
        format!("{text}spring@[time]{rest}")
    });
    let lines = text.lines().map(|line| match line.split_once(" after ") {
        Some((before, _)) if line.starts_with("spring@") => format!("{before} after [time]"),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}
