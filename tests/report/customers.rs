//! A row for each customer, and that the rows add up.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::process::Stdio;

use deskcast::delivery::tally::{Customers, Owner};
use deskcast::journal::{Journal as _, Purpose, Resolution};

use crate::world::{BEFORE, SPRING, WELCOME, World, at, complaint, plan, verdict};

#[test]
fn every_customer_has_a_row_by_batch_and_in_file_order() {
    let rows = World::with_everything().printed(&["report", WELCOME, "--customers"]);
    insta::assert_snapshot!(rows);
}

#[test]
fn with_all_rows_duplicates_and_invalid_rows_follow_with_their_lines() {
    let rows = World::with_everything().printed(&["report", WELCOME, "--customers", "--all-rows"]);
    insta::assert_snapshot!(rows);
}

#[test]
fn as_json_every_row_is_an_object() {
    let world = World::with_everything();
    let printed = world.printed(&["report", WELCOME, "--customers", "--all-rows", "--json"]);
    for line in printed.lines() {
        let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert!(row["line"].is_u64(), "{line}");
        let text = row["customer_id"].as_u64().map(|id| id.to_string());
        assert_eq!(row["customer_id_text"].as_str(), text.as_deref(), "{line}");
    }
    insta::assert_snapshot!(printed);
}

#[test]
fn for_a_spreadsheet_the_same_rows_have_ids_as_text_and_semicolons_between() {
    let world = World::with_everything();
    let arguments = ["report", WELCOME, "--customers", "--all-rows"];
    let plain = world.printed(&arguments);
    let excel = world.printed(&[&arguments[..], &["--excel"]].concat());
    let excel = excel.strip_prefix('\u{feff}').expect("a byte order mark");
    assert!(excel.lines().count() > 5 && excel.matches("\r\n").count() == excel.lines().count());
    let rows = |text: &str, delimiter: u8| -> Vec<Vec<String>> {
        let mut builder = csv::ReaderBuilder::new();
        let builder = builder.delimiter(delimiter).has_headers(false);
        let records = builder.from_reader(text.as_bytes()).into_records();
        let cells = |record: csv::StringRecord| record.iter().map(str::to_owned).collect();
        records
            .map(|record| cells(record.expect("a row")))
            .collect()
    };
    let (plain, excel) = (rows(&plain, b','), rows(excel, b';'));
    assert_eq!(plain.len(), excel.len());
    let mut texts = 0;
    for (plain, excel) in plain.iter().zip(&excel) {
        for (plain, excel) in plain.iter().zip(excel) {
            let text = format!("=\"{plain}\"");
            assert!(excel == plain || *excel == text, "{excel} for {plain}");
            texts += usize::from(*excel == text);
        }
    }
    assert!(texts > 5, "ids are text");
    let wrong = world.deskcast(&["report", "--excel", "--format", "table"]);
    assert_eq!(wrong.status.code(), Some(2));
    let runs = world.printed(&["report", "--excel"]);
    assert!(
        runs.starts_with("\u{feff}run;campaign;state;due;"),
        "{runs}"
    );
}

#[test]
fn a_campaign_stands_for_its_latest_run() {
    let world = World::with_everything();
    let output = world.deskcast(&["report", "welcome", "--customers"]);
    let one = world.printed(&["report", WELCOME, "--customers"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), one);
    assert_eq!(
        complaint(&output),
        format!("customers of the latest run, {WELCOME}\n")
    );
}

/// Rows by outcome, counted from the CSV with every row.
fn recount(csv: &str) -> Customers {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    for record in reader.records() {
        *outcomes
            .entry(record.expect("a row")[1].to_owned())
            .or_default() += 1;
    }
    let mut take = |outcome| outcomes.remove(outcome).unwrap_or_default();
    let mut customers = Customers {
        duplicates: take("duplicate"),
        invalid: take("invalid"),
        excluded: take("excluded"),
        accepted: take("accepted"),
        rejected: take("rejected"),
        unknown: take("unknown"),
        abandoned: take("abandoned"),
        remaining: take("remaining"),
        ..Customers::default()
    };
    assert_eq!(outcomes, BTreeMap::new(), "outcomes that do not exist");
    customers.planned = customers.accepted
        + customers.rejected
        + customers.unknown
        + customers.abandoned
        + customers.remaining;
    customers.listed =
        customers.planned + customers.duplicates + customers.invalid + customers.excluded;
    customers
}

#[test]
fn the_rows_add_up_to_the_tally_whether_the_sender_lives_or_not() {
    let world = World::with_everything();
    for key in [WELCOME, BEFORE, SPRING] {
        let run = world.run(key);
        assert_eq!(run.owner, Owner::Gone);
        let tally = world.store().standing(&run).expect("a standing").tally;
        let rows = world.printed(&["report", key, "--customers", "--all-rows"]);
        assert_eq!(recount(&rows), tally.customers, "{key}");
    }

    // Whoever claims the run next makes an unknown of what was in flight, gives one batch up and
    // sends another.
    let mut journal = world.journal();
    let claim = journal
        .claim(world.run(WELCOME).id, Purpose::Sending, at("21T10:00:00"))
        .expect("claimed");
    let abandoned = verdict(3, "21T10:00:01", "rosa", Resolution::Abandoned);
    journal
        .resolve(claim.fence, &[abandoned])
        .expect("abandoned");
    let intent = deskcast::journal::Entry {
        batch: 4,
        attempt: 2,
        at: at("21T10:00:01").into(),
        what: deskcast::journal::What::Intent,
    };
    let recorded = journal.record(&[(claim.fence, vec![intent])]);
    assert!(recorded.iter().all(Result::is_ok), "{recorded:?}");
    assert_eq!(unsettled(&world, Owner::Alive), (4, 2, 4));
    drop(journal);
    assert_eq!(unsettled(&world, Owner::Gone), (0, 6, 4));
}

/// Who of the welcome run remains, is unknown, and was abandoned; after a recount.
fn unsettled(world: &World, owner: Owner) -> (u64, u64, u64) {
    let run = world.run(WELCOME);
    assert_eq!(run.owner, owner);
    let tally = world.store().standing(&run).expect("a standing").tally;
    let rows = world.printed(&["report", WELCOME, "--customers", "--all-rows"]);
    assert_eq!(recount(&rows), tally.customers);
    let customers = tally.customers;
    (customers.remaining, customers.unknown, customers.abandoned)
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let world = World::empty();
    let customers: Vec<u64> = (1..=50_000).collect();
    plan(
        &mut world.journal(),
        WELCOME,
        &[(&customers, &customers)],
        (&[], &[]),
        &[],
    );
    let mut child = world
        .command(&["report", WELCOME, "--customers"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("deskcast runs");
    let mut start = [0; 11];
    let mut rows = child.stdout.take().expect("a pipe");
    rows.read_exact(&mut start).expect("the first bytes");
    assert_eq!(&start, b"customer_id");
    drop(rows);
    let output = child.wait_with_output().expect("its end");
    assert_eq!(
        (output.status.code(), complaint(&output).as_str()),
        (Some(0), "")
    );
}
