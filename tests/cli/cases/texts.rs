//! Texts that were not meant for anybody, and definitions that look right.

use super::Case;

/// A campaign with a text, as it stands between quotes in a definition.
fn with_text(quoted: &str) -> Case {
    let case = Case::empty();
    case.scene
        .write("people.csv", "customer_id,first_name\n300011,Ines\n");
    let top = format!("message = {quoted}");
    case.campaign(&top, "files = [\"people.csv\"]");
    case
}

fn in_file(bytes: &[u8]) -> Case {
    let case = Case::empty();
    case.scene.write("people.csv", "customer_id\n300011\n");
    case.scene.write("text.txt", bytes);
    case.campaign("message_file = \"text.txt\"", "files = [\"people.csv\"]");
    case
}

/// What is sent.
fn sent(case: &Case) -> String {
    let object = case.object();
    let text = &object["first_request"]["body"]["message"];
    text.as_str().unwrap().to_owned()
}

#[test]
fn a_text_with_something_left_to_fill_in_is_refused_unless_it_is_allowed() {
    for left in [
        "{{first_name}}",
        "{{ contact.FIRSTNAME | default: 'there' }}",
        "{% if vip %}",
        "*|FNAME|*",
        "%FIRSTNAME%",
        "((name))",
        "[[name]]",
        "<<name>>",
        "${code}",
    ] {
        let case = with_text(&format!("\"Hi {left}, see you on Monday.\""));
        case.is_refused(&[left, "allow = [\"placeholders\"]"]);
        let top = format!("allow = [\"placeholders\"]\nmessage = \"Hi {left}.\"");
        case.campaign(&top, "files = [\"people.csv\"]");
        assert_eq!(sent(&case), format!("Hi {left}."));
    }
    for (text, name) in [
        ("Lorem ipsum dolor sit amet.", "filler"),
        ("See you on Monday. TODO: link", "filler"),
        ("Hi undefined, your balance is NaN.", "filler"),
        ("Hi [First Name], see you on Monday.", "bracketed-name"),
    ] {
        with_text(&format!("\"{text}\"")).warns(name);
    }
}

#[test]
fn a_message_file_that_nobody_can_read_as_it_is_meant_is_refused() {
    for unseen in [
        "\u{200b}\u{200b}\u{2060}\u{feff}",
        "\u{2063}",
        "\u{3164}",
        "\u{2800}",
        "\u{115f}\u{1160}",
    ] {
        in_file(unseen.as_bytes()).is_refused(&["all of its characters are invisible"]);
    }
    let refused: [(&[u8], &str); 14] = [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        ("\u{a0}\u{a0}\u{3000}".as_bytes(), ""),
        (b"{\\rtf1\\ansi See you on Monday.\\par}", "an RTF document"),
        (b"PK\x03\x04\0\0\0\0", "is a Word document"),
        (b"\xff\xfeH\0i\0", "is UTF-16 text"),
        (b"H\0e\0l\0l\0o\0", "is UTF-16 text"),
        (b"Gr\xfc\xdfe", "is not UTF-8 text"),
        ("Gr\u{fffd}\u{fffd}e".as_bytes(), "U+FFFD"),
        (
            b"Hello\x1b[31m red",
            "a control character (U+001B) in line 1",
        ),
        (b"Hello\nbell\x07", "a control character (U+0007) in line 2"),
        (b"Hello\x1a", "a control character (U+001A) in line 1"),
        ("Pay \u{202e}0051$ now".as_bytes(), "direction of reading"),
        ("Pay \u{2067}0051$ now".as_bytes(), "direction of reading"),
    ];
    for (bytes, word) in refused {
        in_file(bytes).is_refused(&["text.txt", word]);
    }
}

#[test]
fn a_message_file_that_looks_odd_is_warned_of_and_an_ordinary_one_is_not() {
    for (text, name) in [
        (
            "<p>Hello &amp; welcome,<br>see you&nbsp;Monday.</p>",
            "html",
        ),
        ("Gr\u{c3}\u{bc}\u{c3}\u{178}e bis Montag", "mojibake"),
        ("Hello,\n\u{feff}see you", "invisible"),
        ("Hello,\u{2028}see you", "line-separator"),
        (&"long ".repeat(2_000), "long-message"),
    ] {
        in_file(text.as_bytes()).warns(name);
    }
    for (text, expected) in [
        ("\u{feff}Hello,\r\nsee you.\r\n\r\n", "Hello,\nsee you."),
        ("Hello,\rsee you.\r", "Hello,\nsee you."),
        ("a\r\n\r\nb\rc", "a\n\nb\nc"),
        (
            "Team 👩‍👩‍👧‍👦 and 🏳️‍🌈 עברית \u{200f}!",
            "Team 👩‍👩‍👧‍👦 and 🏳️‍🌈 עברית \u{200f}!",
        ),
    ] {
        let case = in_file(text.as_bytes());
        case.warns_of_nothing();
        assert_eq!(sent(&case), expected);
    }
}

#[test]
fn a_written_escape_is_warned_of_and_told_to_use_double_quotes() {
    for escape in ["\\n", "\\r", "\\t", "\\u00e9"] {
        let case = with_text(&format!("'Hello,{escape}see you.'"));
        let said = case.warns("written-escape");
        assert!(
            said.contains(escape) && said.contains("double quotes"),
            "{said}"
        );
    }
    with_text("\"Hello,\\nsee you.\"").warns_of_nothing();
}

#[test]
fn the_line_ends_of_an_editor_are_no_part_of_a_text() {
    let inline = with_text("\"\"\"\r\nHello,\r\nsee you.\r\n\"\"\"");
    let filed = in_file(b"Hello,\r\nsee you.\r\n");
    for case in [&inline, &filed] {
        assert_eq!(sent(case), "Hello,\nsee you.");
    }
    with_text("\"Hi \\ud83d\\ude00\"").is_refused(&["c.toml"]);
}

#[test]
fn what_looks_right_in_a_definition_and_is_not_is_named_as_the_cause() {
    let case = Case::empty();
    case.scene.write("people.csv", "customer_id\n300011\n");
    let good = "message = \"Hi.\"\ngroup = \"vip\"\ncustomers = \"people.csv\"\n";
    for (from, to, cause) in [
        ("\"Hi.\"", "“Hi.”", "a typographic quote (“)"),
        (
            "message =",
            "message\u{a0}=",
            "a blank that is none (U+00A0)",
        ),
        (
            "\"people.csv\"",
            "\"lists\\new\\people.csv\"",
            "a backslash",
        ),
        ("\"people.csv\"", "\"C:\\new\\people.csv\"", "a backslash"),
        (
            "\"people.csv\"",
            "'lists\\people.csv'",
            "write / between folders",
        ),
    ] {
        case.scene.write("c.toml", good.replace(from, to));
        case.is_refused(&["c.toml:", cause]);
    }
    let wide: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    case.scene
        .write("c.toml", [b"\xff\xfe", &wide[..]].concat());
    case.is_refused(&["UTF-16"]);
    case.scene.write(
        "c.toml",
        good.replace("Hi.", "Gr\u{fc}\u{df}e")
            .chars()
            .map(|c| c as u8)
            .collect::<Vec<u8>>(),
    );
    case.is_refused(&["c.toml", "UTF-8"]);
    // A mark and Windows line ends are harmless, and so is a moment without quotes.
    let marked = format!("\u{feff}{}", good.replace('\n', "\r\n"));
    let date =
        format!("{good}[schedule]\nat = 2027-01-05T09:00:00\ntimezone = \"Europe/Berlin\"\n");
    for text in [marked, date] {
        case.scene.write("c.toml", text);
        case.plans(&[300_011]);
    }
}

#[test]
fn what_is_left_in_the_folder_of_campaigns_is_named() {
    let case = Case::empty();
    let spring = "message = \"Hi.\"\ngroup = \"vip\"\ncustomers = \"people.csv\"\n";
    for name in [
        "spring.toml",
        "spring-old.toml",
        "spring.toml.bak",
        "autumn.toml.txt",
    ] {
        case.scene.write(&format!("campaigns/{name}"), spring);
    }
    case.scene.write(
        "campaigns/._spring.toml",
        b"\0\x05\x16\x07\0\x02\0\0Mac OS X",
    );
    case.scene
        .write("campaigns/people.csv", "customer_id\n300011\n");
    case.scene
        .write("campaigns/People2.CSV", "customer_id\n300011\n");
    let checked = case.scene.run(&["check", "--json"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let object = checked.json();
    let of = |name: &str| {
        let mut all = object["campaigns"].as_array().unwrap().iter();
        let found = all.find(|it| it["campaign"] == name);
        let found = found.unwrap_or_else(|| panic!("{name}: {object}"));
        found["warnings"][0]["name"].clone()
    };
    assert_eq!(of("spring"), "same-campaign");
    assert_eq!(of("spring-old"), "same-campaign");
    assert_eq!(of("autumn.toml.txt"), "no-campaign");
    let autumn = case.scene.run(&["run", "autumn", "--sandbox"]);
    assert_eq!(autumn.code, Some(2), "{autumn:?}");
    let hint = "there is autumn.toml.txt beside it";
    assert!(autumn.err.contains(hint), "{}", autumn.err);
    case.scene
        .write("campaigns/spring.toml", spring.replace("people", "people2"));
    let other = case.scene.run(&["run", "spring", "--sandbox"]);
    let hint = "there is People2.CSV beside it";
    assert!(other.err.contains(hint), "{}", other.err);
}
