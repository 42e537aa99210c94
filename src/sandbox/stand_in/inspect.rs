//! The sandbox's own pages under `/_sandbox`: what it remembers, as JSON, for scripts and tests.
//!
//! They need no token, are never struck or throttled, and are not counted.

use jiff::Timestamp;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::StandIn;
use crate::sandbox::faults::Faults;
use crate::sandbox::world::{Chat, Memory, Reply, Request};

/// The path that the pages are under.
pub(crate) const PREFIX: &str = "/_sandbox";

/// `/_sandbox/messaged`.
#[derive(Serialize)]
struct Messaged<'a> {
    applied: u64,
    customers: u64,
    most: u32,
    more_than_once: Vec<Value>,
    waiting: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    all: Option<All<'a>>,
}

/// A map of id to times; ten million entries never become a tree in memory.
struct All<'a>(&'a Memory);

impl Serialize for All<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (customer, times) in self.0.all() {
            map.serialize_entry(&customer, &times)?;
        }
        map.end()
    }
}

impl StandIn {
    /// Answers one of the sandbox's own pages, or `None` for any other path.
    pub fn inspect(&mut self, request: &Request<'_>, now: Timestamp) -> Option<Reply> {
        let page = request.path.strip_prefix(PREFIX)?.trim_matches('/');
        self.settle_at(now);
        Some(match (request.method, page) {
            ("GET", "messaged") => self.messaged(asks(request.query, "customers", "all")),
            ("GET", "chats") => self.chats_page(),
            ("GET", "requests") => Reply::json(
                200,
                &self.requests.to_json(asks(request.query, "times", "all")),
            ),
            ("GET", "faults") => Reply::json(200, &Faults::names().collect::<Vec<_>>()),
            ("PUT", "faults") => self.change_faults(request.body),
            _ => Reply::json(
                404,
                &json!({"pages": [
                    "GET /_sandbox/messaged?customers=all",
                    "GET /_sandbox/chats",
                    "GET /_sandbox/requests?times=all",
                    "GET /_sandbox/faults",
                    "PUT /_sandbox/faults",
                ]}),
            ),
        })
    }

    fn messaged(&self, all: bool) -> Reply {
        let memory = self.world.memory();
        let again = memory.more_than_once().into_iter();
        Reply::json(
            200,
            &Messaged {
                applied: memory.applied(),
                customers: memory.customers(),
                most: memory.most(),
                more_than_once: again
                    .map(|(id, times)| json!({"customer": id, "times": times}))
                    .collect(),
                waiting: self.waiting.len(),
                all: all.then_some(All(memory)),
            },
        )
    }

    fn chats_page(&self) -> Reply {
        let chats: Vec<Value> = self.world.chats().iter().map(chat).collect();
        Reply::json(200, &json!({"count": chats.len(), "chats": chats}))
    }

    /// The body is a spec as `--faults` takes it; empty ends all faults.
    fn change_faults(&mut self, body: &[u8]) -> Reply {
        match Faults::parse(&String::from_utf8_lossy(body)) {
            Ok(faults) => {
                self.set_faults(faults);
                Reply::json(200, &json!({"ok": true}))
            }
            Err(error) => Reply::json(400, &json!({"error": error.to_string()})),
        }
    }
}

fn chat(chat: &Chat) -> Value {
    let made_at = Timestamp::from_microsecond(chat.made_at_micros()).unwrap_or_default();
    json!({
        "id": chat.id(),
        "message": chat.message(),
        "group": chat.group(),
        "customers": chat.customers().collect::<Vec<_>>(),
        "created_at": made_at.to_string(),
    })
}

fn asks(query: &str, name: &str, value: &str) -> bool {
    form_urlencoded::parse(query.as_bytes()).any(|(key, wanted)| key == name && wanted == value)
}
