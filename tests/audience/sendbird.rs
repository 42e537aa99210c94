//! Files of Sendbird user ids: every row ends in one place, by what Desk said of it.

use deskcast::delivery::reason::Reason;
use deskcast::journal::lookups::Looked;
use deskcast::service::launch::NotLaunched;
use deskcast::service::lookups::resolve;
use deskcast::service::planning::{Campaign, Chosen};
use jiff::{SignedDuration, Timestamp};

use crate::world::{DESK, World, day, rows, set};

/// What Desk said, just now.
fn said(world: &mut World, answers: &[(&str, Option<u64>)]) {
    said_at(world, answers, Timestamp::now());
}

fn said_at(world: &mut World, answers: &[(&str, Option<u64>)], at: Timestamp) {
    let looked: Vec<Looked> = answers
        .iter()
        .map(|(name, customer)| ((*name).into(), *customer))
        .collect();
    world.journal.keep_looked_up(DESK, &looked, at).unwrap();
}

fn missing(world: &World, name: &str) -> Vec<String> {
    let (campaign, store) = (world.read(name), world.store());
    let now = Timestamp::now();
    let resolved = resolve(&campaign, &world.lists(), Some(&store), DESK, now).unwrap();
    resolved
        .missing
        .iter()
        .map(|name| name.to_string())
        .collect()
}

const BY_USER_ID: &str =
    "invalid_rows = \"skip\"\n[customers]\nfiles = [\"a.csv\"]\nsendbird_id = \"user_id\"\n";

#[test]
fn every_row_ends_in_one_place_and_keeps_its_text_where_nobody_is_known_by_it() {
    let mut world = World::new();
    world.campaign("spring", BY_USER_ID);
    let long = "x".repeat(81);
    world.write(
        "a.csv",
        &format!("user_id\nmira\n 7 \nghost\nmira\nMIRA\nmira.old\nghost\n\"\"\n{long}\n"),
    );
    // Two ids of one customer: the later row is the duplicate.
    said(
        &mut world,
        &[
            ("mira", Some(70)),
            ("7", Some(3)),
            ("ghost", None),
            ("MIRA", Some(71)),
            ("mira.old", Some(70)),
        ],
    );
    let run = world.plan("spring", day(0));
    let sorted = world.sorted(&run);
    assert_eq!(sorted.planned, set([70, 3, 71]));
    let expected = rows([
        (Reason::Invalid, &["", &long]),
        (Reason::UnknownToDesk, &["ghost", "ghost"]),
        (Reason::Duplicate, &["70", "70"]),
    ]);
    assert_eq!(sorted.left_out, expected);
}

#[test]
fn nothing_is_planned_while_anybody_is_not_looked_up() {
    let mut world = World::new();
    world.campaign("spring", BY_USER_ID);
    world.write("a.csv", "user_id\nmira\nghost\n");
    said(&mut world, &[("mira", Some(70))]);
    assert_eq!(missing(&world, "spring"), ["ghost"]);
    let error = world.try_plan("spring", day(0)).unwrap_err();
    let NotLaunched::Mistake(mistake) = error else {
        panic!("{error}");
    };
    assert!(
        mistake
            .0
            .contains("1 row has a Sendbird user id that is not looked up"),
        "{mistake}"
    );
    assert!(world.store().runs(None).unwrap().is_empty());
}

#[test]
fn whom_desk_knew_stays_known_and_whom_it_did_not_is_asked_about_after_a_day() {
    let mut world = World::new();
    world.campaign("spring", BY_USER_ID);
    world.write("a.csv", "user_id\nmira\nghost\nnew\n");
    let answers = [("mira", Some(70)), ("ghost", None), ("new", None)];
    let hours = |hours: i64| Timestamp::now() - SignedDuration::from_hours(hours);
    said_at(&mut world, &answers, hours(23));
    assert_eq!(missing(&world, "spring"), Vec::<String>::new());
    said_at(&mut world, &answers, hours(25));
    assert_eq!(missing(&world, "spring"), ["ghost", "new"]);
    said(&mut world, &[("new", Some(5))]);
    assert_eq!(missing(&world, "spring"), ["ghost"]);
    // Until it is asked again, what it said holds.
    let run = world.plan("spring", day(0));
    assert_eq!(world.sorted(&run).planned, set([70, 5]));
}

#[test]
fn another_desk_is_asked_for_itself() {
    let mut world = World::new();
    world.campaign("spring", BY_USER_ID);
    world.write("a.csv", "user_id\nmira\n");
    let looked: Vec<Looked> = vec![("mira".into(), Some(70))];
    let other = "https://other.test/platform/v1";
    world
        .journal
        .keep_looked_up(other, &looked, Timestamp::now())
        .unwrap();
    assert_eq!(missing(&world, "spring"), ["mira"]);
}

#[test]
fn rows_that_where_leaves_out_are_not_looked_up() {
    let mut world = World::new();
    let lines = format!("{BY_USER_ID}where = {{ country = \"DE\" }}\n");
    world.campaign("spring", &lines);
    world.write("a.csv", "user_id,country\nmira,DE\nyui,JP\nghost,DE\n");
    assert_eq!(missing(&world, "spring"), ["mira", "ghost"]);
    said(&mut world, &[("mira", Some(70)), ("ghost", None)]);
    let run = world.plan("spring", day(0));
    let sorted = world.sorted(&run);
    assert_eq!(sorted.planned, set([70]));
    let expected = rows([
        (Reason::Filtered, &["yui"]),
        (Reason::UnknownToDesk, &["ghost"]),
    ]);
    assert_eq!(sorted.left_out, expected);
}

#[test]
fn lists_leave_out_by_the_same_column_or_by_ids_of_desk() {
    let mut world = World::new();
    let lines = format!("{BY_USER_ID}exclude = [\"by-user.csv\", \"by-customer.csv\"]\n");
    world.campaign("spring", &lines);
    world.write("a.csv", "user_id\na\nb\nc\nd\n");
    world.write("by-user.csv", "user_id\nb\nstranger\n");
    world.ids("by-customer.csv", [3]);
    world.write("all.csv", "4\n");
    world.suppress = vec![world.folder.path().join("all.csv")];
    assert_eq!(
        missing(&world, "spring"),
        ["a", "b", "c", "d"],
        "no stranger is looked up"
    );
    let known = [
        ("a", Some(1)),
        ("b", Some(2)),
        ("c", Some(3)),
        ("d", Some(4)),
    ];
    said(&mut world, &known);
    let run = world.plan("spring", day(0));
    let sorted = world.sorted(&run);
    assert_eq!(sorted.planned, set([1]));
    assert_eq!(
        sorted.left_out,
        rows([(Reason::Suppressed, &["2", "3", "4"])])
    );
}

#[test]
fn an_own_list_without_a_known_column_is_refused() {
    let mut world = World::new();
    world.campaign("spring", &format!("{BY_USER_ID}exclude = [\"out.csv\"]\n"));
    world.write("a.csv", "user_id\n1\n");
    // Are these user ids, or customers of Desk? Nobody is messaged on a guess.
    world.write("out.csv", "1\n2\n");
    said(&mut world, &[("1", Some(70))]);
    let error = world.try_plan("spring", day(0)).unwrap_err();
    assert!(
        error.to_string().contains("has no column \"user_id\""),
        "{error}"
    );
}

#[test]
fn whoever_is_chosen_by_the_id_of_desk_is_still_on_the_lists() {
    let world = World::new();
    world.campaign("spring", &format!("{BY_USER_ID}exclude = [\"out.csv\"]\n"));
    world.write("a.csv", "user_id\na\n");
    world.write("out.csv", "user_id\nb\n");
    let mut campaign = world.read("spring");
    campaign.chosen = Some(Chosen {
        customers: vec![(1, 1), (2, 2)],
        from: "an earlier run".to_owned(),
        what: "two".to_owned(),
        test: false,
    });
    let store = world.store();
    let asked =
        |campaign: &Campaign| resolve(campaign, &[], Some(&store), DESK, Timestamp::now()).unwrap();
    let missing = asked(&campaign).missing;
    assert_eq!(missing, ["b".into()], "who stands on a list must be known");
    campaign.chosen.as_mut().unwrap().test = true;
    assert_eq!(asked(&campaign).missing, Vec::<Box<str>>::new());
}

#[test]
fn a_sample_is_drawn_of_those_who_are_known() {
    let mut world = World::new();
    world.campaign("spring", &format!("{BY_USER_ID}sample = 2\n"));
    world.write("a.csv", "user_id\na\nb\nghost\nc\nd\n");
    let known = [
        ("a", Some(1)),
        ("b", Some(2)),
        ("ghost", None),
        ("c", Some(3)),
        ("d", Some(4)),
    ];
    said(&mut world, &known);
    let run = world.plan("spring", day(0));
    let sorted = world.sorted(&run);
    assert_eq!(sorted.planned.len(), 2);
    assert_eq!(sorted.left_out[&Reason::NotSampled].len(), 2);
    assert_eq!(sorted.left_out[&Reason::UnknownToDesk], ["ghost"]);
}

#[test]
fn a_list_means_the_same_people_in_whatever_way_its_ids_are_composed() {
    let mut world = World::new();
    world.campaign("spring", &format!("{BY_USER_ID}exclude = [\"stop.csv\"]\n"));
    world.write("a.csv", "user_id\nzo\u{eb}\nmira\n");
    world.write("stop.csv", "user_id\nzoe\u{308}\n");
    said(&mut world, &[("zo\u{eb}", Some(70)), ("mira", Some(71))]);
    let run = world.plan("spring", day(0));
    let sorted = world.sorted(&run);
    assert_eq!(sorted.planned, set([71]));
    assert_eq!(sorted.left_out, rows([(Reason::Suppressed, &["70"])]));
}
