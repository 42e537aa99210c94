//! What files and lists decide: several files, conditions, exclusions, limits and samples.

use std::collections::BTreeSet;

use deskcast::delivery::reason::Reason;
use deskcast::journal::JournalError;
use deskcast::journal::reading::LeftOut;

use crate::world::{World, day, rows, set};

#[test]
fn files_are_read_in_order_and_every_row_keeps_its_file_and_line() {
    let mut world = World::new();
    world.campaign("spring", "[customers]\nfiles = [\"a.csv\", \"b.csv\"]\n");
    world.ids("a.csv", [7, 8]);
    world.ids("b.csv", [9, 8, 7]);
    let run = world.plan("spring", day(0));
    let sorted = world.sorted(&run);
    assert_eq!(sorted.planned, set([7, 8, 9]));
    assert_eq!(sorted.left_out, rows([(Reason::Duplicate, &["8", "7"])]));
    let mut places = Vec::new();
    world
        .store()
        .each_batch::<JournalError>(run.id, &mut |batch| {
            let lines = batch.lines.iter().map(|line| run.place(*line));
            let owned = lines.map(|(file, line)| (file.to_owned(), line));
            places.extend(owned);
            Ok(())
        })
        .unwrap();
    let expected = [("a.csv", 2), ("a.csv", 3), ("b.csv", 2)];
    assert_eq!(places, expected.map(|(file, line)| (file.to_owned(), line)));
}

#[test]
fn rows_are_taken_by_what_their_columns_say() {
    let mut world = World::new();
    let conditions = "where = { country = [\"DE\", \"AT\"], opted_in = \"yes\" }";
    let lines = format!("[customers]\nfiles = [\"a.csv\"]\n{conditions}\n");
    world.campaign("spring", &lines);
    let text = "customer_id,country,opted_in\n1,DE,yes\n2,FR,yes\n3, AT ,yes\n4,DE,no\n5,de,yes\n\
                6,FR,yes\n6,DE,yes\n7,,\n";
    world.write("a.csv", text);
    let run = world.plan("spring", day(0));
    let sorted = world.sorted(&run);
    assert_eq!(sorted.planned, set([1, 3, 6]), "6 has a row that passes");
    let filtered: &[&str] = &["2", "4", "5", "6", "7"];
    assert_eq!(sorted.left_out, rows([(Reason::Filtered, filtered)]));
}

#[test]
fn conditions_on_a_file_without_header_name_columns_by_number() {
    let mut world = World::new();
    let lines = "column = 1\n[customers]\nfiles = [\"a.csv\"]\nwhere = { 2 = \"DE\" }\n";
    world.campaign("spring", lines);
    world.write("a.csv", "1,DE\n2,FR\n");
    assert_eq!(world.send("spring", day(0)), set([1]));

    let lines = "column = 1\n[customers]\nfiles = [\"a.csv\"]\nwhere = { country = \"DE\" }\n";
    world.campaign("spring", lines);
    let error = world.try_plan("spring", day(1)).unwrap_err().to_string();
    assert!(
        error.contains("must name column \"country\" by its number"),
        "{error}"
    );
}

#[test]
fn a_condition_on_a_column_that_is_not_there_names_the_nearest() {
    let mut world = World::new();
    let lines = "[customers]\nfiles = [\"a.csv\"]\nwhere = { contry = \"DE\" }\n";
    world.campaign("spring", lines);
    world.write("a.csv", "customer_id,country\n1,DE\n");
    let error = world.try_plan("spring", day(0)).unwrap_err().to_string();
    assert!(error.contains("has no column \"contry\""), "{error}");
    assert!(error.contains("Did you mean \"country\"?"), "{error}");
}

#[test]
fn whoever_is_on_a_list_is_left_out_with_its_name() {
    let mut world = World::new();
    let lines = "[customers]\nfiles = [\"a.csv\"]\nexclude = [\"left.csv\", \"plain.txt\"]\n";
    world.campaign("spring", lines);
    world.ids("a.csv", 1..=8);
    world.write("left.csv", "name,customer_id\nAda,2\nBob,3\n");
    world.write("plain.txt", "4\n3\n");
    world.ids("never.csv", [5, 2, 99]);
    let never = world.folder.path().join("never.csv");
    world.suppress = vec![never.clone()];
    let run = world.plan("spring", day(0));
    let sorted = world.sorted(&run);
    assert_eq!(sorted.planned, set([1, 6, 7, 8]));
    let suppressed: BTreeSet<(String, u64)> = left_out(&world, &run);
    let never = never.display().to_string();
    let expected = [
        ("left.csv", 2),
        ("left.csv", 3),
        ("plain.txt", 4),
        (&never, 5),
    ];
    let expected = expected.map(|(name, id)| (name.to_owned(), id));
    assert_eq!(suppressed, BTreeSet::from(expected));
}

fn left_out(world: &World, run: &deskcast::journal::runs::RunRecord) -> BTreeSet<(String, u64)> {
    let mut found = BTreeSet::new();
    world
        .store()
        .each_left_out::<JournalError>(run.id, &mut |row| {
            if let LeftOut::Customer {
                ground, customer, ..
            } = row
            {
                found.insert((ground.detail.clone(), customer));
            }
            Ok(())
        })
        .unwrap();
    found
}

#[test]
fn a_list_that_cannot_be_read_in_full_stops_the_plan() {
    let mut world = World::new();
    let lines = "[customers]\nfiles = [\"a.csv\"]\nexclude = [\"left.csv\"]\n";
    world.campaign("spring", lines);
    world.ids("a.csv", [1, 2]);
    let broken = [
        ("customer_id\n2\n12.0\n", "line 3: \"12.0\""),
        ("user,mail\n2,a@b\n", "has no column \"customer_id\""),
        ("mail\na@b\n", "has no column \"customer_id\""),
    ];
    for (text, said) in broken {
        world.write("left.csv", text);
        let error = world.try_plan("spring", day(0)).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    world.write("left.csv", "customer_id\n2\n");
    assert_eq!(world.send("spring", day(0)), set([1]));
}

#[test]
fn more_customers_than_the_limit_are_refused() {
    let mut world = World::new();
    world.campaign("spring", "[customers]\nfiles = [\"a.csv\"]\nlimit = 3\n");
    world.ids("a.csv", 1..=4);
    let error = world.try_plan("spring", day(0)).unwrap_err().to_string();
    let said = "4 customers would be messaged, and customers.limit is 3";
    assert!(error.contains(said), "{error}");
    world.ids("a.csv", [1, 2, 3, 3]);
    assert_eq!(world.send("spring", day(0)), set([1, 2, 3]));
}

#[test]
fn a_sample_is_the_same_every_time_whatever_the_order_and_whoever_was_messaged() {
    let mut world = World::new();
    let lines = "[customers]\nfiles = [\"a.csv\"]\nsample = 5\nexclude = [\"left.csv\"]\n[repeat]\nsame_campaign = \"always\"\n";
    world.campaign("spring", lines);
    world.ids("left.csv", [1]);
    world.ids("a.csv", 1..=100);
    let drawn = world.send("spring", day(0));
    assert_eq!(drawn.len(), 5);
    world.ids("a.csv", (1..=100).rev().chain([50]));
    assert_eq!(world.send("spring", day(1)), drawn);

    // Never again: those who were drawn are drawn again, and left out.
    world.campaign(
        "spring",
        "[customers]\nfiles = [\"a.csv\"]\nsample = 6\nexclude = [\"left.csv\"]\n",
    );
    let run = world.plan("spring", day(2));
    let sorted = world.sorted(&run);
    assert_eq!(sorted.planned.len(), 1);
    assert_eq!(sorted.left_out[&Reason::MessagedBefore].len(), 5);
    assert_eq!(sorted.left_out[&Reason::NotSampled].len(), 100 - 1 - 6);

    world.campaign(
        "share",
        "[customers]\nfiles = [\"a.csv\"]\nsample = \"10%\"\n",
    );
    let tenth = world.send("share", day(3));
    assert!((2..25).contains(&tenth.len()), "{tenth:?}");
}

/// What is said of a list for a campaign to 200007, 200014 and 200021.
/// The list as a campaign names it.
const STOP: &str = "\"stop.csv\"";

fn with_list(list: &str, exclude: &str) -> Result<BTreeSet<u64>, String> {
    let mut world = World::new();
    let lines = format!("[customers]\nfiles = [\"a.csv\"]\nexclude = [{exclude}]\n");
    world.campaign("spring", &lines);
    world.ids("a.csv", [200_007, 200_014, 200_021]);
    world.write("stop.csv", list);
    let planned = world.try_plan("spring", day(0));
    planned
        .map(|run| world.sorted(&run).planned)
        .map_err(|error| error.to_string())
}

#[test]
fn a_list_in_which_a_row_has_more_fields_than_the_header_is_refused_with_its_line() {
    let said = with_list("customer_id\n200,007\n200,014\n", STOP).unwrap_err();
    assert!(said.contains("stop.csv: line 2"), "{said}");
    assert!(said.contains("read in full or not at all"), "{said}");
}

#[test]
fn a_list_in_which_a_row_spreads_over_lines_is_refused() {
    let list = "customer_id,why\n200007,\"said: never again\n200014,asked by phone\n200021,moved to site 5\"\n";
    let said = with_list(list, STOP).unwrap_err();
    assert!(said.contains("stop.csv: line 2"), "{said}");
    let said = with_list("customer_id,why\n200007,\"never\nagain\"\n", STOP).unwrap_err();
    assert!(said.contains("each row is one line"), "{said}");
}

#[test]
fn a_list_that_broke_off_in_its_last_row_is_refused() {
    let said = with_list("customer_id\n200007\n2000", STOP).unwrap_err();
    assert!(
        said.contains("stop.csv: line 3") && said.contains("cut off"),
        "{said}"
    );
}

#[test]
fn a_list_of_nobody_is_refused_unless_the_campaign_says_of_it_that_it_may_be_empty() {
    for list in ["", "customer_id\n", "\n\n"] {
        let said = with_list(list, STOP).unwrap_err();
        assert!(said.contains("stop.csv: has nobody in it"), "{said}");
        let planned = with_list(list, "{ file = \"stop.csv\", may_be_empty = true }").unwrap();
        assert_eq!(planned, set([200_007, 200_014, 200_021]));
    }
}
