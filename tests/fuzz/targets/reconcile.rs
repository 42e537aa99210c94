//! A search ends within its reads whatever it is shown, and never gives one chat to two batches
//! or a chat that is somebody's already.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use deskcast::delivery::moment::BootTime;
use deskcast::delivery::reconcile::{
    Anchor, ChatFacts, Finding, Scope, Search, Seen, Sought, is_monotonic,
};
use jiff::Timestamp;

use super::source::Source;

/// The most reads for one batch.
const READS: u64 = 40;
const GRACE: Duration = Duration::from_secs(30);

/// Makes a store and a Desk out of `data`, and searches.
pub fn fuzz(data: &[u8]) {
    let mut source = Source::new(data);
    let scope = if source.coin() {
        Scope::Full
    } else {
        Scope::Near
    };
    let base = match source.below(4) {
        0 => i64::MAX.unsigned_abs() - 255,
        1 => 0,
        _ => 1000,
    };
    let sought: Vec<Sought> = (0..usize::from(source.below(5)))
        .map(|key| batch(key, &mut source))
        .collect();
    let anchors: Vec<Anchor> = (0..source.below(6))
        .map(|_| anchor(base, &mut source))
        .collect();
    let _ = is_monotonic(&anchors);
    let mut search = Search::new(sought.clone(), &anchors, READS, GRACE, scope);
    let looked_for = sought.iter().filter(|batch| batch.looked_for).count();
    let shown = look(&mut search, looked_for, &mut source);
    check(&search, &anchors, &shown);
}

/// Feeds the search until it asks for nothing more, in any order; returns what it was shown.
fn look(search: &mut Search, batches: usize, source: &mut Source<'_>) -> BTreeMap<u64, Seen> {
    let mut shown = BTreeMap::new();
    let mut asked = BTreeSet::new();
    let mut waiting = Vec::new();
    loop {
        let next = if source.coin() || waiting.is_empty() {
            search.next_id()
        } else {
            None
        };
        if let Some(id) = next {
            assert!(id > 0, "0 is no id");
            assert!(asked.insert(id), "{id} is read twice");
            assert!(
                asked.len() as u64 <= READS * batches as u64,
                "more reads than allowed"
            );
            waiting.push(id);
        } else if waiting.is_empty() {
            return shown;
        } else {
            let id = waiting.swap_remove(usize::from(source.byte()) % waiting.len());
            let seen = seen(source);
            search.saw(id, seen.clone());
            shown.insert(id, seen);
        }
    }
}

fn check(search: &Search, anchors: &[Anchor], shown: &BTreeMap<u64, Seen>) {
    let mut given = BTreeSet::new();
    let findings = search.findings();
    assert_eq!(findings.len(), search.sought().len());
    for (place, finding) in findings.iter().enumerate() {
        let reach = search.reach(place);
        let chats = match finding {
            Finding::Found(chat) => {
                assert!(given.insert(*chat), "chat {chat} is given to two batches");
                vec![*chat]
            }
            Finding::Ambiguous(chats) => chats.clone(),
            Finding::NotSeen => Vec::new(),
        };
        for chat in chats {
            assert!(
                matches!(shown.get(&chat), Some(Seen::Chat(_))),
                "chat {chat} was never seen"
            );
            assert!(
                anchors.iter().all(|anchor| anchor.chat != chat),
                "chat {chat} is somebody's"
            );
        }
        if let (true, Some(after), Some(before)) = (reach.complete, reach.after, reach.before) {
            let settled = |id: u64| {
                anchors.iter().any(|anchor| anchor.chat == id)
                    || shown.get(&id).is_some_and(|seen| *seen != Seen::Unreadable)
            };
            assert!((after + 1..before).all(settled), "an id was not seen");
        }
    }
}

fn batch(key: usize, source: &mut Source<'_>) -> Sought {
    let intent_tick = u64::from(source.below(16));
    let begun = source.byte();
    Sought {
        key,
        message: "Hello".to_owned(),
        group: "vip".to_owned(),
        priority: "HIGH".to_owned(),
        customers: customers(source),
        intended_at: at(begun),
        ended_at: at(begun.saturating_add(source.below(60))),
        ended: boot_time(source),
        intent_tick,
        ended_tick: intent_tick + 1 + u64::from(source.below(4)),
        looked_for: source.below(4) < 3,
    }
}

fn anchor(base: u64, source: &mut Source<'_>) -> Anchor {
    let intent_tick = u64::from(source.below(16));
    Anchor {
        chat: base + u64::from(source.byte().max(1)),
        intent_tick,
        intended: boot_time(source),
        made_at: source.coin().then(|| at(source.byte())),
        ended_tick: source
            .coin()
            .then(|| intent_tick + 1 + u64::from(source.below(4))),
    }
}

fn boot_time(source: &mut Source<'_>) -> Option<BootTime> {
    source.coin().then(|| BootTime {
        boot: u64::from(source.below(2)),
        since: Duration::from_secs(u64::from(source.byte())),
    })
}

fn seen(source: &mut Source<'_>) -> Seen {
    match source.below(8) {
        0 => Seen::Absent,
        1 => Seen::Unreadable,
        2 => Seen::Chat(ChatFacts::default()),
        _ => Seen::Chat(ChatFacts {
            message: Some(if source.below(8) == 0 { "Bye" } else { "Hello" }.to_owned()),
            group: source.coin().then(|| "vip".to_owned()),
            priority: source.coin().then(|| "high".to_owned()),
            customers: source.coin().then(|| customers(source)),
            created_at: source.coin().then(|| at(source.byte())),
            sent: source.coin().then(|| u64::from(source.below(4))),
        }),
    }
}

/// One of few lists, so that batches are often alike.
fn customers(source: &mut Source<'_>) -> Vec<u64> {
    match source.below(4) {
        0 => vec![1],
        1 => vec![1, 2],
        2 => vec![2, 1],
        _ => vec![3],
    }
}

/// A time in steps of 10 seconds.
fn at(step: u8) -> Timestamp {
    Timestamp::from_second(1_772_355_600 + i64::from(step) * 10).expect("a time")
}
