//! Settings as an operator meets them: files, variables, the sentences about mistakes, and the
//! manual in `deploy/deskcast.toml`, which must say exactly what the code does.

use std::path::{Path, PathBuf};
use std::time::Duration;

use deskcast::journal::StoreUrl;
use deskcast::settings::{KEYS, Settings, SettingsError, token};
use deskcast::telemetry::Format;
use secrecy::ExposeSecret;

const MANUAL: &str = include_str!("../deploy/deskcast.toml");

/// A working directory with a `deskcast.toml`, or without one when `file` is empty.
fn folder(file: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    if !file.is_empty() {
        std::fs::write(folder.path().join("deskcast.toml"), file).expect("written");
    }
    folder
}

fn env(variables: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
    let owned: Vec<_> = variables
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect();
    owned.into_iter()
}

fn load(file: &str, variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::load(None, env(variables), folder(file).path())
}

fn problems(file: &str, variables: &[(&str, &str)]) -> Vec<String> {
    load(file, variables)
        .expect_err("refused")
        .problems()
        .to_vec()
}

/// Settings hold a secret, which does not compare; everything else shows in `Debug`.
fn shown(settings: &Settings) -> String {
    format!("{settings:#?}")
}

#[test]
fn without_a_file_and_variables_the_defaults_hold() {
    let settings = load("", &[]).expect("defaults");
    assert_eq!(settings.limits.requests_per_second.per_second(), 5.0);
    assert_eq!(settings.limits.burst.get(), 1);
    assert_eq!(settings.limits.concurrency.get(), 5);
    assert_eq!(
        settings.limits.connect_timeout.get(),
        Duration::from_secs(5)
    );
    assert_eq!(
        settings.limits.request_timeout.get(),
        Duration::from_secs(30)
    );
    assert_eq!(settings.store.url, StoreUrl::of_file("deskcast.db"));
    assert_eq!(settings.campaigns.folder, Path::new("campaigns"));
    assert_eq!(settings.log.format, Format::Text);
    assert_eq!(settings.log.filter.to_string(), "info");
    assert!(settings.base_url().is_err());
}

#[test]
fn the_environment_wins_over_the_file_key_by_key() {
    let file = "[desk]\nagent_id = 7\n[limits]\nburst = 2\nrequests_per_second = 0.5\n";
    let variables = [
        ("DESKCAST__DESK__AGENT_ID", "41"),
        ("DESKCAST__LIMITS__CONNECT_TIMEOUT", "750ms"),
    ];
    let settings = load(file, &variables).expect("good");
    assert_eq!(settings.desk.agent_id.map(u64::from), Some(41));
    assert_eq!(settings.limits.burst.get(), 2);
    assert_eq!(settings.limits.requests_per_second.per_second(), 0.5);
    assert_eq!(
        settings.limits.connect_timeout.get(),
        Duration::from_millis(750)
    );
}

#[test]
fn a_variable_set_to_nothing_counts_as_not_set_and_others_are_not_ours() {
    let variables = [
        ("DESKCAST__DESK__AGENT_ID", ""),
        ("DESKCAST_CONFIG", ""),
        ("PATH", "/bin"),
        ("DESKCAST_", "x"),
    ];
    assert_eq!(load("", &variables).expect("good").desk.agent_id, None);
}

#[test]
fn every_wrong_key_and_value_is_named_at_once_with_its_place() {
    let file = "\
[limits]
request_per_second = 5
burst = 0
concurrency = 2.5

[desc]
agent_id = 4

[store]
";
    let variables = [
        ("DESKCAST__LOG__FORMAT", "xml"),
        ("DESKCAST__LOG__FLTER", "info"),
        ("DESKCAST__log__filter", "info"),
        ("DESKCAST_DESK__AGENT_ID", "1"),
    ];
    insta::assert_snapshot!(problems(file, &variables).join("\n"), @r#"
    deskcast.toml:2: unknown key "limits.request_per_second"; did you mean "limits.requests_per_second"?
    deskcast.toml:3: "limits.burst" cannot be "0": it takes a whole number from 1 to 4294967295
    deskcast.toml:4: "limits.concurrency" cannot be "2.5": it takes a whole number from 1 to 1024
    deskcast.toml:7: unknown key "desc.agent_id"; did you mean "desk.agent_id"?
    DESKCAST_DESK__AGENT_ID: no such setting; did you mean DESKCAST__DESK__AGENT_ID?
    DESKCAST__LOG__FLTER: no such setting; did you mean DESKCAST__LOG__FILTER?
    DESKCAST__LOG__FORMAT: "log.format" cannot be "xml": it takes "text", "json" or "journald"
    DESKCAST__log__filter: no such setting; did you mean DESKCAST__LOG__FILTER?
    "#);
}

#[test]
fn every_kind_of_value_says_what_it_takes() {
    let variables = [
        ("DESKCAST__DESK__AGENT_ID", "0"),
        ("DESKCAST__DESK__APPLICATION_ID", "my app"),
        ("DESKCAST__DESK__BASE_URL", "http://desk.example.com"),
        ("DESKCAST__LIMITS__CONCURRENCY", "yes"),
        ("DESKCAST__LIMITS__CONNECT_TIMEOUT", "5"),
        ("DESKCAST__LIMITS__REQUESTS_PER_SECOND", "NaN"),
        ("DESKCAST__LOG__FILTER", "deskcast=loud"),
        ("DESKCAST__STORE__URL", "mysql://db"),
    ];
    insta::assert_snapshot!(problems("[campaigns]\nfolder = [\"a\"]\n[limits]\nburst.a = 1\n", &variables).join("\n"), @r#"
    deskcast.toml:2: "campaigns.folder" takes a single value, not a list or a table
    deskcast.toml:4: "limits.burst" takes a single value, not a list or a table
    DESKCAST__DESK__AGENT_ID: "desk.agent_id" cannot be "0": it takes a whole number from 1
    DESKCAST__DESK__APPLICATION_ID: "desk.application_id" cannot be "my app": it takes the application ID as the Sendbird dashboard shows it: letters, digits and hyphens
    DESKCAST__DESK__BASE_URL: "desk.base_url" cannot be "http://desk.example.com": it takes an https address: over http the token could be read on its way
    DESKCAST__LIMITS__CONCURRENCY: "limits.concurrency" cannot be "yes": it takes a whole number from 1 to 1024
    DESKCAST__LIMITS__CONNECT_TIMEOUT: "limits.connect_timeout" cannot be "5": it takes a time from "1ms" to "1h" with its unit, such as "30s" or "1m 30s"
    DESKCAST__LIMITS__REQUESTS_PER_SECOND: "limits.requests_per_second" cannot be "NaN": it takes a number over 0 and at most 1000000, such as 5 or 0.5
    DESKCAST__LOG__FILTER: "log.filter" cannot be "deskcast=loud": it takes a level (error, warn, info, debug, trace), or directives such as "info,deskcast::journal=debug"
    DESKCAST__STORE__URL: "store.url" cannot be "mysql://db": it takes "sqlite:PATH", such as "sqlite:/var/lib/deskcast/deskcast.db"
    "#);
}

#[test]
fn a_value_where_a_section_belongs_is_explained() {
    insta::assert_snapshot!(problems("limits = 5\n", &[]).join("\n"), @r#"deskcast.toml:1: "limits" is a section: write [limits], and under it requests_per_second = …"#);
}

#[test]
fn a_number_beyond_all_numbers_is_refused_with_its_file() {
    let sentences = problems("[limits]\nburst = 99999999999999999999\n", &[]);
    insta::assert_snapshot!(sentences.join("\n"), @"deskcast.toml: cannot be read: number too large to fit in target type");
}

#[test]
fn a_request_timeout_must_leave_time_to_connect() {
    let file = "[limits]\nconnect_timeout = \"30s\"\n";
    insta::assert_snapshot!(problems(file, &[]).join("\n"), @r#"deskcast.toml:2: "limits.request_timeout" (30s) must be longer than "limits.connect_timeout" (30s): it covers connecting too"#);
}

#[test]
fn pages_that_other_machines_can_reach_must_be_meant() {
    let file = "[web]\nlisten = \"0.0.0.0:9464\"\n";
    insta::assert_snapshot!(problems(file, &[]).join("\n"), @r#"deskcast.toml:2: "web.listen" (0.0.0.0:9464) can be reached from other machines, and the pages ask for no password: if that is meant, set network = true under [web]"#);
    let meant = format!("{file}network = true\n");
    let listen = load(&meant, &[]).expect("good").web.listen;
    assert_eq!(listen.to_string(), "0.0.0.0:9464");
    let off = load("[web]\nlisten = \"off\"\n", &[]).expect("good");
    assert_eq!(off.web.listen.address(), None);
}

#[test]
fn a_file_that_was_asked_for_must_be_there_and_be_toml() {
    let folder = folder("[limits\n");
    let cwd = folder.path();
    let sentence = |explicit: Option<&str>, variables: &[(&str, &str)]| {
        Settings::load(explicit.map(Path::new), env(variables), cwd)
            .expect_err("refused")
            .to_string()
    };
    insta::assert_snapshot!(sentence(Some("gone.toml"), &[]), @"gone.toml: the settings file (--config) cannot be read: No such file or directory (os error 2)");
    insta::assert_snapshot!(sentence(None, &[("DESKCAST_CONFIG", "gone.toml")]), @"gone.toml: the settings file (DESKCAST_CONFIG) cannot be read: No such file or directory (os error 2)");
    insta::assert_snapshot!(sentence(Some("."), &[]), @".: the settings file (--config) cannot be read: it is a directory, no plain file");
    insta::assert_snapshot!(sentence(None, &[]), @"deskcast.toml:1:8: unclosed table, expected `]`");
}

#[test]
fn a_files_relative_paths_are_relative_to_its_folder() {
    let folder = folder("");
    let cwd = folder.path();
    std::fs::create_dir(cwd.join("conf")).expect("a folder");
    let text = "[campaigns]\nfolder = \"spring\"\n[store]\nurl = \"sqlite:j.db\"\n[desk]\napi_token_file = \"/run/token\"\n";
    std::fs::write(cwd.join("conf/desk.toml"), text).expect("written");
    let load = |variables: &[(&str, &str)]| {
        Settings::load(Some(Path::new("conf/desk.toml")), env(variables), cwd).expect("good")
    };
    let settings = load(&[]);
    assert_eq!(settings.campaigns.folder, Path::new("conf/spring"));
    assert_eq!(settings.store.url.to_string(), "sqlite:conf/j.db");
    assert_eq!(
        settings.desk.api_token_file,
        Some(PathBuf::from("/run/token"))
    );
    // A variable is written where the command is typed.
    assert_eq!(
        load(&[("DESKCAST__CAMPAIGNS__FOLDER", "spring")])
            .campaigns
            .folder,
        Path::new("spring")
    );
}

#[test]
fn addresses_that_would_leak_the_token_are_refused() {
    let base_url = |text: &str| {
        let settings = load("", &[("DESKCAST__DESK__BASE_URL", text)]).ok()?;
        settings.base_url().ok().map(|url| url.to_string())
    };
    for (text, accepted) in [
        (
            "https://desk.example.com/platform/v1/",
            Some("https://desk.example.com/platform/v1"),
        ),
        ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080")),
        ("http://[::1]:80/x", Some("http://[::1]/x")),
        ("http://localhost/", Some("http://localhost")),
        ("http://localhost.example.com", None),
        ("http://128.0.0.1", None),
        ("http://127.0.0.1@example.com", None),
        ("https://user@desk.example.com", None),
        ("https://:secret@desk.example.com", None),
        ("https://desk.example.com/?a=1", None),
        ("https://desk.example.com/#a", None),
        ("ftp://localhost", None),
        ("file:///etc", None),
        ("desk.example.com", None),
    ] {
        assert_eq!(base_url(text).as_deref(), accepted, "{text}");
    }
}

#[test]
fn the_base_url_follows_from_the_application_unless_it_is_set() {
    let application = ("DESKCAST__DESK__APPLICATION_ID", "0F5A2C3D-1B7E");
    let settings = load("", &[application]).expect("good");
    let usual = "https://desk-api-0f5a2c3d-1b7e.sendbird.com/platform/v1";
    assert_eq!(settings.base_url().expect("known").to_string(), usual);
    let other = ("DESKCAST__DESK__BASE_URL", "https://desk.example.com");
    let settings = load("", &[application, other]).expect("good");
    assert_eq!(
        settings.base_url().expect("known").to_string(),
        "https://desk.example.com"
    );
}

#[test]
fn limits_end_where_they_say() {
    let accepts = |key: &str, value: &str| load("", &[(key, value)]).is_ok();
    for (key, good, bad) in [
        (
            "DESKCAST__LIMITS__REQUESTS_PER_SECOND",
            &["0.001", "1000000"],
            &["0", "-1", "1000001", "inf"],
        ),
        (
            "DESKCAST__LIMITS__BURST",
            &["1", "4294967295"],
            &["0", "4294967296", "1.5", "true"],
        ),
        (
            "DESKCAST__LIMITS__CONCURRENCY",
            &["1", "1024"],
            &["0", "1025", "-1", ""],
        ),
        (
            "DESKCAST__LIMITS__REQUEST_TIMEOUT",
            &["5001ms", "1h"],
            &["5s", "1h 1s", "0s", "-1s"],
        ),
        (
            "DESKCAST__STORE__URL",
            &["sqlite:a.db", "sqlite:/a.db"],
            &[
                "sqlite:",
                "sqlite://a",
                "sqlite:a?mode=ro",
                "sqlite::memory:",
            ],
        ),
    ] {
        assert!(good.iter().all(|value| accepts(key, value)), "{key}");
        let slipped: Vec<_> = bad
            .iter()
            .filter(|value| !value.is_empty() && accepts(key, value))
            .collect();
        assert_eq!(slipped, Vec::<&&str>::new(), "{key}");
    }
}

// The manual.

/// The manual with the lines that begin with `prefix` and a key set instead of commented out.
fn uncommented(prefixes: &[&str]) -> String {
    let setting = |line: &&str| {
        prefixes.iter().find_map(|prefix| {
            let rest = line.strip_prefix(prefix)?;
            let key = rest.split_once(" = ")?.0;
            (!key.contains([' ', '#'])).then(|| rest.to_owned())
        })
    };
    MANUAL
        .lines()
        .map(|line| setting(&line).unwrap_or_else(|| line.to_owned()) + "\n")
        .collect()
}

#[test]
fn the_manuals_defaults_are_the_codes_defaults() {
    let all_set = uncommented(&["#"]);
    assert!(all_set.contains("\nrequests_per_second = 5\n"));
    // Which file they come from is no default.
    let read = |text: &str| Settings {
        file: None,
        ..load(text, &[]).expect("the manual is good")
    };
    let from_manual = read(&all_set);
    assert_eq!(shown(&from_manual), shown(&Settings::default()));
    let untouched = read(MANUAL);
    assert_eq!(shown(&untouched), shown(&Settings::default()));
}

#[test]
fn the_manuals_examples_are_good_and_differ_from_the_defaults() {
    let settings = load(&uncommented(&["## ", "#"]), &[]).expect("the manual is good");
    let desk = settings.desk;
    assert!(desk.application_id.is_some() && desk.base_url.is_some() && desk.agent_id.is_some());
    assert!(desk.api_token_file.is_some() && desk.proxy_password_file.is_some());
    assert!(desk.proxy.is_some() && desk.ca_file.is_some());
}

#[test]
fn the_manual_has_every_key_once_and_no_other() {
    let all_set = uncommented(&["## ", "#"]);
    let parsed: toml::Table = all_set.parse().expect("TOML");
    let mut in_manual: Vec<String> = parsed
        .iter()
        .flat_map(|(section, keys)| {
            let keys = keys.as_table().expect("a section");
            keys.keys().map(move |key| format!("{section}.{key}"))
        })
        .collect();
    // Those that no file may hold are described where the others of their kind are.
    for (key, variable) in [
        ("desk.api_token", "DESKCAST__DESK__API_TOKEN"),
        ("desk.proxy_password", "DESKCAST__DESK__PROXY_PASSWORD"),
    ] {
        assert!(MANUAL.contains(variable));
        in_manual.push(key.into());
    }
    in_manual.sort();
    let mut known = KEYS.to_vec();
    known.sort_unstable();
    assert_eq!(in_manual, known);
}

// The token.

const TOKEN: &str = "0123456789";

#[test]
fn a_token_that_looks_like_a_number_comes_through_as_it_is() {
    let desk = load("", &[("DESKCAST__DESK__API_TOKEN", TOKEN)])
        .expect("good")
        .desk;
    let token = token::read(&desk, None).expect("a token");
    assert_eq!(token.expose_secret(), TOKEN);
}

#[test]
fn a_token_in_the_settings_file_is_refused_and_not_repeated() {
    let file = format!("[desk]\napi_token = \"{TOKEN}\"\nagent_id = 0\n");
    let sentences = problems(&file, &[]).join("\n");
    assert!(!sentences.contains(TOKEN), "{sentences}");
    insta::assert_snapshot!(sentences, @r#"
    deskcast.toml:2: "desk.api_token": a token is not read from this file, which others may see: put it alone into a file that only you can read and name that in desk.api_token_file, or set DESKCAST__DESK__API_TOKEN in the environment
    deskcast.toml:3: "desk.agent_id" cannot be "0": it takes a whole number from 1
    "#);
}

#[test]
fn a_misspelt_token_key_is_not_led_into_the_next_refusal() {
    for key in ["api_tokn", "token", "api-token"] {
        let sentences = problems(&format!("[desk]\n{key} = \"{TOKEN}\"\n"), &[]).join("\n");
        assert!(
            sentences.contains("a token is not read from this file"),
            "{sentences}"
        );
        assert!(!sentences.contains(TOKEN), "{sentences}");
    }
}

#[test]
fn nothing_shows_a_token() {
    let settings = load("", &[("DESKCAST__DESK__API_TOKEN", TOKEN)]).expect("good");
    assert!(!shown(&settings).contains(TOKEN));
    let wrong = problems(
        "",
        &[
            ("DESKCAST__DESK__API_TOKEN", TOKEN),
            ("DESKCAST__DESK__AGENT_ID", "x"),
        ],
    );
    assert!(!format!("{wrong:?}").contains(TOKEN));
}
