//! A definition is read from any bytes, and is then either complete or told what is wrong with it.

use deskcast::campaign::{CampaignName, Definition, Message, Severity};

/// Reads `data` as a definition.
pub fn fuzz(data: &[u8]) {
    let name = CampaignName::new("fuzzed").expect("a name");
    match Definition::parse_bytes(name, data) {
        Ok(definition) => {
            complete(&definition);
            let warned =
                |problem: &deskcast::campaign::Problem| problem.severity == Severity::Warning;
            assert!(definition.warnings.iter().all(warned));
            shown(&definition.warnings);
        }
        Err(problems) => {
            assert!(
                problems
                    .iter()
                    .any(|problem| problem.severity == Severity::Error)
            );
            shown(&problems);
        }
    }
}

fn complete(definition: &Definition) {
    assert!(!definition.group.is_empty());
    assert!((1..=1000).contains(&definition.batch_size.get()));
    let customers = &definition.customers;
    let lists = customers.exclude.iter().map(|list| &list.path);
    let mut files: Vec<_> = customers.files.iter().chain(lists).collect();
    if let Message::File(file) = &definition.message {
        files.push(file);
    }
    for file in files {
        let inside = |part| matches!(part, std::path::Component::Normal(_));
        assert!(
            file.as_path().components().all(inside),
            "{file} leaves its folder"
        );
    }
}

/// Every problem has a place and can be printed on a terminal without harm.
fn shown(problems: &deskcast::campaign::Problems) {
    for problem in problems {
        let (line, column) = problems.place(problem);
        assert!(line >= 1 && column >= 1);
    }
    let text = problems.render("fuzzed.toml", false);
    let harmful = |c: char| c.is_ascii_control() && c != '\n';
    assert!(
        !text.contains(harmful),
        "a control character is printed: {text:?}"
    );
}
