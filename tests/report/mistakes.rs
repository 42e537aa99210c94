//! What is said when there is no such run, customer or store: exit code 2, and what to do.

use crate::world::{World, complaint};

/// What a command that is refused says.
fn refused(world: &World, arguments: &[&str]) -> String {
    let output = world.deskcast(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    assert_eq!(output.stdout, b"", "{arguments:?}");
    format!("$ deskcast {}\n{}", arguments.join(" "), complaint(&output))
}

#[test]
fn what_is_not_there_is_refused_with_what_is_nearest() {
    let world = World::with_everything();
    let mistakes: [&[&str]; 9] = [
        &["report", "welcom"],
        &["report", "something-else"],
        &["report", "welcome@2026-11-21T09:00:01Z"],
        &["report", "welcome@tomorrow"],
        &["runs", "Welcome"],
        &["why", "101", "--run", "spring-sales@2026-11-19T08:00:00Z"],
        &["why", "-3"],
        &["why", "12.0"],
        &["report", "welcome", "--customers", "--format", "table"],
    ];
    let said: Vec<String> = mistakes
        .iter()
        .map(|mistake| refused(&world, mistake))
        .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_store_that_does_not_exist_is_not_made() {
    let world = World::empty();
    for arguments in [&["runs"][..], &["report"], &["why", "1"], &["track"]] {
        let said = refused(&world, arguments);
        assert!(said.contains("there is no store at"), "{said}");
    }
    assert!(!world.path().exists());
}
