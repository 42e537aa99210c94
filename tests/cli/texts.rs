//! What is wrong with a text is said before anybody reads it: by the dry run, by a check, by a
//! run, and by a chat outside of campaigns.

use std::time::Duration;

use serde_json::Value;

use crate::stage::desk::Desk;
use crate::stage::scene::{Ended, Scene, finish};

/// A Desk at which nobody listens: what is tested here is said before anybody is called.
const NOWHERE: &str = "http://127.0.0.1:9/platform/v1";

/// A campaign with a text, and with these keys besides.
fn scene(text: &[u8], in_file: bool, keys: &str) -> Scene {
    let scene = Scene::new(NOWHERE);
    scene.write("campaigns/text.csv", "customer_id\n7\n");
    let message = match in_file {
        true => {
            scene.write("campaigns/text.txt", text);
            "message_file = \"text.txt\"".to_owned()
        }
        false => {
            let text = std::str::from_utf8(text).unwrap();
            let escaped: String = text.chars().map(escaped).collect();
            format!("message = \"{escaped}\"")
        }
    };
    let definition = format!("{message}\n{keys}\ngroup = \"vip\"\ncustomers = \"text.csv\"\n");
    scene.write("campaigns/text.toml", &definition);
    scene
}

fn escaped(c: char) -> String {
    match c {
        '"' | '\\' => format!("\\{c}"),
        _ if c.is_control() => format!("\\u{:04X}", u32::from(c)),
        _ => c.to_string(),
    }
}

fn dry_run(scene: &Scene, more: &[&str]) -> Ended {
    let mut command = scene.deskcast(&["run", "text", "--dry-run", "--json"]);
    command.args(more);
    finish(command)
}

fn names(object: &Value) -> Vec<&str> {
    let warnings = object["warnings"].as_array();
    let all = warnings.into_iter().flatten();
    all.map(|warning| warning["name"].as_str().unwrap())
        .collect()
}

#[test]
fn a_text_that_no_customer_may_read_is_refused_wherever_it_stands() {
    for (text, why) in [
        ("Hi {{first_name}}, hello", "holds \"{{first_name}}\""),
        ("Hi *|FNAME|*", "*|FNAME|*"),
        ("Hello %FIRSTNAME%", "%FIRSTNAME%"),
        ("Hi ((name))", "((name))"),
        ("your code is ${code}", "${code}"),
        (
            "\u{200b}\u{2060}\u{feff}\u{200b}",
            "all of its characters are invisible",
        ),
        ("\u{3164}", "all of its characters are invisible"),
        (
            "Hello\u{1b}[31m red",
            "has a control character (U+001B) in line 1",
        ),
        ("a\nbell\u{7}", "has a control character (U+0007) in line 2"),
        ("Gr\u{fffd}\u{fffd}e", "U+FFFD"),
        ("Pay \u{202e}0051$, now", "direction of reading"),
        ("{\\rtf1\\ansi See you}", "an RTF document"),
    ] {
        for in_file in [false, true] {
            let scene = scene(text.as_bytes(), in_file, "");
            for arguments in [&["run", "text", "--dry-run"][..], &["check", "text"]] {
                let ended = finish(scene.deskcast(arguments));
                assert_eq!(ended.code, Some(2), "{text:?}: {ended:?}");
                let said = format!("{}{}", ended.out, ended.err);
                assert!(said.contains(why), "{text:?}: {said}");
            }
        }
        let create = [
            "desk",
            "chat",
            "create",
            "--group",
            "vip",
            "--customer",
            "7",
            "--dry-run",
        ];
        let outside = scene(b"Hi", false, "");
        let mut command = outside.deskcast(&create);
        command.args(["--message", text]);
        let ended = finish(command);
        assert_eq!(ended.code, Some(2), "{text:?}: {ended:?}");
        assert!(ended.err.contains(why), "{text:?}: {}", ended.err);
    }
}

#[test]
fn a_document_is_refused_by_its_name() {
    for (bytes, why) in [
        (&b"PK\x03\x04\0\0\0\0"[..], "is a Word document"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            "is an old Word document",
        ),
        (b"\xff\xfeH\0i\0", "is UTF-16 text"),
        (b"H\0i\0", "is UTF-16 text"),
        (b"%PDF-1.7", "is a PDF document"),
        (b"Gr\xfc\xdfe", "is not UTF-8 text"),
    ] {
        let ended = dry_run(&scene(bytes, true, ""), &[]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains(why), "{}", ended.err);
    }
}

#[test]
fn a_placeholder_that_is_allowed_is_sent_as_it_is() {
    let scene = scene(b"Write {{name}} in it", false, "allow = [\"placeholders\"]");
    let object = dry_run(&scene, &["--strict"]).json();
    let message = &object["first_request"]["body"]["message"];
    assert_eq!(message, "Write {{name}} in it");
    assert_eq!(names(&object), [] as [&str; 0]);
}

#[test]
fn the_line_ends_of_an_editor_change_neither_the_text_nor_the_plan() {
    let of = |text: &str, in_file| dry_run(&scene(text.as_bytes(), in_file, ""), &[]).json();
    let first = of("Hello,\nsee you Monday.", false);
    for text in [
        "Hello,\r\nsee you Monday.\r\n",
        "Hello,\rsee you Monday.\r\n\n",
    ] {
        for in_file in [false, true] {
            let object = of(text, in_file);
            let message = &object["first_request"]["body"]["message"];
            assert_eq!(message, "Hello,\nsee you Monday.", "{text:?}");
            assert_eq!(object["digest"], first["digest"], "{text:?}");
        }
    }
}

#[test]
fn a_warning_is_shown_everywhere_refused_with_strict_and_silenced_by_its_name() {
    let text = "Hi [First Name],\\nit&#39;s  TODO";
    let found = [
        "filler",
        "bracketed-name",
        "html",
        "written-escape",
        "blanks",
    ];
    let plain = scene(text.as_bytes(), true, "");
    let ended = dry_run(&plain, &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(names(&ended.json()), found);
    let check = finish(plain.deskcast(&["check", "text", "--json"]));
    assert_eq!(check.code, Some(0), "{check:?}");
    assert_eq!(names(&check.json()["campaigns"][0]), found);
    let shown = finish(plain.deskcast(&["run", "text", "--dry-run"])).out;
    assert!(shown.contains("[bracketed-name]"), "{shown}");
    let warned = shown
        .lines()
        .skip_while(|line| !line.starts_with("Warning"));
    assert!(warned.clone().count() > 5, "{shown}");
    assert!(
        warned.take(5).all(|line| line.chars().count() <= 80),
        "{shown}"
    );
    let run = finish(plain.deskcast(&["run", "text", "--sandbox"]));
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(
        run.err
            .contains("which looks like something to be filled in"),
        "{}",
        run.err
    );
    for arguments in [&["--dry-run"][..], &["--sandbox"]] {
        let mut command = plain.deskcast(&["run", "text", "--strict"]);
        command.args(arguments);
        let ended = finish(command);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains("[filler]"), "{}", ended.err);
    }
    let strict = scene(
        text.as_bytes(),
        true,
        "strict = true\nallow = [\"filler\", \"html\"]",
    );
    let ended = dry_run(&strict, &[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(!ended.err.contains("[html]"), "{}", ended.err);
    let keys = format!("strict = true\nallow = {found:?}");
    let allowed = dry_run(&scene(text.as_bytes(), true, &keys), &[]);
    assert_eq!(names(&allowed.json()), [] as [&str; 0]);
}

#[test]
fn a_name_that_no_warning_has_is_refused_with_the_one_that_is_meant() {
    let ended = dry_run(&scene(b"Hi", false, "allow = [\"fillers\"]"), &[]);
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.err.contains("did you mean \"filler\"?"),
        "{}",
        ended.err
    );
}

#[test]
fn a_text_longer_than_any_before_is_warned_of() {
    let sandbox = Desk::start("", Duration::ZERO);
    let scene = Scene::new(&sandbox.base_url());
    let write = |text: &str| {
        let keys = format!("message = \"{text}\"\ngroup = \"vip\"\ncustomers = \"text.csv\"\n");
        scene.write("campaigns/text.toml", &keys);
    };
    scene.write("campaigns/text.csv", "customer_id\n7\n");
    write("Short");
    assert_eq!(names(&dry_run(&scene, &[]).json()), [] as [&str; 0]);
    let ran = finish(scene.deskcast(&["run", "text"]));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    scene.write("campaigns/text.csv", "customer_id\n8\n");
    assert_eq!(names(&dry_run(&scene, &[]).json()), [] as [&str; 0]);
    write("Short no more");
    assert_eq!(names(&dry_run(&scene, &[]).json()), ["longest-message"]);
}
