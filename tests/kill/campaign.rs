//! One campaign that is killed and taken to its end, and what it must have come to.

use std::cell::RefCell;
use std::time::Duration;

use crate::stage::check::{self, Findings};
use crate::stage::desk::Desk;
use crate::stage::ledger::{Ledger, State};
use crate::stage::scene::{Ended, Scene};

/// Requests in flight at once.
const CONCURRENCY: u64 = 4;
/// What the store says of a request whose sender was killed.
const DIED: &str = "the process that was sending it ended before it could record what came of it";
/// The command under test, in all of its lives.
pub(crate) const RUN: [&str; 3] = ["run", "spring", "--json"];

/// A campaign in a folder of its own, to a Desk of its own.
pub(crate) struct Campaign {
    desk: Desk,
    pub(crate) scene: Scene,
    audience: Vec<u64>,
    rejected: u64,
    stuck: RefCell<Vec<String>>,
}

/// What a campaign came to after it was killed.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Kills that struck it.
    pub(crate) kills: u64,
    pub(crate) findings: Findings,
}

impl Campaign {
    /// Four batches, and a customer that Desk does not know and does not name: a batch is split.
    pub(crate) fn small() -> Campaign {
        Campaign::new(16, "unnamed-customers=@6", Duration::ZERO, 1)
    }

    /// Three hundred batches, each answered after a few milliseconds.
    pub(crate) fn large() -> Campaign {
        Campaign::new(1200, "", Duration::from_millis(4), 0)
    }

    fn new(customers: u64, faults: &str, latency: Duration, rejected: u64) -> Campaign {
        let desk = Desk::start(faults, latency);
        let scene = Scene::new(&desk.base_url());
        scene.campaign("spring", 1..=customers, 4);
        Campaign {
            desk,
            scene,
            audience: (1..=customers).collect(),
            rejected,
            stuck: RefCell::default(),
        }
    }

    /// A life of it that did not end, which is a finding of its own.
    pub(crate) fn stuck(&self, what: String) {
        self.stuck.borrow_mut().push(what);
    }

    /// Runs it to its end, has unknown batches looked for once more, and compares.
    pub(crate) fn finish(&self, kills: u64) -> Outcome {
        let ended = (!self.is_sent()).then(|| self.scene.run(&RUN));
        let mut findings = self.compare(kills);
        if let Some(ended) = &ended {
            self.compare_result(ended, &mut findings);
        }
        if findings.unsettled > 0 {
            let ended = self.scene.run(&["reconcile"]);
            findings = self.compare(kills);
            if findings.unsettled > 0 {
                findings.broken.push(format!(
                    "{} batches that Desk holds are unknown after reconciling: {}",
                    findings.unsettled, ended.err
                ));
            }
        }
        findings.broken.extend(self.stuck.take());
        Outcome { kills, findings }
    }

    /// Whether nothing is left to send: another `run` would be another run.
    pub(crate) fn is_sent(&self) -> bool {
        let runs = Ledger::read(&self.scene.store());
        runs.first().is_some_and(|run| run.state == "finished")
    }

    fn compare(&self, kills: u64) -> Findings {
        let runs = Ledger::read(&self.scene.store());
        let [run] = runs.as_slice() else {
            let broken = vec![format!("there are {} runs", runs.len())];
            return Findings {
                broken,
                ..Findings::default()
            };
        };
        let mut findings = check::compare(&self.desk, run, &self.audience);
        let sums = run.sums();
        let of = |state| sums.get(&state).copied().unwrap_or(0);
        let mut must = |holds: bool, what: String| {
            if !holds {
                findings.broken.push(what);
            }
        };
        must(
            run.campaign == RUN[1] && run.state == "finished",
            format!("{} is {}", run.campaign, run.state),
        );
        must(
            of(State::Planned) + of(State::Sending) == 0,
            format!("customers remain: {sums:?}"),
        );
        let lost = of(State::Unknown);
        must(
            of(State::Rejected) == self.rejected || lost > 0,
            format!("rejected are not {}: {sums:?}", self.rejected),
        );
        for attempt in run.attempts.iter().filter(|it| it.outcome == "unknown") {
            must(
                attempt.words == DIED,
                format!(
                    "batch {} is unknown for another reason than the kill: {}",
                    attempt.batch, attempt.words
                ),
            );
        }
        let unknown = run.once_unknown().count() as u64;
        must(
            unknown <= kills * CONCURRENCY,
            format!("{unknown} unknown batches after {kills} kills"),
        );
        findings
    }

    /// What the last life said must be what the store says.
    fn compare_result(&self, ended: &Ended, findings: &mut Findings) {
        let runs = Ledger::read(&self.scene.store());
        let sums = runs.first().map(Ledger::sums).unwrap_or_default();
        let said = ended.json();
        let all_accepted = sums.keys().all(|state| *state == State::Accepted);
        let expected = if all_accepted { 0 } else { 3 };
        if ended.code != Some(expected) {
            let code = ended.code;
            findings
                .broken
                .push(format!("exit code {code:?}, not {expected}: {}", ended.err));
        }
        for (name, state) in [
            ("accepted", State::Accepted),
            ("rejected", State::Rejected),
            ("unknown", State::Unknown),
            ("remaining", State::Planned),
        ] {
            let counted = sums.get(&state).copied().unwrap_or(0);
            if said["customers"][name] != counted {
                findings
                    .broken
                    .push(format!("{name} is said to be {}", said["customers"][name]));
            }
        }
    }
}
