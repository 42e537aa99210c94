//! The stand-in: world, faults, limit and record as one. A request goes in; out comes an answer,
//! and how it gets lost on the way.
//!
//! It is as pure as the world. What a broken connection looks like is for the caller to perform,
//! so a simulation and the server share every decision.

mod inspect;
mod spoil;

use std::time::Duration;

use jiff::Timestamp;

use super::faults::{Effect, Faults};
use super::limit::{Limit, Verdict};
use super::requests::{Purpose, Requests};
use super::world::{Call, Reply, Request, World, WorldConfig};

/// What a stand-in is made of.
#[derive(Debug, Clone, Default)]
pub struct StandInConfig {
    /// The world before the faults shape it.
    pub world: WorldConfig,
    /// The plan of faults.
    pub faults: Faults,
    /// The rate limit over all requests; `None` for none.
    pub limit: Option<Limit>,
    /// Whether the time of every arrival is kept.
    pub keep_times: bool,
}

/// A Desk project with its weather.
#[derive(Debug, Clone)]
pub struct StandIn {
    calm: WorldConfig,
    world: World,
    faults: Faults,
    limit: Option<Limit>,
    requests: Requests,
    /// Requests that will be applied only later, in no order.
    waiting: Vec<Waiting>,
}

/// A request that is applied at `due`, microseconds since the epoch.
#[derive(Debug, Clone)]
struct Waiting {
    due: i64,
    request: Incoming,
}

/// A request, read and judged as far as that needs no world.
#[derive(Debug, Clone)]
pub(crate) struct Incoming {
    purpose: Purpose,
    call: Call,
    token: Option<String>,
    host: String,
}

/// An answer and its way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What Desk says; some deliveries let nobody hear it.
    pub reply: Reply,
    /// How it travels.
    pub delivery: Delivery,
    /// How long it is held back.
    pub delay: Duration,
}

/// What becomes of an answer on its way to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It arrives.
    Whole,
    /// The connection is reset (RST) instead.
    Reset,
    /// The connection is closed (FIN) instead.
    Close,
    /// It ends within its first line, and the connection is closed.
    CutHead,
    /// It ends within its body, and the connection is closed.
    CutBody,
    /// These bytes arrive instead, and the connection is closed.
    Noise(&'static [u8]),
    /// Nothing arrives and the connection stays open.
    Hang,
}

impl Incoming {
    pub(crate) fn read(request: &Request<'_>) -> Incoming {
        Incoming {
            purpose: Purpose::of(request.method),
            call: Call::read(request),
            token: request.token.map(str::to_owned),
            host: request.host.to_owned(),
        }
    }
}

impl StandIn {
    /// A project that nobody has used yet.
    pub fn new(config: StandInConfig) -> StandIn {
        let StandInConfig {
            world: calm,
            faults,
            limit,
            keep_times,
        } = config;
        let mut shaped = calm.clone();
        faults.shape(&mut shaped);
        let (world, requests) = (World::new(shaped), Requests::new(keep_times));
        StandIn {
            calm,
            world,
            faults,
            limit,
            requests,
            waiting: Vec::new(),
        }
    }

    /// Does what a request asks for, or what strikes it, at `now`.
    pub fn handle(&mut self, request: &Request<'_>, now: Timestamp) -> Answer {
        self.perform(Incoming::read(request), now.as_microsecond())
    }

    /// The same for a request that was already read; `now` in microseconds since the epoch.
    pub(crate) fn perform(&mut self, request: Incoming, now: i64) -> Answer {
        self.settle(now);
        let k = self.requests.arrived(request.purpose, now);
        let verdict = self.limit.as_mut().map(|limit| limit.judge(now));
        let (mut answer, fault) = match verdict {
            Some(Verdict::Throttled { wait_micros }) => (
                spoil::throttled(Duration::from_micros(wait_micros.unsigned_abs()), 0, now),
                None,
            ),
            _ => self.struck_or_done(request, k, now),
        };
        if let (Some(limit), Some(verdict)) = (&self.limit, verdict) {
            answer.reply = spoil::with_limit(answer.reply, limit, verdict);
        }
        let arrives = answer.delivery == Delivery::Whole;
        self.requests
            .answered(arrives.then_some(answer.reply.status), fault);
        answer
    }

    fn struck_or_done(
        &mut self,
        request: Incoming,
        k: u64,
        now: i64,
    ) -> (Answer, Option<&'static str>) {
        let (seed, nth, purpose) = (
            self.world.config().seed,
            self.requests.total(),
            request.purpose,
        );
        let Some(strike) = self.faults.strike(seed, purpose, k, nth).cloned() else {
            return (Answer::whole(self.apply(request, now)), None);
        };
        if strike.kind.effect == Effect::HangThenApply {
            let late = strike.duration.unwrap_or(spoil::LATE).as_micros();
            let due = now.saturating_add(i64::try_from(late).unwrap_or(i64::MAX));
            self.waiting.push(Waiting {
                due,
                request: request.clone(),
            });
        }
        let reply = strike.kind.applied.then(|| self.apply(request, now));
        (
            spoil::spoil(&strike, reply, purpose, (seed, nth), now),
            Some(strike.kind.name),
        )
    }

    fn apply(&mut self, request: Incoming, now: i64) -> Reply {
        self.world
            .perform(request.token.as_deref(), request.call, &request.host, now)
    }

    /// Applies what was to be applied by now. Call it before looking at the memory.
    pub fn settle_at(&mut self, now: Timestamp) {
        self.settle(now.as_microsecond());
    }

    fn settle(&mut self, now: i64) {
        if self.waiting.is_empty() {
            return;
        }
        let (mut due, waiting) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition::<Vec<_>, _>(|waiting| waiting.due <= now);
        self.waiting = waiting;
        due.sort_by_key(|waiting| waiting.due);
        for Waiting { due, request } in due {
            self.apply(request, due);
        }
    }

    /// From now on another plan of faults holds; what was already made stays as it is.
    pub fn set_faults(&mut self, faults: Faults) {
        let mut shaped = self.calm.clone();
        faults.shape(&mut shaped);
        *self.world.config_mut() = shaped;
        self.faults = faults;
    }

    /// What Desk holds, and the memory of who was messaged.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// What arrived and what was answered.
    pub fn requests(&self) -> &Requests {
        &self.requests
    }

    /// Creates that will be applied only later.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

impl Answer {
    fn whole(reply: Reply) -> Answer {
        Answer {
            reply,
            delivery: Delivery::Whole,
            delay: Duration::ZERO,
        }
    }

    fn lost(delivery: Delivery) -> Answer {
        Answer {
            delivery,
            ..Answer::whole(Reply::json(500, &()))
        }
    }
}
