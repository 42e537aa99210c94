//! What stands around the binary: units, the cron line, alert rules, the runbook and the Debian
//! package, each tried with the program that reads it on a machine.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod confinement;
mod cron;
mod daemon;
mod package;
mod rules;
mod runbook;
mod secrets;
#[expect(dead_code, reason = "shared with the tests that kill deskcast")]
#[path = "../kill/stage/mod.rs"]
mod stage;
mod supervisor;
mod tool;
mod units;

/// Lets a campaign message whom it has messaged before.
fn allow_repeats(scene: &stage::scene::Scene, name: &str) {
    let file = format!("campaigns/{name}.toml");
    let text = std::fs::read_to_string(scene.path(&file)).unwrap();
    scene.write(&file, text + "[repeat]\nsame_campaign = \"always\"\n");
}
