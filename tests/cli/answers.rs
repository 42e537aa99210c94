//! Answers of Desk's that are odd, and what is said of them.

use std::io::Write as _;

use serde_json::json;

use crate::scripted::{Said, Scripted, said};
use crate::stage::scene::Scene;

/// A campaign to batches of one.
fn scene(desk: &Scripted, customers: u64) -> Scene {
    let scene = Scene::new(&desk.address);
    scene.campaign("spring", 1..=customers, 1);
    scene
}

fn created(before: u64) -> String {
    json!({"id": 501 + before}).to_string()
}

#[test]
fn chats_that_desk_does_not_show_are_told_with_its_answer_and_the_first_ids() {
    let desk = Scripted::new(|line, before| match line {
        line if line.starts_with("POST") => said("201 Created", created(before)),
        line if line.ends_with("/501") => said("200 OK", r#"{"id":501,"sentCount":1}"#),
        _ => said(
            "404 Not Found",
            r#"{"code":"deskp400201","message":"The specified proactive chat doesn't exist."}"#,
        ),
    });
    let scene = scene(&desk, 6);
    assert_eq!(scene.run(&["run", "spring"]).code, Some(0));
    let ended = scene.run(&["track"]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    let told = "deskcast: Desk did not show all chats, and answered for 5 chats (502, 503, 504 and 2 more): 404 deskp400201";
    assert!(ended.err.contains(told), "{}", ended.err);
    assert!(
        ended.err.contains("deskcast desk chat get ID"),
        "{}",
        ended.err
    );
    assert_eq!(
        ended.err.matches("does not show a chat").count(),
        1,
        "{}",
        ended.err
    );
}

#[test]
fn a_byte_order_mark_and_an_unasked_gzip_before_the_id_are_read() {
    let packed = |text: &str| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(text.as_bytes()).unwrap();
        gzip.finish().unwrap()
    };
    let desk = Scripted::new(move |line, before| match line.starts_with("POST") {
        true if before == 0 => said("201 Created", format!("\u{feff}{}", created(before))),
        true => Said {
            headers: "Content-Encoding: gzip\r\n",
            ..said("201 Created", packed(&created(before)))
        },
        false => said("200 OK", "\u{feff}{\"id\":501,\"sentCount\":1}"),
    });
    let scene = scene(&desk, 2);
    let ended = scene.run(&["run", "spring", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.json()["customers"]["accepted"], 2);
}

#[test]
fn what_is_no_text_is_not_printed() {
    let noise: Vec<u8> = (0..200_u8).map(|byte| byte.wrapping_mul(37)).collect();
    let desk = Scripted::new(move |line, _| match line.starts_with("POST") {
        true => said("201 Created", noise.clone()),
        false => said("404 Not Found", "{}"),
    });
    let scene = scene(&desk, 1);
    assert_eq!(scene.run(&["run", "spring"]).code, Some(3));
    let why = scene.run(&["why", "1"]).out;
    assert!(why.contains("200 bytes that are no text"), "{why}");
    let odd = |c: char| c == char::REPLACEMENT_CHARACTER || (c.is_control() && c != '\n');
    assert!(!why.contains(odd), "{why:?}");
}

/// What is seen on a terminal of 40 columns, line by line.
fn seen(locale: &str, terminal: &str) -> Vec<String> {
    let desk = Scripted::new(|line, before| match line.starts_with("POST") {
        true => said("201 Created", created(before)),
        false => said("200 OK", r#"{"id":501,"sentCount":1,"closedCount":1}"#),
    });
    let scene = scene(&desk, 20);
    let binary = env!("CARGO_BIN_EXE_deskcast");
    let line = format!("stty cols 40 rows 24; {binary} run spring > /dev/null");
    let mut command = scene.command("script");
    command
        .args(["-qec", &line, "/dev/null"])
        .env("LC_ALL", locale)
        .env("TERM", terminal)
        .env("DESKCAST__LIMITS__REQUESTS_PER_SECOND", "8")
        .stdin(std::process::Stdio::null());
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split(['\r', '\n']).map(plain).collect()
}

/// Without the sequences that move the cursor and set colours.
fn plain(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part
            .find(|c: char| c.is_ascii_alphabetic())
            .map_or(part.len(), |at| at + 1);
        out.push_str(&part[end..]);
    }
    out
}

#[test]
fn a_bar_fits_the_terminal_and_is_ascii_where_the_locale_is() {
    for (locale, ascii) in [("C.UTF-8", false), ("C", true)] {
        let lines = seen(locale, "xterm");
        let bars: Vec<&String> = lines
            .iter()
            .filter(|line| line.contains("batches"))
            .collect();
        assert!(!bars.is_empty(), "{lines:?}");
        for bar in bars {
            assert!(bar.chars().count() <= 40, "{bar:?}");
            assert_eq!(bar.is_ascii(), ascii, "{locale}: {bar:?}");
        }
    }
}

#[test]
fn too_many_open_files_are_called_that() {
    let desk = Scripted::new(|_, before| said("201 Created", created(before)));
    let mut told = 0;
    // Where it begins to be enough is the machine's affair.
    for limit in 8..=30 {
        let scene = scene(&desk, 1);
        let binary = env!("CARGO_BIN_EXE_deskcast");
        let mut command = scene.command("sh");
        command.args([
            "-c",
            &format!("ulimit -n {limit}; exec {binary} run spring"),
        ]);
        command.env("DESKCAST__LIMITS__GIVE_UP_AFTER", "1s");
        let ended = crate::stage::scene::finish(command);
        if ended.code == Some(0) || ended.code.is_none() {
            continue;
        }
        for wrong in ["must be writable", "check the path and the permissions"] {
            assert!(!ended.err.contains(wrong), "{limit}: {}", ended.err);
        }
        told += u32::from(ended.err.contains("LimitNOFILE"));
    }
    assert!(told > 2, "said {told} times");
}
