//! Programs that are no part of deskcast, and files of the project.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A program, looked for in target/tools, too, where tests/run puts what is not installed.
pub(crate) fn tool(program: &str) -> Command {
    let tools = project("target/tools");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(program);
    command.env("PATH", format!("{}:{path}", tools.display()));
    command
}

/// Runs a program to its end.
#[track_caller]
pub(crate) fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| {
        let program = command.get_program().display();
        panic!("{program}: {error}; tests/run installs what is missing")
    })
}

/// Runs a program that must succeed, and gives everything it said.
#[track_caller]
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = output(command);
    let said = said(&output);
    assert!(output.status.success(), "{command:?}: {said}");
    said
}

/// What a program printed, to both sides.
pub(crate) fn said(output: &Output) -> String {
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said += &String::from_utf8_lossy(&output.stderr);
    said
}

/// A file of the project.
pub(crate) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The text of a file of the project.
#[track_caller]
pub(crate) fn text(path: &str) -> String {
    std::fs::read_to_string(project(path)).unwrap()
}
