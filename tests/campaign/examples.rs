//! The campaigns that come with deskcast are what their comments say.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use deskcast::campaign::{
    AudienceReader, AudienceSpec, Block, CampaignName, Definition, Message, MessageText,
    WarningRules,
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("campaigns")
}

fn definition(name: &str) -> Definition {
    let bytes = fs::read(folder().join(format!("{name}.toml"))).expect("an example");
    let name = CampaignName::new(name).expect("a valid name");
    Definition::parse_bytes(name, &bytes)
        .unwrap_or_else(|problems| panic!("{}", problems.render("campaigns", false)))
}

/// The ids of a campaign's audience, duplicates included, and the lines of invalid rows.
fn audience(definition: &Definition) -> (Vec<u64>, Vec<u64>) {
    let spec = AudienceSpec {
        column: definition.column.clone(),
        delimiter: definition.delimiter,
        sheet: None,
        conditions: definition.customers.conditions.clone(),
    };
    let file = File::open(folder().join(&definition.customers.files[0])).expect("an audience");
    let mut reader = AudienceReader::new(file, &spec).expect("an audience");
    let (mut ids, mut invalid, mut block) = (Vec::new(), Vec::new(), Block::default());
    while reader.next_block(&mut block).expect("an audience") {
        ids.append(&mut block.ids);
        invalid.extend(block.invalid.iter().map(|row| row.line));
    }
    (ids, invalid)
}

#[test]
fn the_welcome_campaign_has_something_of_everything() {
    let definition = definition("welcome");
    assert!(definition.warnings.is_empty());
    let (ids, invalid) = audience(&definition);
    let different: HashSet<_> = ids.iter().collect();
    assert_eq!(
        (ids.len(), different.len(), invalid),
        (1206, 1200, vec![520, 875])
    );
}

#[test]
fn the_spring_sale_shows_every_key() {
    let definition = definition("spring-sale");
    assert!(definition.warnings.is_empty());
    let (ids, invalid) = audience(&definition);
    assert_eq!((ids.len(), invalid), (24, vec![]));
    let Message::File(path) = &definition.message else {
        panic!("the message is in a file");
    };
    let text = fs::read(folder().join(path)).expect("a message");
    let text = MessageText::from_bytes(&text, &WarningRules::default()).expect("a message");
    assert!(text.as_str().ends_with("choosing."));

    let example = fs::read_to_string(folder().join("spring-sale.toml")).expect("an example");
    let mut tables = example.split("\n[");
    let top = tables.next().expect("a top");
    let tables: Vec<(&str, &str)> = tables.filter_map(|table| table.split_once(']')).collect();
    for key in known_keys("") {
        let is_table = tables.iter().any(|(name, _)| *name == key);
        assert!(is_table || shows(top, &key), "{key} is not in the example");
    }
    for (name, lines) in tables {
        for key in known_keys(&format!("[{name}]\n")) {
            assert!(shows(lines, &key), "{key} is not in [{name}]");
        }
    }
}

#[test]
fn every_key_about_the_audience_is_in_the_manual() {
    let chapter = folder().join("../deploy/manual/audience.md");
    let chapter = fs::read_to_string(chapter).expect("a chapter");
    for table in ["customers", "repeat"] {
        for key in known_keys(&format!("[{table}]\n")) {
            let row = format!("| `{table}.{key}` |");
            assert!(chapter.contains(&row), "{row} is not in the manual");
        }
    }
}

/// Every key of a table, from the complaint about a stranger.
fn known_keys(table: &str) -> Vec<String> {
    let name = CampaignName::new("x").expect("a valid name");
    let text = format!("{table}zzzzzzzz = 1");
    let problems = Definition::parse(name, &text).expect_err("an unknown key");
    let helps = problems
        .iter()
        .filter_map(|problem| problem.help.as_deref());
    let mut keys = helps.filter_map(|help| help.strip_prefix("known keys: "));
    let keys = keys.next().expect("a list of keys").split(", ");
    keys.map(str::to_owned).collect()
}

/// Whether a key stands in these lines, in one that counts or in a comment.
fn shows(lines: &str, key: &str) -> bool {
    let assigned = format!("{key} = ");
    lines
        .lines()
        .any(|line| line.trim_start_matches("# ").starts_with(&assigned))
}
