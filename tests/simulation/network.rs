//! The way to the other side and back: what was sent arrives or not, is answered or not, and what
//! comes back is read by the code that reads Desk's answers.

use std::time::Duration;

use deskcast::delivery::dispatch::Event;
use deskcast::delivery::outcome::{Answer, AnswerBody, Fact};
use deskcast::desk::answer;
use deskcast::journal::Fence;
use deskcast::journal::memory::ProcessId;
use deskcast::sandbox::{self, Delivery, Reply, Request};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::world::{Happening, World, tell};

/// A request takes no longer than this in all.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// A request on its way.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) process: ProcessId,
    pub(crate) fence: Fence,
    /// When it leaves.
    pub(crate) at: Duration,
    pub(crate) wanted: Wanted,
}

/// What it asks for.
#[derive(Debug)]
pub(crate) enum Wanted {
    Create {
        batch: u32,
        attempt: u32,
        body: Vec<u8>,
    },
    Probe,
}

impl World {
    pub(crate) fn arrive(&mut self, sent: Sent) {
        let Sent {
            process,
            fence,
            at: _,
            wanted,
        } = sent;
        if self.chance.strikes(self.weather.refuse) {
            let event = match wanted {
                Wanted::Create { batch, .. } => {
                    Event::Answered(batch, Fact::NotSent("connection refused".to_owned()))
                }
                Wanted::Probe => Event::Probed(false),
            };
            self.answer(process, fence, Duration::ZERO, event);
            return;
        }
        match wanted {
            Wanted::Create {
                batch,
                attempt,
                body,
            } => self.create_arrives((process, fence), batch, attempt, &body),
            Wanted::Probe => {
                let answer = self.ask("GET", "/platform/v1/proactive_chats/1", b"");
                let serves = answer.delivery == Delivery::Whole && answer.reply.status < 500;
                self.answer(process, fence, answer.delay, Event::Probed(serves));
            }
        }
    }

    fn create_arrives(&mut self, to: (ProcessId, Fence), batch: u32, attempt: u32, body: &[u8]) {
        let answer = self.ask("POST", "/platform/v1/proactive_chats", body);
        tell!(
            self,
            "  Desk says {} {:?} to batch {batch}",
            answer.reply.status,
            answer.delivery
        );
        self.figures.creates += 1;
        self.figures.count(&answer);
        let late = answer.delay >= REQUEST_TIMEOUT || answer.delivery == Delivery::Hang;
        let (wait, fact) = if late {
            (REQUEST_TIMEOUT, Fact::Lost("timed out".to_owned()))
        } else {
            (answer.delay, self.fact(&answer))
        };
        if late && self.weather.steps_while_late {
            // At any time until it is applied; most of all just when it is given up.
            let given_up = REQUEST_TIMEOUT + self.chance.millis(300);
            let wait = self.chance.millis(60_000);
            let wait = self.chance.pick(&[wait, given_up, given_up]);
            self.after(wait, Happening::StepWhileLate);
        }
        if late || leaves_doubt(&answer) {
            let causes = self.causes.entry(to.1.run).or_default();
            causes.insert((batch, attempt));
        }
        self.answer(to.0, to.1, wait, Event::Answered(batch, fact));
    }

    pub(crate) fn ask(&mut self, method: &str, path: &str, body: &[u8]) -> sandbox::Answer {
        let request = Request {
            method,
            path,
            token: Some("sandbox"),
            host: "desk.test",
            body,
            ..Request::default()
        };
        let answer = self.desk.handle(&request, self.server_time());
        self.collect();
        answer
    }

    /// What the client makes of an answer, from its bytes.
    fn fact(&self, answer: &sandbox::Answer) -> Fact {
        let reply = &answer.reply;
        match answer.delivery {
            Delivery::Whole => Fact::Answered(answer::to_create(
                reply.status,
                &headers(reply),
                &reply.body,
                self.wall(),
            )),
            Delivery::CutBody => Fact::Answered(Answer {
                status: reply.status,
                wait: None,
                body: AnswerBody::Unreadable("the answer was cut".to_owned()),
            }),
            other => Fact::Lost(format!("the connection failed: {other:?}")),
        }
    }

    fn answer(&mut self, process: ProcessId, fence: Fence, delay: Duration, event: Event) {
        let wait = delay + self.chance.millis(40);
        self.after(wait, Happening::Tell(process, fence, event));
    }

    /// Takes note of the chats that were made since the last look.
    pub(crate) fn collect(&mut self) {
        let mut made = Vec::new();
        let chats = &self.desk.world().chats()[self.chats_seen..];
        for chat in chats {
            let of = self
                .campaigns
                .iter()
                .position(|campaign| campaign.new.message == chat.message());
            if let Some(nth) = of {
                let customers: Vec<u64> = chat.customers().collect();
                made.push((nth, customers.clone()));
                let applied = self.applied.entry(nth).or_default();
                applied.insert(chat.id(), customers);
            }
        }
        self.chats_seen += chats.len();
        for (nth, customers) in made {
            let run = self.created.iter().find(|(_, of)| **of == nth);
            // What leaves of a store that is gone is that one's wave.
            if let Some(run) = run.map(|(run, _)| *run).filter(|_| self.adopted == 0) {
                self.must_be_in_turn(run, &customers);
            }
        }
    }
}

fn headers(reply: &Reply) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in &reply.headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers
}

/// Whether nobody who sees this answer can know what became of the request: judged here once more,
/// and more simply than in the table.
fn leaves_doubt(answer: &sandbox::Answer) -> bool {
    let reply = &answer.reply;
    let says_id = || {
        let body: Option<serde_json::Value> = serde_json::from_slice(&reply.body).ok();
        body.is_some_and(|body| body["id"].is_u64())
    };
    match (answer.delivery, reply.status) {
        (Delivery::Whole, 200..=299) => !says_id(),
        (Delivery::Whole | Delivery::CutBody, 408 | 500..) => true,
        (Delivery::Whole, _) => false,
        (Delivery::CutBody, status) => status < 300,
        _ => true,
    }
}
