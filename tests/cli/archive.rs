//! A Desk with tickets from before, and a folder with a list of them.

use std::time::Duration;

use deskcast::sandbox::requests::Purpose;
use deskcast::sandbox::world::DeleteLogs;
use deskcast::sandbox::{Faults, Request, SandboxConfig, StandIn};
use jiff::Timestamp;
use serde_json::Value;

use crate::stage::desk::Desk;
use crate::stage::scene::{Ended, Scene};
use crate::town::Running;

/// What a Desk's history is like.
#[derive(Clone, Copy)]
pub(crate) struct Like {
    pub(crate) tickets: u64,
    pub(crate) messages: (u64, u64),
    pub(crate) open_share: f64,
    /// Seconds of Desk time in a second.
    pub(crate) speed: f64,
    pub(crate) latency_ms: u64,
    /// Whether messages of Desk itself can be deleted.
    pub(crate) delete_events: bool,
    pub(crate) logs: DeleteLogs,
}

impl Default for Like {
    /// Closed long ago.
    fn default() -> Like {
        Like {
            tickets: 20,
            messages: (1, 40),
            open_share: 0.0,
            speed: 120.0,
            latency_ms: 0,
            delete_events: false,
            logs: DeleteLogs::Page,
        }
    }
}

pub(crate) struct Archive {
    pub(crate) desk: Desk,
    pub(crate) scene: Scene,
}

impl Archive {
    /// All tickets are on the list, in an order of their own.
    pub(crate) fn new(like: Like) -> Archive {
        let mut config = SandboxConfig {
            latency: Duration::from_millis(like.latency_ms),
            ..SandboxConfig::default()
        };
        let world = &mut config.stand_in.world;
        world.people.speed = like.speed;
        world.wire.delete_events = like.delete_events;
        world.wire.delete_logs = like.logs;
        world.history.tickets = like.tickets;
        (world.history.fewest_messages, world.history.most_messages) = like.messages;
        world.history.open_share = like.open_share;
        let desk = Desk::of(config);
        let scene = Scene::new(&desk.base_url());
        let (odd, even): (Vec<u64>, Vec<u64>) =
            (1..=like.tickets).partition(|ticket| ticket % 2 == 1);
        let rows = even.into_iter().chain(odd);
        let rows: String = rows.map(|id| format!("{id}\n")).collect();
        scene.write("tickets.csv", format!("ticket_id\n{rows}"));
        Archive { desk, scene }
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.scene.run(arguments)
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.scene.deskcast(arguments))
    }

    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.scene.path(path)).unwrap()
    }

    /// Requests of this kind that arrived.
    pub(crate) fn arrived(&self, purpose: Purpose) -> u64 {
        self.desk
            .with(|stand_in| stand_in.requests().count(purpose))
    }

    /// From now on these things go wrong.
    pub(crate) fn weather(&self, faults: &str) {
        let faults = Faults::parse(faults).unwrap();
        self.desk.with(|stand_in| stand_in.set_faults(faults));
    }

    /// Looks a whole list up in Desk, unseen.
    pub(crate) fn look_all(&self, path: &str) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let page = self.look(path, &format!("limit=100&offset={}", all.len()));
            let items = page["results"].as_array().unwrap();
            all.extend(items.iter().cloned());
            if page["next"].is_null() {
                return all;
            }
        }
    }

    /// Looks a page of a list up in Desk, unseen.
    pub(crate) fn look(&self, path: &str, query: &str) -> Value {
        let world = |stand_in: &mut StandIn| stand_in.world().clone();
        let mut world = self.desk.with(world);
        let path = format!("/platform/v1{path}");
        let reply = world.handle(&request("GET", &path, query), Timestamp::now());
        assert_eq!(reply.status, 200, "{path}?{query}");
        serde_json::from_slice(&reply.body).unwrap()
    }

    /// Somebody else deletes a message.
    pub(crate) fn delete(&self, ticket: u64, message: u64) {
        let path = format!("/platform/v1/tickets/{ticket}/chat_messages/{message}");
        let delete = request("DELETE", &path, "");
        let answer = self
            .desk
            .with(|stand_in| stand_in.handle(&delete, Timestamp::now()));
        assert_eq!(answer.reply.status, 200, "{path}");
    }
}

fn request<'a>(method: &'a str, path: &'a str, query: &'a str) -> Request<'a> {
    Request {
        method,
        path,
        query,
        token: Some("sandbox"),
        host: "desk",
        body: b"",
    }
}
