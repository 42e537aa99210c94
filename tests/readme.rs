//! The README and the chapters of the manual say what the code does: every command, key, fault and
//! exit code that exists, and no command, option or key that does not.

use std::collections::BTreeSet;
use std::path::Path;

use assert_cmd::Command;
use clap::CommandFactory as _;
use deskcast::campaign::{CampaignName, Definition};
use deskcast::cli::Cli;
use deskcast::cli::exit::Exit;
use deskcast::manual::CHAPTERS;
use deskcast::sandbox::Faults;
use deskcast::settings::KEYS;

/// Options of other programs that the manual shows.
const OF_OTHERS: [&str; 15] = [
    "--bench",
    "--fuzz-dir",
    "--now",
    "--open",
    "--path",
    "--points",
    "--release",
    "--seeds",
    "--executions",
    "--seconds",
    "--threads",
    "--test",
    "--times",
    "--trace",
    "--version",
];

/// The README and every chapter: what a person reads.
fn manual() -> Vec<(String, String)> {
    let chapters = CHAPTERS
        .iter()
        .map(|it| format!("deploy/manual/{}.md", it.name));
    let files = std::iter::once("README.md".to_owned()).chain(chapters);
    files.map(|file| (file.clone(), read(&file))).collect()
}

/// All of it in one text.
fn everything() -> String {
    let texts = manual().into_iter().map(|(_, text)| text);
    texts.collect::<Vec<_>>().join("\n")
}

fn read(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file))
        .expect("a file of the project")
}

/// The part under a heading, up to the next one that is not below it.
fn section(heading: &str) -> String {
    let level = heading.bytes().take_while(|byte| *byte == b'#').count();
    let mut in_code = false;
    let ends = |line: &&str| {
        in_code ^= line.starts_with("```");
        let depth = line.bytes().take_while(|byte| *byte == b'#').count();
        !in_code && (1..=level).contains(&depth)
    };
    let text = everything();
    let after = text.lines().skip_while(|line| *line != heading).skip(1);
    let mut ends = ends;
    let lines: Vec<&str> = after.take_while(|line| !ends(line)).collect();
    assert!(!lines.is_empty(), "the manual has no section \"{heading}\"");
    lines.join("\n")
}

/// What stands in backticks in the first column of the tables of a text.
fn first_column(text: &str) -> BTreeSet<String> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| "));
    rows.filter_map(|row| row.split(" | ").next())
        .flat_map(quoted)
        .collect()
}

fn quoted(cell: &str) -> Vec<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

fn set<'a>(words: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    words.into_iter().map(str::to_owned).collect()
}

/// The long options of a command and of those below it, as they are typed, without those that every
/// command has.
fn options(command: &clap::Command) -> BTreeSet<String> {
    let long = command.get_arguments().filter_map(clap::Arg::get_long);
    let own = long.filter(|name| !["config", "help", "version"].contains(name));
    own.map(|name| format!("--{name}"))
        .chain(command.get_subcommands().flat_map(options))
        .collect()
}

/// The long options in a text.
fn options_in(text: &str) -> BTreeSet<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let words = text.split(|c: char| !word(c));
    let named = |word: &&str| {
        word.starts_with("--") && word[2..].starts_with(|c: char| c.is_ascii_alphabetic())
    };
    words.filter(named).map(str::to_owned).collect()
}

#[test]
fn every_command_is_told_of_and_says_itself_what_its_arguments_mean() {
    fn told(command: &clap::Command, above: &str, text: &str) {
        let name = format!("{above} {}", command.get_name());
        let explained = |it: &clap::Arg| it.get_help().is_some() || it.get_id() == "help";
        for argument in command.get_arguments() {
            assert!(explained(argument), "{name}: {}", argument.get_id());
        }
        assert!(command.get_about().is_some(), "{name} says nothing");
        let mut within = command.get_subcommands().peekable();
        if within.peek().is_none() {
            assert!(text.contains(&name), "{name} is not in the manual");
        }
        within.for_each(|command| told(command, &name, text));
    }
    let text = everything();
    for command in Cli::command().get_subcommands() {
        told(command, "deskcast", &text);
    }
}

#[test]
fn no_command_and_no_option_is_made_up() {
    let cli = Cli::command();
    let mut known = set(OF_OTHERS);
    known.extend(set(["--config", "--help"]));
    known.extend(cli.get_subcommands().flat_map(options));
    let text = everything();
    let made_up: Vec<String> = options_in(&text).difference(&known).cloned().collect();
    assert_eq!(made_up, Vec::<String>::new());

    let commands: BTreeSet<&str> = cli.get_subcommands().map(clap::Command::get_name).collect();
    let typed = text
        .split("```")
        .skip(1)
        .step_by(2)
        .flat_map(str::lines)
        .filter_map(|line| line.trim_start_matches("$ ").strip_prefix("deskcast "));
    for line in typed {
        let word = line.split(' ').next().unwrap_or_default();
        assert!(commands.contains(word), "deskcast {line}");
    }
}

#[test]
fn every_exit_code_is_in_its_table() {
    let exits = [
        Exit::Done,
        Exit::Defect,
        Exit::Mistake,
        Exit::Attention,
        Exit::Stopped,
    ];
    let section = section("## Exit codes");
    let rows = section
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(' ').next());
    let codes: Vec<u8> = rows.filter_map(|cell| cell.parse().ok()).collect();
    assert_eq!(codes, exits.map(Exit::code));
}

#[test]
fn the_table_of_settings_has_every_key_with_its_default() {
    let section = section("## Settings");
    let known = set(KEYS);
    assert_eq!(first_column(&section), known);
    let manual = read("deploy/deskcast.toml");
    let mut in_section = "";
    for line in manual.lines() {
        if let Some(name) = line.strip_prefix('[') {
            in_section = name.trim_end_matches(']');
        }
        let default = line
            .strip_prefix('#')
            .and_then(|line| line.split_once(" = "));
        if let Some((key, default)) =
            default.filter(|(key, _)| known.contains(&format!("{in_section}.{key}")))
        {
            let row = format!("| `{in_section}.{key}` | {default} |");
            assert!(section.contains(&row), "{row}");
        }
    }
}

#[test]
fn the_table_of_campaign_keys_has_every_key() {
    let example: toml::Table = toml::from_str(&read("campaigns/spring-sale.toml")).expect("TOML");
    let mut keys = set(example.keys().map(String::as_str));
    keys.extend(set(["message", "variant"]));
    assert_eq!(first_column(&section("## A campaign")), keys);
}

#[test]
fn the_table_of_several_texts_has_every_key() {
    let section = section("## Several texts");
    let keys = set(["name", "message", "message_file", "weight"]);
    assert_eq!(first_column(&section), keys);
    let example = section.split("```").nth(1).expect("an example");
    let texts = example.strip_prefix("toml").expect("TOML");
    let example: toml::Table = toml::from_str(texts).expect("TOML");
    let shown = example["variant"].as_array().expect("tables").iter();
    let shown = shown.filter_map(|table| table.as_table());
    assert_eq!(
        set(shown.flat_map(|table| table.keys().map(String::as_str))),
        keys
    );
}

#[test]
fn the_tables_of_schedules_have_every_key() {
    let example: toml::Table = toml::from_str(&read("campaigns/spring-sale.toml")).expect("TOML");
    let mut keys = set(["at"]);
    for table in ["schedule", "window"] {
        let table = example[table].as_table().expect("a table");
        keys.extend(set(table.keys().map(String::as_str)));
    }
    assert_eq!(first_column(&section("## Schedules")), keys);
}

#[test]
fn the_tables_of_how_many_at_a_time_have_every_key() {
    let example: toml::Table = toml::from_str(&read("campaigns/spring-sale.toml")).expect("TOML");
    let mut keys = set(["open", "of", "answers_within"]);
    for table in ["pace", "canary", "approval", "abort"] {
        let table = example[table].as_table().expect("a table");
        keys.extend(set(table.keys().map(String::as_str)));
    }
    assert_eq!(first_column(&section("## How many at a time")), keys);
}

#[test]
fn the_table_of_faults_has_every_fault() {
    let section = section("## The sandbox");
    let table = section
        .split("| fault |")
        .nth(1)
        .expect("a table of faults");
    assert_eq!(
        first_column(table),
        set(Faults::names().map(|(name, _)| name))
    );
    for spec in quoted(&section)
        .iter()
        .filter(|spec| spec.contains("-after=") && !spec.contains('\n'))
    {
        assert!(Faults::parse(spec).is_ok(), "{spec}");
    }
}

#[test]
fn the_campaign_of_the_first_steps_is_one() {
    let section = section("## First campaign");
    let blocks: Vec<&str> = section
        .split("```toml\n")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .collect();
    let [settings, campaign] = blocks[..] else {
        panic!("{} blocks of TOML", blocks.len())
    };
    let name = CampaignName::new("spring").expect("a name");
    assert!(
        Definition::parse(name, campaign).is_ok_and(|definition| definition.warnings.is_empty())
    );
    let settings: toml::Table = toml::from_str(settings).expect("TOML");
    for (section, keys) in &settings {
        for key in keys.as_table().expect("a section").keys() {
            assert!(
                KEYS.contains(&format!("{section}.{key}").as_str()),
                "{section}.{key}"
            );
        }
    }
}

#[test]
fn the_picture_of_a_dry_run_is_what_is_printed() {
    let text = read("README.md");
    let picture = text.split("```").nth(1).expect("a picture");
    let mut lines = picture.lines().skip(1);
    let command = lines
        .next()
        .and_then(|line| line.strip_prefix("$ deskcast "))
        .expect("a command");
    let mut deskcast = Command::new(assert_cmd::cargo::cargo_bin!("deskcast"));
    let printed = deskcast
        .args(command.split(' '))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("output");
    let printed = String::from_utf8(printed.stdout).expect("text");
    let shown: Vec<&str> = lines.take_while(|line| !line.starts_with('$')).collect();
    let fixed = |line: &&&str| !line.starts_with("[…") && !line.starts_with("Ends");
    for line in shown.iter().filter(fixed) {
        assert!(
            printed.lines().any(|real| real == *line),
            "{line:?} is not in\n{printed}"
        );
    }
}

#[test]
fn every_link_leads_somewhere() {
    for (file, text) in manual() {
        let targets = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = root.join(&file).parent().expect("a folder").to_owned();
        for target in targets {
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let path = match path {
                "" => root.join(&file),
                path => folder.join(path),
            };
            assert!(path.exists(), "{file}: {target}");
            if !heading.is_empty() {
                let text = std::fs::read_to_string(&path).expect("a text");
                assert!(
                    text.lines()
                        .filter_map(anchor)
                        .any(|anchor| anchor == heading),
                    "{file}: {target}"
                );
            }
        }
    }
}

#[test]
fn the_readme_is_short_and_lists_every_chapter() {
    let readme = read("README.md");
    assert!(readme.lines().count() <= 250, "{}", readme.lines().count());
    for chapter in CHAPTERS {
        let row = format!("| [{0}](deploy/manual/{0}.md) |", chapter.name);
        assert!(readme.contains(&row), "{row}");
        let heading = format!("# {}: ", chapter.name);
        assert!(chapter.markdown.starts_with(&heading), "{heading}");
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/manual");
    let files = std::fs::read_dir(folder).expect("the chapters").count();
    assert_eq!(files, CHAPTERS.len());
}

/// What the binary prints, where it is asked in this folder.
fn printed(folder: &Path, arguments: &[&str]) -> String {
    let mut deskcast = Command::new(assert_cmd::cargo::cargo_bin!("deskcast"));
    let output = deskcast
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("output");
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn help_shows_every_chapter_and_every_command_and_their_prose_in_80_columns() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all = printed(folder, &["help"]);
    for chapter in CHAPTERS {
        assert!(all.contains(&format!("\n  {} ", chapter.name)), "{all}");
        let shown = printed(folder, &["help", chapter.name]);
        for heading in chapter.markdown.lines().filter(|it| it.starts_with("## ")) {
            assert!(shown.lines().any(|line| line == heading), "{heading}");
        }
        // Examples are what deskcast prints, to the letter.
        let prose = chapter.screen(false);
        assert!(shown.ends_with(&prose), "{shown}");
        let prose = prose.lines().filter(|line| !line.starts_with("    "));
        let long = prose.filter(|line| line.chars().count() > 80);
        assert_eq!(long.collect::<Vec<_>>(), Vec::<&str>::new());
    }
    for command in Cli::command().get_subcommands() {
        let shown = printed(folder, &["help", command.get_name()]);
        let usage = format!("Usage: deskcast {}", command.get_name());
        assert!(shown.contains(&usage), "{shown}");
    }
    let both = printed(folder, &["help", "sandbox"]);
    assert!(both.contains("--latency") && both.contains("## The sandbox"));
}

#[test]
fn help_for_what_does_not_exist_names_what_is_near() {
    let mut deskcast = Command::new(assert_cmd::cargo::cargo_bin!("deskcast"));
    let refused = deskcast.args(["help", "shedule"]).assert().code(2);
    let said = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(said.contains("did you mean \"schedule\"?"), "{said}");
}

#[test]
fn every_chapter_is_a_manual_page_of_its_section() {
    for chapter in CHAPTERS {
        let page = chapter.man_page();
        let title = format!(".TH deskcast-{} {} ", chapter.name, chapter.section);
        assert!(page.contains(&title), "{page}");
        for heading in chapter.markdown.lines().filter(|it| it.starts_with("## ")) {
            let heading = heading[3..].to_uppercase();
            let sections = page.lines().filter_map(|line| line.strip_prefix(".SH "));
            let mut sections = sections.map(|it| it.trim_matches('"'));
            assert!(sections.any(|it| it == heading), "{heading}\n{page}");
        }
        // What a link leads to is named as a page.
        assert!(!page.contains(".md)") && !page.contains(".md#"), "{page}");
    }
}

/// The blocks of a section that are in this language.
fn blocks(section: &str, language: &str) -> Vec<String> {
    let begin = format!("```{language}\n");
    let blocks = section.split(&begin).skip(1);
    let blocks = blocks.filter_map(|block| block.split("```").next());
    blocks.map(str::to_owned).collect()
}

#[test]
fn the_first_campaign_comes_out_as_the_readme_says() {
    let section = section("## First campaign");
    let folder = tempfile::tempdir().expect("a folder");
    let write = |file: &str, text: &str| {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, text).expect("a file");
        // Nobody types so fast that the file was written a moment ago.
        let file = std::fs::File::options().write(true).open(path);
        let before = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
        file.and_then(|file| file.set_modified(before))
            .expect("of an age");
    };
    let toml = blocks(&section, "toml");
    write("deskcast.toml", &toml[0]);
    write("campaigns/spring.toml", &toml[1]);
    let customers = blocks(&section, "text");
    write("campaigns/audiences/spring.csv", &customers[0]);
    let dry_run = printed(folder.path(), &["run", "spring", "--dry-run"]);
    let command = dry_run.lines().last().expect("a command").trim();
    // With a digest in place of the word.
    let shown = section
        .lines()
        .find(|line| line.contains("--plan"))
        .expect("a command");
    assert_eq!(command, shown);
}

/// What a heading is linked to by.
fn anchor(line: &str) -> Option<String> {
    let (marks, title) = line.split_once(' ')?;
    let is_heading = marks.len() > 1 && marks.chars().all(|mark| mark == '#');
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-');
    is_heading.then(|| {
        title
            .to_lowercase()
            .chars()
            .filter(kept)
            .collect::<String>()
            .replace(' ', "-")
    })
}
