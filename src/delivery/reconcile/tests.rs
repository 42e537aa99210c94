//! The rules of reconciling, on exact sets of ids.

use std::collections::BTreeSet;

use super::*;

const GRACE: Duration = Duration::from_secs(60);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("a time")
}

fn boot(boot: u64, secs: u64) -> BootTime {
    BootTime {
        boot,
        since: Duration::from_secs(secs),
    }
}

/// A batch sent between the ticks `intent` and `end`, seconds being ticks.
fn sought(key: usize, customers: &[u64], intent: u64, end: u64) -> Sought {
    Sought {
        key,
        message: "hello".into(),
        group: "vip".into(),
        priority: "HIGH".into(),
        customers: customers.to_vec(),
        intended_at: at(intent as i64),
        ended_at: at(end as i64),
        ended: Some(boot(1, end)),
        intent_tick: intent,
        ended_tick: end,
        looked_for: true,
    }
}

fn anchor(chat: u64, intent: u64, end: u64) -> Anchor {
    Anchor {
        chat,
        intent_tick: intent,
        intended: Some(boot(1, intent)),
        made_at: None,
        ended_tick: Some(end),
    }
}

fn chat(customers: &[u64], made: i64) -> Seen {
    Seen::Chat(ChatFacts {
        message: Some("hello".into()),
        group: Some("vip".into()),
        priority: Some("HIGH".into()),
        customers: Some(customers.to_vec()),
        created_at: Some(at(made)),
        sent: Some(customers.len() as u64),
    })
}

fn without_customers(made: i64) -> Seen {
    match chat(&[1, 2], made) {
        Seen::Chat(facts) => Seen::Chat(ChatFacts {
            customers: None,
            sent: Some(2),
            ..facts
        }),
        other => other,
    }
}

/// Reads whatever the search asks for from `desk`, and returns the ids in order.
fn read(search: &mut Search, desk: &[(u64, Seen)]) -> Vec<u64> {
    let mut ids = Vec::new();
    while let Some(id) = search.next_id() {
        ids.push(id);
        assert!(ids.len() < 10_000, "the search does not end");
        let seen = desk
            .iter()
            .find(|(known, _)| *known == id)
            .map(|(_, seen)| seen.clone());
        search.saw(id, seen.unwrap_or(Seen::Absent));
    }
    ids
}

fn search(sought: Vec<Sought>, anchors: &[Anchor]) -> Search {
    Search::new(sought, anchors, 200, GRACE, Scope::Full)
}

#[test]
fn a_chat_between_the_last_known_before_and_the_first_known_after_is_found() {
    let mut search = search(
        vec![sought(0, &[1, 2], 10, 20)],
        &[anchor(100, 1, 9), anchor(110, 21, 22)],
    );
    let ids = read(
        &mut search,
        &[(103, chat(&[7, 8], 12)), (105, chat(&[2, 1], 13))],
    );
    assert_eq!(search.findings(), [Finding::Found(105)]);
    assert_eq!(
        ids,
        [101, 102, 103, 104, 105],
        "it reads no further than it must"
    );
}

#[test]
fn other_messages_groups_priorities_and_customers_are_not_it() {
    let Seen::Chat(right) = chat(&[1, 2], 15) else {
        unreachable!()
    };
    let wrong = [
        ChatFacts {
            message: Some("other".into()),
            ..right.clone()
        },
        ChatFacts {
            message: None,
            ..right.clone()
        },
        ChatFacts {
            group: Some("other".into()),
            ..right.clone()
        },
        ChatFacts {
            priority: Some("LOW".into()),
            ..right.clone()
        },
        ChatFacts {
            customers: Some(vec![1]),
            ..right.clone()
        },
        ChatFacts {
            customers: Some(vec![1, 2, 2]),
            ..right
        },
    ];
    for facts in wrong {
        let mut search = search(vec![sought(0, &[1, 2], 10, 20)], &[anchor(100, 1, 9)]);
        read(&mut search, &[(101, Seen::Chat(facts.clone()))]);
        assert_eq!(search.findings(), [Finding::NotSeen], "{facts:?}");
    }
}

#[test]
fn several_unknowns_in_one_gap_each_find_their_own_among_ids_that_are_not_dense() {
    let anchors = [anchor(100, 1, 9), anchor(140, 30, 31)];
    let batches = vec![
        sought(0, &[1], 10, 20),
        sought(1, &[2], 10, 20),
        sought(2, &[3], 11, 25),
    ];
    let mut search = search(batches, &anchors);
    read(
        &mut search,
        &[
            (107, chat(&[3], 14)),
            (119, chat(&[9], 14)),
            (133, chat(&[1], 15)),
        ],
    );
    assert_eq!(
        search.findings(),
        [Finding::Found(133), Finding::NotSeen, Finding::Found(107)]
    );
}

#[test]
fn a_chat_that_belongs_to_another_batch_is_not_found_again() {
    // Two runs with the same message and customers: the chat of the other is known.
    let anchors = [anchor(100, 1, 9), anchor(105, 12, 14), anchor(110, 21, 22)];
    let mut search = search(vec![sought(0, &[1, 2], 10, 20)], &anchors);
    let ids = read(&mut search, &[(105, chat(&[1, 2], 13))]);
    assert!(!ids.contains(&105), "what is known is not read");
    assert_eq!(search.findings(), [Finding::NotSeen]);
}

#[test]
fn two_identical_unknowns_and_one_chat_stay_unknown_both() {
    let anchors = [anchor(100, 1, 9), anchor(110, 31, 32)];
    let batches = vec![sought(0, &[1, 2], 10, 20), sought(1, &[1, 2], 10, 30)];
    let mut search = search(batches, &anchors);
    read(&mut search, &[(104, chat(&[1, 2], 13))]);
    assert_eq!(
        search.findings(),
        [Finding::Ambiguous(vec![104]), Finding::Ambiguous(vec![104])]
    );
}

#[test]
fn two_identical_unknowns_and_two_chats_are_both_found() {
    let anchors = [anchor(100, 1, 9), anchor(110, 31, 32)];
    let batches = vec![sought(0, &[1, 2], 10, 20), sought(1, &[1, 2], 10, 30)];
    let mut search = search(batches, &anchors);
    read(
        &mut search,
        &[(104, chat(&[1, 2], 13)), (106, chat(&[1, 2], 14))],
    );
    assert_eq!(
        search.findings(),
        [Finding::Found(104), Finding::Found(106)]
    );
}

#[test]
fn identical_unknowns_at_different_times_are_told_apart_by_the_order_of_ids() {
    let anchors = [anchor(100, 1, 9), anchor(120, 30, 31), anchor(140, 60, 61)];
    let batches = vec![sought(0, &[1, 2], 10, 20), sought(1, &[1, 2], 40, 50)];
    let mut search = Search::new(batches, &anchors, 200, Duration::ZERO, Scope::Full);
    read(&mut search, &[(125, chat(&[1, 2], 44))]);
    assert_eq!(search.findings(), [Finding::NotSeen, Finding::Found(125)]);
}

#[test]
fn without_a_customers_list_one_candidate_for_one_chat_is_found_and_two_for_one_are_not() {
    let anchors = [anchor(100, 1, 9), anchor(110, 31, 32)];
    let mut one = search(vec![sought(0, &[1, 2], 10, 20)], &anchors);
    read(&mut one, &[(104, without_customers(13))]);
    assert_eq!(one.findings(), [Finding::Found(104)]);

    let mut two = search(
        vec![sought(0, &[1, 2], 10, 20), sought(1, &[3, 4], 10, 20)],
        &anchors,
    );
    read(&mut two, &[(104, without_customers(13))]);
    assert_eq!(
        two.findings(),
        [Finding::Ambiguous(vec![104]), Finding::Ambiguous(vec![104])]
    );

    let mut both = search(
        vec![sought(0, &[1, 2], 10, 20), sought(1, &[3, 4], 10, 20)],
        &anchors,
    );
    read(
        &mut both,
        &[(104, without_customers(13)), (105, without_customers(13))],
    );
    assert_eq!(both.findings(), [Finding::Found(104), Finding::Found(105)]);
}

#[test]
fn the_first_request_of_a_fresh_store_is_found_below_the_first_chat_that_is_known() {
    let mut search = search(
        vec![sought(0, &[1, 2], 10_000, 10_020)],
        &[anchor(500, 10_021, 10_022)],
    );
    let ids = read(
        &mut search,
        &[(497, chat(&[1, 2], 10_005)), (490, chat(&[5], 100))],
    );
    assert_eq!(search.findings(), [Finding::Found(497)]);
    assert_eq!(ids, [499, 498, 497]);
}

#[test]
fn the_way_down_ends_at_a_chat_that_is_older_by_far() {
    let mut search = search(
        vec![sought(0, &[1, 2], 10_000, 10_020)],
        &[anchor(500, 10_090, 10_091)],
    );
    let ids = read(&mut search, &[(495, chat(&[5], 100))]);
    assert_eq!(ids, [499, 498, 497, 496, 495]);
    assert!(
        !search.reach(0).complete,
        "clocks alone never prove absence"
    );
}

#[test]
fn with_nothing_known_nothing_is_read_and_nothing_concluded() {
    let mut search = search(vec![sought(0, &[1], 10, 20)], &[]);
    assert_eq!(read(&mut search, &[]), [0_u64; 0]);
    assert_eq!(search.findings(), [Finding::NotSeen]);
    assert!(!search.reach(0).complete);
}

#[test]
fn absence_needs_an_upper_end_that_is_later_than_the_grace_time() {
    let anchors = [anchor(100, 1, 9), anchor(110, 21, 22)];
    let mut soon = search(vec![sought(0, &[1], 10, 20)], &anchors);
    read(&mut soon, &[]);
    assert!(
        !soon.reach(0).complete,
        "the chat 110 was made within the grace time"
    );

    let anchors = [anchor(100, 1, 9), anchor(110, 21, 22), anchor(115, 90, 91)];
    let mut later = search(vec![sought(0, &[1], 10, 20)], &anchors);
    let ids = read(&mut later, &[]);
    assert_eq!(
        ids,
        [
            101, 102, 103, 104, 105, 106, 107, 108, 109, 111, 112, 113, 114
        ]
    );
    assert!(later.reach(0).complete);
}

#[test]
fn an_id_that_could_not_be_read_leaves_absence_unproved() {
    let anchors = [anchor(100, 1, 9), anchor(104, 90, 91)];
    let mut search = search(vec![sought(0, &[1], 10, 20)], &anchors);
    read(&mut search, &[(102, Seen::Unreadable)]);
    assert!(!search.reach(0).complete);
}

#[test]
fn a_late_application_beyond_the_next_chat_is_found() {
    let anchors = [anchor(100, 1, 9), anchor(110, 21, 22)];
    let mut search = search(vec![sought(0, &[1, 2], 10, 20)], &anchors);
    read(&mut search, &[(112, chat(&[1, 2], 40))]);
    assert_eq!(search.findings(), [Finding::Found(112)]);
}

#[test]
fn reads_are_bounded_for_each_batch() {
    let anchors = [anchor(100, 1, 9), anchor(100_000, 90, 91)];
    let mut search = Search::new(
        vec![sought(0, &[1], 10, 20)],
        &anchors,
        50,
        Duration::from_secs(1),
        Scope::Full,
    );
    assert_eq!(read(&mut search, &[]).len(), 50);
    assert!(!search.reach(0).complete);
}

#[test]
fn above_all_that_is_known_the_search_ends_after_64_ids_without_a_chat() {
    let mut search = search(vec![sought(0, &[1], 10, 20)], &[anchor(100, 1, 9)]);
    assert_eq!(read(&mut search, &[(110, chat(&[9], 15))]).len(), 74);
}

#[test]
fn ids_that_went_backwards_once_are_not_monotonic() {
    assert!(is_monotonic(&[
        anchor(5, 1, 2),
        anchor(9, 2, 3),
        anchor(7, 2, 4),
        anchor(12, 5, 6)
    ]));
    assert!(!is_monotonic(&[anchor(5, 1, 2), anchor(4, 3, 4)]));
    assert!(is_monotonic(&[]));
}

#[test]
fn a_near_search_ends_at_the_first_chat_after_the_attempt() {
    let anchors = [anchor(100, 1, 9), anchor(104, 21, 22), anchor(900, 90, 91)];
    let batch = vec![sought(0, &[1], 10, 20)];
    let mut search = Search::new(batch, &anchors, 200, Duration::from_secs(60), Scope::Near);
    assert_eq!(read(&mut search, &[]), [101, 102, 103]);
}

#[test]
fn a_batch_that_is_not_looked_for_still_keeps_its_likeness_from_being_anothers() {
    let anchors = [anchor(100, 1, 9), anchor(110, 31, 32)];
    let rival = Sought {
        looked_for: false,
        ..sought(1, &[3, 4], 10, 20)
    };
    let mut search = search(vec![sought(0, &[1, 2], 10, 20), rival], &anchors);
    read(&mut search, &[(104, without_customers(13))]);
    assert_eq!(search.findings()[0], Finding::Ambiguous(vec![104]));
}

#[test]
fn a_clock_that_was_set_does_not_hide_a_chat_with_the_same_customers() {
    let mut search = search(vec![sought(0, &[1, 2], 10, 20)], &[anchor(100, 1, 9)]);
    read(&mut search, &[(101, chat(&[1, 2], 90_000))]);
    assert_eq!(search.findings(), [Finding::Found(101)]);
}

/// A search among anchors whose dates were read as far as they are asked for.
fn dated(sought: &[Sought], anchors: &mut [Anchor], made: &[(u64, i64)]) -> Vec<u64> {
    let mut undatable = BTreeSet::new();
    let mut asked = Vec::new();
    while let Some(id) = chat_to_date(sought, anchors, &undatable, GRACE) {
        asked.push(id);
        let made = made.iter().find(|(chat, _)| *chat == id);
        match (made, anchors.iter_mut().find(|anchor| anchor.chat == id)) {
            (Some((_, made)), Some(anchor)) => anchor.made_at = Some(at(*made)),
            _ => drop(undatable.insert(id)),
        }
    }
    asked
}

fn before(sought: Vec<Sought>, anchors: &[Anchor]) -> Option<u64> {
    search(sought, anchors).reach(0).before
}

#[test]
fn a_wall_clock_that_is_set_forward_ends_no_grace_time() {
    // Two seconds after the attempt was given up a chat is intended. The wall clock was set a year
    // forward in between, which is in no anchor: only the boot clock is.
    let batch = sought(0, &[1], 10, 20);
    let anchors = [anchor(100, 1, 9), anchor(110, 22, 23)];
    assert_eq!(before(vec![batch], &anchors), None);
}

#[test]
fn a_wall_clock_that_is_set_back_lengthens_no_grace_time() {
    let mut batch = sought(0, &[1], 10, 20);
    batch.ended_at = at(100_000_000);
    let anchors = [anchor(100, 1, 9), anchor(110, 200, 201)];
    assert_eq!(before(vec![batch], &anchors), Some(110));
}

#[test]
fn the_boot_clock_proves_nothing_across_boots() {
    let batch = sought(0, &[1], 10, 20);
    let mut later = anchor(110, 10_000, 10_001);
    later.intended = Some(boot(2, 10_000));
    assert_eq!(before(vec![batch], &[anchor(100, 1, 9), later]), None);
}

#[test]
fn a_chat_is_to_be_shown_before_it_is_called_absent() {
    let batch = sought(0, &[1], 10, 20);
    let edge = 20 + GRACE.as_secs();
    for (intent, ends) in [(edge + 5, None), (edge + 6, Some(110))] {
        let anchors = [anchor(100, 1, 9), anchor(110, intent, intent + 1)];
        assert_eq!(before(vec![batch.clone()], &anchors), ends, "{intent}");
    }
}

/// Chats 101, 102, … whose intents were recorded after the batch was given up, in another boot.
fn of_another_boot(count: u64) -> Vec<Anchor> {
    (1..=count)
        .map(|nth| {
            let mut anchor = anchor(100 + nth, 20 + nth, 21 + nth);
            anchor.intended = Some(boot(2, nth));
            anchor
        })
        .collect()
}

#[test]
fn across_boots_the_grace_time_is_measured_by_desks_clock() {
    let batch = sought(0, &[1], 10, 20);
    let mut anchors = of_another_boot(1_000);
    // A chat a minute, by Desk's clock.
    let made: Vec<(u64, i64)> = (1..=1_000)
        .map(|nth| (100 + nth, 60 * nth as i64))
        .collect();
    let asked = dated(std::slice::from_ref(&batch), &mut anchors, &made);
    assert!(asked.len() <= 12, "{asked:?}");
    // The first chat was made at 60 s: what is made a grace time, the time in which a chat is shown
    // and what Desk's clocks may be apart later is late enough.
    let enough = 60 + GRACE.as_secs() + 6 + 60;
    assert_eq!(
        before(vec![batch], &anchors),
        Some(100 + enough.div_ceil(60))
    );
}

#[test]
fn a_chat_that_does_not_say_when_it_was_made_proves_nothing() {
    let batch = sought(0, &[1], 10, 20);
    let mut anchors = of_another_boot(50);
    let asked = dated(std::slice::from_ref(&batch), &mut anchors, &[]);
    assert_eq!(asked, [101, 150]);
    assert_eq!(before(vec![batch], &anchors), None);
}

#[test]
fn a_chat_that_differs_in_its_time_alone_is_doubtful_and_not_absent() {
    // The list of customers is missing and our clock was set by hours: whose it is nobody can say.
    let anchors = [
        anchor(100, 1, 9),
        anchor(110, 21, 22),
        anchor(115, 200, 201),
    ];
    for made in [-50_000, 50_000] {
        let mut search = search(vec![sought(0, &[1, 2], 10, 20)], &anchors);
        read(&mut search, &[(112, without_customers(made))]);
        assert!(search.reach(0).complete);
        assert_eq!(search.findings(), [Finding::Ambiguous(vec![112])]);
    }
}
