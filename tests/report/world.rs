//! A store with one of everything, made through the journal at fixed times, and the command line
//! that reads it.

use std::path::PathBuf;
use std::process::{Command, Output};

use deskcast::campaign::{InvalidId, InvalidRow, Priority, UnknownPolicy};
use deskcast::delivery::dispatch::Conclusion;
use deskcast::delivery::outcome::{ChatId, Words};
use deskcast::delivery::plan::{Digest, PlanSink, PlanSummary};
use deskcast::delivery::reason::{Ground, Reason};
use deskcast::delivery::tally::Listing;
use deskcast::delivery::tracking::Counts;
use deskcast::journal::runs::RunRecord;
use deskcast::journal::{
    Entry, Fence, Journal, JournalError, NewRun, Purpose, Reading, Resolution, RunId, RunKey,
    RunState, Store, StoreJournal, StoreUrl, Verdict, What,
};
use jiff::Timestamp;

/// The run with one of everything.
pub(crate) const WELCOME: &str = "welcome@2026-11-21T09:00:00Z";
/// The run before it, all accepted and closed.
pub(crate) const BEFORE: &str = "welcome@2026-11-20T09:00:00Z";
/// A run that was only planned.
pub(crate) const SPRING: &str = "spring-sale@2026-11-19T08:00:00Z";

/// A store in a folder that goes with it.
pub(crate) struct World {
    folder: tempfile::TempDir,
}

impl World {
    /// An empty folder.
    pub(crate) fn empty() -> World {
        World {
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    /// The three runs. The sender of the welcome run has died.
    pub(crate) fn with_everything() -> World {
        let world = World::empty();
        let mut journal = world.journal();
        plan_spring(&mut journal);
        run_before(&mut journal);
        run_welcome(&mut journal);
        world
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("deskcast.db")
    }

    pub(crate) fn journal(&self) -> StoreJournal {
        StoreUrl::of_file(self.path()).create().expect("a store");
        StoreUrl::of_file(self.path()).open().expect("a journal")
    }

    pub(crate) fn store(&self) -> Store {
        StoreUrl::of_file(self.path()).read().expect("a store")
    }

    pub(crate) fn run(&self, key: &str) -> RunRecord {
        let key = RunKey::parse(key).expect("a run");
        self.store().run(&key).expect("read").expect("there")
    }

    /// The command line, with settings that name this store and nothing else.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("deskcast"));
        command
            .args(arguments)
            .env_clear()
            .env(
                "DESKCAST__STORE__URL",
                format!("sqlite:{}", self.path().display()),
            )
            .current_dir(self.folder.path());
        command
    }

    pub(crate) fn deskcast(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("deskcast runs")
    }

    /// What is printed by a command that does what it was asked.
    pub(crate) fn printed(&self, arguments: &[&str]) -> String {
        let output = self.deskcast(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
        String::from_utf8(output.stdout).expect("text")
    }
}

pub(crate) fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn at(text: &str) -> Timestamp {
    format!("2026-11-{text}Z").parse().expect("a time")
}

pub(crate) fn new_run(key: &str) -> NewRun {
    let key = RunKey::parse(key).expect("a run");
    NewRun {
        message: "Welcome aboard!".to_owned(),
        group: "onboarding".to_owned(),
        agent_id: 41,
        priority: Priority::Medium,
        batch_size: 4,
        base_url: "https://desk-api-app.sendbird.com/platform/v1".to_owned(),
        unknown: UnknownPolicy::Hold,
        customers_file: format!("audiences/{}.csv", key.campaign),
        beside: true,
        created_at: key.due,
        launch: deskcast::journal::Launch::default(),
        key,
    }
}

/// Makes a plan durable: batches of customers with their lines, and rows that were left out.
pub(crate) fn plan(
    journal: &mut StoreJournal,
    key: &str,
    batches: &[(&[u64], &[u64])],
    duplicates: (&[u64], &[u64]),
    invalid: &[(u64, &str)],
) -> RunId {
    let planned: u64 = batches.iter().map(|(ids, _)| ids.len() as u64).sum();
    let invalid: Vec<InvalidRow> = invalid
        .iter()
        .map(|(line, value)| InvalidRow {
            line: *line,
            value: (*value).to_owned(),
            why: InvalidId::NotDigits,
        })
        .collect();
    let listing = Listing {
        listed: planned + (duplicates.0.len() + invalid.len()) as u64,
        duplicates: duplicates.0.len() as u64,
        invalid: invalid.len() as u64,
        ..Listing::default()
    };
    let mut fill = |sink: &mut dyn PlanSink<Error = JournalError>| {
        for (number, (customers, lines)) in (1..).zip(batches) {
            sink.batch(number, customers, lines)?;
        }
        sink.left_out(
            &Ground::plain(Reason::Duplicate),
            duplicates.0,
            duplicates.1,
        )?;
        sink.invalid(&invalid)?;
        Ok::<_, JournalError>(PlanSummary {
            listing,
            planned,
            batches: batches.len() as u32,
            digest: Digest::parse(&format!("sha256:{}", "0a".repeat(32))).expect("a digest"),
            first_body: None,
            invalid_rows: Vec::new(),
            left_out: Vec::new(),
            lists: Vec::new(),
            files: Vec::new(),
        })
    };
    journal
        .create_run(&new_run(key), &mut fill)
        .expect("planned")
}

fn record(journal: &mut StoreJournal, fence: Fence, entries: Vec<Entry>) {
    for result in journal.record(&[(fence, entries)]) {
        result.expect("recorded");
    }
}

/// An attempt: its intent, and half a second later its outcome.
fn attempt(
    journal: &mut StoreJournal,
    fence: Fence,
    batch: u32,
    number: u32,
    time: &str,
    conclusion: Conclusion,
) {
    intend(journal, fence, batch, number, time);
    let entry = Entry {
        batch,
        attempt: number,
        at: (at(time) + std::time::Duration::from_millis(500)).into(),
        what: What::Outcome(conclusion),
    };
    record(journal, fence, vec![entry]);
}

fn intend(journal: &mut StoreJournal, fence: Fence, batch: u32, number: u32, time: &str) {
    let entry = Entry {
        batch,
        attempt: number,
        at: at(time).into(),
        what: What::Intent,
    };
    record(journal, fence, vec![entry]);
}

fn answered(status: u16, code: &str, message: &str) -> Words {
    Words {
        status: Some(status),
        code: Some(code.to_owned()),
        message: message.to_owned(),
    }
}

fn reading(batch: u32, time: &str, counts: [u64; 3], settled: bool) -> Reading {
    let [sent, responded, closed] = counts;
    Reading {
        batch,
        at: at(time),
        figures: Counts {
            sent,
            responded,
            closed,
        }
        .into(),
        settled,
    }
}

pub(crate) fn verdict(batch: u32, time: &str, by: &str, resolution: Resolution) -> Verdict {
    Verdict {
        batch,
        attempt: 1,
        at: at(time),
        by: by.to_owned(),
        resolution,
        evidence: "chats 9002 to 9003 are not it".to_owned(),
    }
}

fn plan_spring(journal: &mut StoreJournal) {
    plan(
        journal,
        SPRING,
        &[(&[201, 202, 101], &[2, 3, 4])],
        (&[], &[]),
        &[],
    );
}

fn run_before(journal: &mut StoreJournal) {
    let run = plan(journal, BEFORE, &[(&[101, 102], &[2, 3])], (&[], &[]), &[]);
    let fence = journal
        .claim(run, Purpose::Sending, at("20T09:00:01"))
        .expect("claimed")
        .fence;
    attempt(
        journal,
        fence,
        1,
        1,
        "20T09:00:02",
        Conclusion::Accepted(ChatId(8001)),
    );
    journal
        .release(fence, RunState::Finished, "", at("20T09:00:04"))
        .expect("released");
    journal
        .keep_readings(run, &[reading(1, "20T10:00:00", [2, 1, 2], true)], 3)
        .expect("kept");
}

/// Batch 1 is accepted, 2 is split into 6 (rejected) and 7 (accepted), 3 is unknown, 4 was
/// throttled and waits, 5 was in flight when its sender died.
fn run_welcome(journal: &mut StoreJournal) {
    let batches: [(&[u64], &[u64]); 5] = [
        (&[101, 102, 103, 104], &[2, 3, 4, 5]),
        (&[105, 106, 107, 108], &[6, 7, 9, 10]),
        (&[109, 110, 111, 112], &[14, 15, 16, 18]),
        (&[113, 114, 115, 116], &[19, 20, 21, 22]),
        (&[118, 117], &[23, 24]),
    ];
    let invalid = [(11, "12.0"), (12, ""), (13, "=cmd|' /C calc'!A1")];
    let run = plan(
        journal,
        WELCOME,
        &batches,
        (&[101, 101], &[8, 17]),
        &invalid,
    );
    let fence = journal
        .claim(run, Purpose::Sending, at("21T09:00:01"))
        .expect("claimed")
        .fence;
    attempt(
        journal,
        fence,
        1,
        1,
        "21T09:00:01",
        Conclusion::Accepted(ChatId(9001)),
    );
    let refused = answered(
        400,
        "deskp400201",
        "The specified customers don't exist: 106.",
    );
    let parts = vec![(6, vec![106]), (7, vec![105, 107, 108])];
    attempt(
        journal,
        fence,
        2,
        1,
        "21T09:00:02",
        Conclusion::Split(refused.clone(), parts),
    );
    attempt(
        journal,
        fence,
        6,
        1,
        "21T09:00:03",
        Conclusion::Rejected(refused),
    );
    attempt(
        journal,
        fence,
        7,
        1,
        "21T09:00:04",
        Conclusion::Accepted(ChatId(9003)),
    );
    let reset = Words::own("=the connection was\nreset, \"by\" the other side");
    attempt(
        journal,
        fence,
        3,
        1,
        "21T09:00:05",
        Conclusion::Unknown(reset),
    );
    let verdict = verdict(3, "21T09:02:00", "deskcast", Resolution::Unsettled);
    journal.resolve(fence, &[verdict]).expect("kept");
    let throttled = answered(429, "deskp429001", "Too many requests.");
    attempt(
        journal,
        fence,
        4,
        1,
        "21T09:00:06",
        Conclusion::NotSent(throttled),
    );
    intend(journal, fence, 5, 1, "21T09:00:07");
    journal
        .keep_readings(run, &[reading(1, "21T09:05:00", [4, 1, 2], false)], 2)
        .expect("kept");
}
