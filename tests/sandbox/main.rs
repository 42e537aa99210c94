//! The sandbox, held to the reference pages and to what its faults promise.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod creates;
mod history;
mod people;
mod reference;
mod seeds;
mod sockets;

use deskcast::sandbox::{Reply, Request, World, WorldConfig};
use jiff::Timestamp;
use serde_json::{Value, json};

/// When every test begins: 2026-03-01T09:00:00Z.
const START: i64 = 1_772_355_600;

/// A world, and the time in it.
struct Town {
    world: World,
    now: Timestamp,
}

impl Town {
    fn new(config: WorldConfig) -> Town {
        Town {
            world: World::new(config),
            now: Timestamp::from_second(START).unwrap(),
        }
    }

    fn wait(&mut self, seconds: i64) {
        self.now += jiff::SignedDuration::from_secs(seconds);
    }

    fn ask(&mut self, method: &str, target: &str, body: &[u8]) -> Reply {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = format!("/platform/v1{path}");
        let (token, host) = (Some("sandbox"), "desk.test");
        self.world.handle(
            &Request {
                method,
                path: &path,
                query,
                token,
                host,
                body,
            },
            self.now,
        )
    }

    fn get(&mut self, target: &str) -> Value {
        body(&self.ask("GET", target, b""))
    }

    fn create(&mut self, body: &Value) -> Reply {
        self.ask("POST", "/proactive_chats", body.to_string().as_bytes())
    }
}

fn new_chat(customers: &[u64]) -> Value {
    json!({"message": "Spring sale", "groupKey": "vip-support", "customerIds": customers, "agentId": 41})
}

fn body(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap()
}

fn golden(name: &str) -> Value {
    let path = format!("{}/tests/golden/desk/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The documented errors, each with the name of its file.
fn documented_errors() -> Vec<(String, Value)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/desk/errors");
    let mut errors: Vec<(String, Value)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            (name, serde_json::from_str(&text).unwrap())
        })
        .collect();
    errors.sort_by(|a, b| a.0.cmp(&b.0));
    errors
}
