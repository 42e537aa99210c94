//! `/metrics`: what stands there for a process and a store whose every number is known.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use deskcast::campaign::CampaignName;
use deskcast::desk::{Call, Heard};
use deskcast::service::observed::{BudgetUse, Concern, Observed};
use deskcast::service::recorder::Commit;

use crate::openmetrics;
use crate::site::Served;
use crate::world::World;

/// Every metric that a process fills, with numbers of our own.
fn fill(observed: &Observed) {
    let heard = |call, status, ms| Heard {
        call,
        status,
        took: Duration::from_millis(ms),
    };
    observed.settle(Concern::Starting);
    for ms in [20, 30, 90] {
        observed.hear(heard(Call::Create, Some(201), ms));
    }
    observed.hear(heard(Call::Create, Some(429), 10));
    observed.hear(heard(Call::Create, None, 30_000));
    observed.hear(heard(Call::Read, Some(200), 15));
    observed.committed(Commit {
        took: Duration::from_micros(900),
        failed: None,
    });
    let name = |name| CampaignName::new(name).expect("a name");
    observed.launched(&name("welcome"), Duration::from_millis(350));
    observed.missed(&name("spring-sale"));
    observed.set_ahead(Duration::from_secs(7_200));
    observed.ask_budget(|| BudgetUse {
        allowed_per_second: 5.0,
        used: 0.25,
    });
}

async fn filled(world: World) -> (Served, String) {
    let served = Served::with(world, &[]).await;
    fill(&served.observed);
    let answer = served.get("/metrics").await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    (served, answer.body)
}

/// A line without what differs from one time to the next.
fn fixed(line: &str) -> String {
    let of_time = [
        "deskcast_loop_idle_seconds ",
        "deskcast_unknown_oldest_age_seconds ",
    ];
    match of_time.iter().find(|name| line.starts_with(**name)) {
        Some(name) => format!("{name}[time]"),
        None => line.replace(env!("CARGO_PKG_VERSION"), "[version]"),
    }
}

/// The same with the samples of each family in order, which is left open; the buckets of a
/// histogram stay in theirs.
fn in_order(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(fixed).collect();
    let labels = |line: &String| {
        let labels = line.split_once('{').map_or("", |(_, labels)| labels);
        match labels.split_once(',') {
            Some((le, others)) if le.starts_with("le=") => others.split(' ').next(),
            _ => labels.split(' ').next(),
        }
        .map(str::to_owned)
    };
    let mut families: Vec<Vec<String>> = lines
        .chunk_by(|a, b| a.starts_with('#') == b.starts_with('#'))
        .map(<[String]>::to_vec)
        .collect();
    families
        .iter_mut()
        .filter(|lines| !lines[0].starts_with('#'))
        .for_each(|samples| samples.sort_by_key(labels));
    families.concat().join("\n")
}

#[tokio::test]
async fn every_metric_has_its_name_help_and_value() {
    let (_served, text) = filled(World::with_everything()).await;
    insta::assert_snapshot!(in_order(&text));
}

#[tokio::test]
async fn it_is_openmetrics() {
    let (_served, text) = filled(World::with_everything()).await;
    let families = openmetrics::parse(&text).expect("OpenMetrics");
    let requests = &families["deskcast_requests"];
    assert_eq!(requests.kind, "counter");
    let created = requests
        .samples
        .iter()
        .find(|(key, _)| key == "deskcast_requests_total{kind=\"create\",status=\"201\"}");
    assert_eq!(created.map(|(_, value)| *value), Some(3.0));
}

/// promtool reads the older text format, in which a counter is named with its suffix.
#[tokio::test]
async fn promtool_finds_nothing_to_complain_of() {
    let (_served, text) = filled(World::with_everything()).await;
    let families = openmetrics::parse(&text).expect("OpenMetrics");
    let older: String = text
        .lines()
        .map(|line| match line.split(' ').collect::<Vec<_>>()[..] {
            ["#", what, name, ..] if families.get(name).is_some_and(|f| f.kind == "counter") => {
                line.replacen(
                    &format!("{what} {name}"),
                    &format!("{what} {name}_total"),
                    1,
                ) + "\n"
            }
            _ => line.to_owned() + "\n",
        })
        .collect();
    let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .env("PATH", format!("{tools}:{path}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool; run tests/run, which installs it");
    let mut input = promtool.stdin.take().expect("a pipe");
    input.write_all(older.as_bytes()).expect("written");
    drop(input);
    let output = promtool.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && said.is_empty(),
        "{said}\n{older}"
    );
}

#[tokio::test]
async fn without_a_store_the_process_is_told_of_all_the_same() {
    let (_served, text) = filled(World::empty()).await;
    assert!(text.contains("\ndeskcast_store_readable 0.0\n"), "{text}");
    assert!(text.contains("\ndeskcast_ready 1.0\n"));
    assert!(!text.contains("deskcast_batches"));
}
