//! Several texts: what is taken, and every complaint at its place.

use deskcast::campaign::{CampaignName, Definition, Message};

const LEAST: &str = "group = \"vip-support\"\ncustomers = \"a.csv\"\n";

fn read(text: &str) -> Result<Definition, String> {
    let name = CampaignName::new("spring").expect("a valid name");
    let read = Definition::parse(name, &format!("{LEAST}{text}"));
    read.map_err(|problems| problems.render("campaigns/spring.toml", false))
}

fn tables(count: usize) -> String {
    let table = |n| format!("[[variant]]\nname = \"v-{n}\"\nmessage = \"Text {n}\"\n");
    (1..=count).map(table).collect()
}

#[test]
fn variants_take_what_the_readme_says() {
    let definition = read(
        "[[variant]]\nname = \"short\"\nmessage = \"20% off.\"\n\
         [[variant]]\nname = \"2-long\"\nmessage_file = \"long.txt\"\nweight = 1000\n",
    )
    .expect("a definition");
    let names: Vec<(&str, u32)> = definition
        .variants
        .iter()
        .map(|it| (it.name.as_str(), it.weight.get()))
        .collect();
    assert_eq!(names, [("short", 1), ("2-long", 1000)]);
    assert!(
        matches!(&definition.variants[1].message, Message::File(file) if file.to_string() == "long.txt")
    );
    assert_eq!(definition.message, definition.variants[0].message);
    for (count, is_taken) in [(1, false), (2, true), (20, true), (21, false)] {
        assert_eq!(read(&tables(count)).is_ok(), is_taken, "{count}");
    }
    let in_one_line =
        "variant = [{ name = \"a\", message = \"A\" }, { name = \"b\", message = \"B\" }]";
    assert_eq!(read(in_one_line).expect("a definition").variants.len(), 2);
}

#[test]
fn mistakes_about_variants_are_shown_at_their_place() {
    let wrong = [
        format!("message = \"Hi.\"\n{}", tables(2)),
        tables(1),
        "variant = []".to_owned(),
        "variant = \"short\"".to_owned(),
        format!("{}{}", tables(2), tables(1)),
        format!(
            "{}[[variant]]\nname = \"Short one\"\nmessage = \"Hi.\"\n",
            tables(2)
        ),
        format!("{}[[variant]]\nname = \"third\"\n", tables(2)),
        format!("{}weight = 0\nwieght = 3\n", tables(2)),
        format!("{}message_file = \"../x.txt\"\n", tables(2)),
    ];
    let shown: Vec<String> = wrong
        .iter()
        .map(|text| read(text).expect_err("this must be refused"))
        .collect();
    insta::assert_snapshot!(shown.join("\n\n"));
}
