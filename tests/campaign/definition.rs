//! Definitions: every key's default and limits, and every complaint as it is shown.

use std::fmt::Write;

use deskcast::campaign::{
    BatchSize, CampaignName, Column, Definition, Delimiter, InvalidRows, Message, Priority,
    Problems, Repeat, SameCampaign, Sample,
};
use proptest::prelude::*;

/// The least that a campaign needs.
const LEAST: &str = "message = \"Hi.\"\ngroup = \"vip-support\"\ncustomers = \"a.csv\"\n";

fn name() -> CampaignName {
    CampaignName::new("spring").expect("a valid name")
}

fn parse(text: &str) -> Result<Definition, Problems> {
    Definition::parse(name(), text)
}

/// The definition made of the least and some more lines.
pub(crate) fn with(lines: &str) -> Definition {
    let text = format!("{LEAST}{lines}");
    parse(&text).unwrap_or_else(|problems| panic!("{}", problems.render("spring.toml", false)))
}

/// What is shown of a definition that is wrong.
fn complaint(text: &str) -> String {
    parse(text)
        .expect_err("this must be refused")
        .render("campaigns/spring.toml", false)
}

/// What is shown of several definitions, each wrong in its own way.
pub(crate) fn complaints(lines: &[&str]) -> String {
    lines.iter().fold(String::new(), |mut shown, line| {
        let complaint = complaint(&format!("{LEAST}{line}\n"));
        writeln!(shown, "{complaint}\n").expect("a string takes everything");
        shown
    })
}

fn inline(text: &str) -> String {
    match parse(text).expect("a valid definition").message {
        Message::Inline(text) => text.as_str().to_owned(),
        Message::File(path) => panic!("a file: {path}"),
    }
}

#[test]
fn the_least_campaign_has_every_default() {
    let definition = with("");
    assert_eq!(definition.name.as_str(), "spring");
    assert_eq!(inline(LEAST), "Hi.");
    assert_eq!(definition.group, "vip-support");
    assert_eq!(definition.agent_id, None);
    assert_eq!(definition.priority, Priority::Medium);
    assert_eq!(definition.customers.files[0].to_string(), "a.csv");
    assert_eq!(definition.column, Column::Header("customer_id".to_owned()));
    assert_eq!(definition.delimiter, None);
    assert_eq!(definition.batch_size.get(), 100);
    assert_eq!(definition.invalid_rows, InvalidRows::Refuse);
    assert!(definition.warnings.is_empty());
}

#[test]
fn every_key_is_read() {
    let definition = parse(
        "message_file = \"texts/spring.txt\"\ngroup = \"vip_2\"\nagent_id = 41\npriority = \"High\"\n\
         customers = \"audiences/spring.csv\"\ncolumn = \"id\"\ndelimiter = \";\"\nsheet = \"People\"\nbatch_size = 1_000\n\
         invalid_rows = \"skip\"\n",
    )
    .expect("a valid definition");
    assert!(
        matches!(&definition.message, Message::File(path) if path.to_string() == "texts/spring.txt")
    );
    assert_eq!(definition.group, "vip_2");
    assert_eq!(definition.agent_id.map(u64::from), Some(41));
    assert_eq!(definition.priority, Priority::High);
    assert_eq!(
        definition.customers.files[0].to_string(),
        "audiences/spring.csv"
    );
    assert_eq!(definition.column, Column::Header("id".to_owned()));
    assert_eq!(definition.delimiter, Some(Delimiter::Semicolon));
    assert_eq!(definition.sheet.as_deref(), Some("People"));
    assert_eq!(
        definition.batch_size,
        BatchSize::new(1000).expect("the largest")
    );
    assert_eq!(definition.invalid_rows, InvalidRows::Skip);
}

#[test]
fn a_delimiter_is_a_sign_or_its_name() {
    for (word, delimiter) in [
        ("\",\"", Delimiter::Comma),
        ("\"comma\"", Delimiter::Comma),
        ("\";\"", Delimiter::Semicolon),
        ("\"Semicolon\"", Delimiter::Semicolon),
        ("\"\\t\"", Delimiter::Tab),
        ("\"tab\"", Delimiter::Tab),
        ("\"|\"", Delimiter::Pipe),
    ] {
        assert_eq!(
            with(&format!("delimiter = {word}")).delimiter,
            Some(delimiter)
        );
    }
}

#[test]
fn a_column_is_a_name_or_a_number() {
    let number = |column| match column {
        Column::Number(number) => number.get(),
        Column::Header(name) => panic!("the name {name}"),
    };
    assert_eq!(number(with("column = 2").column), 2);
    assert_eq!(
        with("column = \"2\"").column,
        Column::Header("2".to_owned())
    );
}

#[test]
fn a_message_may_have_several_lines() {
    let text = LEAST.replace("\"Hi.\"", "\"\"\"\nHi,\nthere.\"\"\"");
    assert_eq!(inline(&text), "Hi,\nthere.");
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_do_not_count() {
    let text = format!("\u{feff}{}", LEAST.replace('\n', "\r\n"));
    assert_eq!(inline(&text), "Hi.");
    insta::assert_snapshot!(complaint(&format!(
        "{text}priority = \"hgih\"\r\nbatch_size = 10\r\n"
    )));
}

#[test]
fn an_empty_file_lacks_everything_that_is_required() {
    insta::assert_snapshot!(complaint(""));
}

#[test]
fn all_mistakes_are_shown_at_once() {
    insta::assert_snapshot!(complaint(
        "# Spring sale\nmessage = \"\"\nmessage_file = \"/etc/motd\"\nprioritty = \"high\"\n\
         priority = 3\nagent_id = \"41\"\nbatch_size = 5000\ncustomers = \"../spring.csv\"\n"
    ));
}

#[test]
fn an_unknown_key_suggests_the_nearest_one_that_is_not_there() {
    insta::assert_snapshot!(complaints(&[
        "prioritty = \"high\"",
        "groupKey = \"vip\"",
        "batch-size = 10",
        "colour = \"red\"",
        "\"a\\nb\" = 1",
    ]));
}

#[test]
fn a_misspelt_required_key_is_one_mistake_not_two() {
    insta::assert_snapshot!(complaint(
        "mesage = \"Hi.\"\ngroup = \"vip\"\ncustomer = \"a.csv\"\n"
    ));
}

#[test]
fn keys_in_a_table_belong_to_the_top() {
    insta::assert_snapshot!(complaint(&format!("[campaign]\n{LEAST}")));
}

#[test]
fn a_value_of_the_wrong_type_says_what_was_found() {
    insta::assert_snapshot!(complaints(&[
        "batch_size = \"100\"",
        "batch_size = 100.0",
        "agent_id = true",
        "priority = 2026-01-01",
        "column = [\"id\"]",
        "delimiter = { a = 1 }",
    ]));
    insta::assert_snapshot!(
        "wrong_type_of_text",
        complaint("message = 5\ngroup = [\"vip\"]\ncustomers = 1.5\n")
    );
}

#[test]
fn a_number_out_of_range_says_the_range() {
    insta::assert_snapshot!(complaints(&[
        "batch_size = 0",
        "batch_size = 1001",
        "batch_size = 0x3E9",
        "agent_id = 0",
        "agent_id = -41",
        "agent_id = 9223372036854775808",
        "column = 0",
    ]));
}

#[test]
fn a_misspelt_word_suggests_the_nearest_one() {
    insta::assert_snapshot!(complaints(&[
        "priority = \"hihg\"",
        "priority = \"asap\"",
        "invalid_rows = \"skipp\"",
        "delimiter = \":\"",
        "delimiter = \"semi-colon\"",
    ]));
}

#[test]
fn the_message_is_given_once_and_says_something() {
    insta::assert_snapshot!(complaint(&format!(
        "{LEAST}message_file = \"spring.txt\"\n"
    )));
    insta::assert_snapshot!(
        "empty_texts",
        complaint("message = \" \\n\"\ngroup = \"\"\ncustomers = \" \"\n")
    );
}

#[test]
fn a_path_stays_in_the_folder() {
    insta::assert_snapshot!(complaint(
        "message_file = \"/etc/passwd\"\ngroup = \"vip\"\ncustomers = \"a/../../b.csv\"\n"
    ));
}

#[test]
fn a_group_that_is_probably_a_name_is_only_warned_of() {
    let text = LEAST.replace("vip-support", "VIP Support");
    let definition = parse(&text).expect("a warning is no error");
    assert_eq!(definition.group, "VIP Support");
    insta::assert_snapshot!(definition.warnings.render("campaigns/spring.toml", false));
}

#[test]
fn several_syntax_errors_are_shown_beside_other_mistakes() {
    insta::assert_snapshot!(complaint(
        "message = \"Hi.\ngroup = \"vip\"\ncustomers = \nbatch_size = 5000\npriority high\ngroup = \"b\"\n"
    ));
}

#[test]
fn what_a_syntax_error_hides_is_not_called_missing() {
    let problems = parse("message = \"Hi.\"\ngroup = \n").expect_err("a syntax error");
    assert_eq!(problems.len(), 1, "{problems}");
}

#[test]
fn a_key_given_twice_is_an_error() {
    insta::assert_snapshot!(complaint(&format!("{LEAST}group = \"b\"\n")));
}

#[test]
fn a_long_line_is_cut_around_the_mistake() {
    let message = "Spring is here. ".repeat(30);
    let shown = complaint(&LEAST.replace("\"Hi.\"", &format!("\"{message}")));
    assert!(
        shown.lines().all(|line| line.chars().count() <= 90),
        "{shown}"
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn a_mistake_of_many_lines_is_marked_in_its_first() {
    let text = LEAST.replace("\"Hi.\"", "[\n\"a\",\n\"b\",\n]");
    insta::assert_snapshot!(complaint(&text));
}

#[test]
fn columns_are_counted_in_characters() {
    let problems = parse(&LEAST.replace("message = \"Hi.\"", "\"königlich\" = 1; \"x\" = 2"));
    let problems = problems.expect_err("a semicolon separates nothing");
    let place = problems
        .iter()
        .next()
        .map(|problem| problems.place(problem));
    assert_eq!(place, Some((1, 18)));
    assert!(
        problems
            .render("a.toml", false)
            .contains("--> a.toml:1:18\n"),
        "{problems}"
    );
}

#[test]
fn colours_are_used_when_asked_for() {
    let problems = parse("").expect_err("nothing in it");
    assert!(!problems.render("a.toml", false).contains('\u{1b}'));
    assert!(problems.render("a.toml", true).contains('\u{1b}'));
}

#[test]
fn a_terminal_cannot_be_driven_from_a_definition() {
    let shown =
        complaint("message = 1\n\"\\u001b[2J\" = \"\u{7f}\"\ngroup\u{1b}[2J = \"\u{1b}[2J\"\n");
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
}

#[test]
fn a_file_that_is_not_utf8_says_where() {
    let shown = |bytes: &[u8]| {
        Definition::parse_bytes(name(), bytes)
            .expect_err("not text")
            .render("campaigns/spring.toml", false)
    };
    insta::assert_snapshot!(shown(b"group = \"vip\"\nmessage = \"caf\xe9 gratuit\"\n"));
    insta::assert_snapshot!("utf16", shown(b"\xff\xfeg\0r\0o\0u\0p\0"));
    assert!(Definition::parse_bytes(name(), LEAST.as_bytes()).is_ok());
}

#[test]
fn the_short_form_names_every_place() {
    let problems =
        parse(&format!("{LEAST}batch_size = 0\npriority = \"hihg\"\n")).expect_err("two mistakes");
    insta::assert_snapshot!(problems, @r#"
    4:14: "batch_size" must be a whole number from 1 to 1000
    5:12: "priority" must be one of "low", "medium", "high", "urgent"
    "#);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_with_a_place(bytes: Vec<u8>) {
        if let Err(problems) = Definition::parse_bytes(name(), &bytes) {
            prop_assert!(!problems.is_empty());
            prop_assert!(problems.render("a.toml", false).contains("a.toml:"));
        }
    }

    #[test]
    fn any_damage_to_a_definition_is_read_or_refused_with_a_place(
        at in 0..LEAST.len(), with in "[\\PC\n\"'\\[\\]={}.,#]{0,4}", cut in 0_usize..4,
    ) {
        let end = (at + cut).min(LEAST.len());
        let text = format!("{}{with}{}", &LEAST[..at], &LEAST[end..]);
        if let Err(problems) = parse(&text) {
            prop_assert!(!problems.is_empty());
            let shown = problems.render("a.toml", false);
            prop_assert_eq!(shown.matches("--> a.toml:").count(), problems.len());
        }
    }
}

#[test]
fn the_tables_about_the_audience_take_what_the_readme_says() {
    let definition = parse(
        "message = \"Hi.\"\ngroup = \"vip\"\n[customers]\nfiles = \"a.csv\"\nlimit = 50_000\nsample = \"0.5%\"\n\
         exclude = [\"b.csv\", \"c/d.csv\"]\nwhere.country = [\"DE\", \" AT \"]\n\
         [repeat]\nsame_campaign = \"always\"\nany_campaign = \"7d\"\nmax_per_customer = { count = 3, within = \"30d\" }\n",
    )
    .expect("a valid definition");
    let customers = definition.customers;
    assert_eq!(customers.limit, Some(50_000));
    assert_eq!(customers.sample, Some(Sample::PerMillion(5_000)));
    assert_eq!(customers.exclude.len(), 2);
    let condition = &customers.conditions[0];
    assert_eq!(
        (condition.column.as_str(), &condition.any_of[..]),
        ("country", &["DE".to_owned(), "AT".to_owned()][..])
    );
    let repeat = definition.repeat;
    assert_eq!(repeat.same_campaign, SameCampaign::Always);
    let week = repeat.any_campaign.expect("a span");
    assert_eq!(week.length().as_secs(), 7 * 24 * 3600);
    let cap = repeat.max_per_customer.expect("a cap");
    assert_eq!(cap.to_string(), "3 within 30d");
    assert_eq!(with("").repeat, Repeat::default());
}

#[test]
fn customers_go_by_the_ids_of_desk_or_by_those_of_sendbird() {
    let least = "message = \"Hi.\"\ngroup = \"vip\"\n";
    let of = |lines: &str| {
        let text = format!("{least}[customers]\nfiles = \"a.csv\"\n{lines}");
        let definition = parse(&text).expect("a valid definition");
        (definition.customers.by_sendbird_id, definition.column)
    };
    let header = |name: &str| Column::Header(name.to_owned());
    assert_eq!(of("sendbird_id = \"user_id\""), (true, header("user_id")));
    let first = Column::Number(std::num::NonZeroUsize::MIN);
    assert_eq!(of("sendbird_id = 1"), (true, first));
    assert_eq!(of("column = \"id\""), (false, header("id")));
    assert_eq!(of(""), (false, header("customer_id")));
    let texts = [
        format!("{least}[customers]\nfiles = \"a.csv\"\nsendbird_id = \"a\"\ncolumn = \"b\"\n"),
        format!("{least}column = \"b\"\n[customers]\nfiles = \"a.csv\"\nsendbird_id = \"a\"\n"),
        format!("{least}[customers]\nfiles = \"a.csv\"\nsendbird_id = true\n"),
    ];
    let shown: Vec<String> = texts.iter().map(|text| complaint(text)).collect();
    insta::assert_snapshot!(shown.join("\n\n"));
}

#[test]
fn mistakes_about_the_audience_are_shown_at_their_place() {
    let least = "message = \"Hi.\"\ngroup = \"vip\"\n[customers]\n";
    let texts = [
        format!("{least}file = [\"a.csv\"]\n"),
        format!("{least}files = []\nsample = \"0%\"\nlimit = 0\n"),
        format!("{least}files = [\"a.csv\", \"/b.csv\"]\nwhere = {{ a = 1, b = [] }}\n"),
        format!(
            "{LEAST}[repeat]\nsame_campaign = \"once\"\nany_campaign = \"7\"\nmax_per_customer = {{ count = 0 }}\n"
        ),
    ];
    let shown: Vec<String> = texts.iter().map(|text| complaint(text)).collect();
    insta::assert_snapshot!(shown.join("\n\n"));
}
