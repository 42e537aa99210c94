//! What deskcast is measured against: the same work without deskcast, as short as it can be said.
//!
//! Each is a process of its own, as deskcast is, so that the kernel counts what it takes.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use deskcast::campaign::{CampaignName, Priority};
use deskcast::delivery::plan::Nowhere;
use deskcast::delivery::request::{CREATE_PATH, Template};
use deskcast::delivery::rules::Rules;
use deskcast::delivery::variant::Varied;
use deskcast::service::planning::{self, Campaign};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use crate::Outcome;
use crate::audience::{COLUMN, Ids};
use crate::place::{GROUP, MESSAGE};
use crate::sandbox::TOKEN;

/// The first word on the command line of such a process.
pub(crate) const COMMAND: &str = "--bare";

/// The command that performs this.
pub(crate) fn command(words: &[&str]) -> Outcome<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(COMMAND).args(words).stdin(Stdio::null());
    Ok(command)
}

/// Does what such a command line says.
pub(crate) fn perform(words: &[String]) -> Outcome<()> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["csv", path] => read_column(Path::new(path)),
        ["plan", path, times] => plan_in_process(Path::new(path), times.parse()?),
        ["post", url, requests, size, in_flight] => {
            post(url, requests.parse()?, size.parse()?, in_flight.parse()?)
        }
        _ => Err(format!("{words:?} is nothing to do").into()),
    }
}

/// Reads the column with the bare `csv` crate and does nothing with it.
fn read_column(path: &Path) -> Outcome<()> {
    let mut reader = csv::Reader::from_path(path)?;
    let column = reader
        .headers()?
        .iter()
        .position(|name| name == COLUMN)
        .ok_or("the column is not there")?;
    let mut record = csv::ByteRecord::new();
    let mut bytes = 0;
    while reader.read_byte_record(&mut record)? {
        bytes += record.get(column).map_or(0, <[u8]>::len);
    }
    std::hint::black_box(bytes);
    Ok(())
}

/// Plans a campaign several times within one process, without starting and ending one each time;
/// prints the seconds of each.
fn plan_in_process(definition: &Path, times: u32) -> Outcome<()> {
    let name = definition.file_stem().unwrap_or_default().to_string_lossy();
    let campaign = Campaign::read(CampaignName::new(&name)?, definition, false)?;
    let templates = Varied::same(template());
    for _ in 0..times {
        let start = Instant::now();
        let summary = planning::plan(
            &campaign,
            &templates,
            "http://127.0.0.1/",
            Rules::default(),
            &mut Nowhere,
        )
        .map_err(|error| format!("{error:?}"))?;
        println!("{} {}", start.elapsed().as_secs_f64(), summary.planned);
    }
    Ok(())
}

/// The requests of the campaigns here.
pub(crate) fn template() -> Template {
    Template::new(MESSAGE, GROUP, 41, Priority::Medium)
}

/// Posts the bodies that deskcast would post, made beforehand, with so many in flight.
fn post(url: &str, requests: usize, size: u64, in_flight: usize) -> Outcome<()> {
    let bodies = Arc::new(bodies(requests, size));
    let url: Arc<str> = format!("{url}{CREATE_PATH}").into();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let client = client()?;
        let next = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..in_flight)
            .map(|_| {
                let (bodies, next) = (Arc::clone(&bodies), Arc::clone(&next));
                tokio::spawn(post_all(client.clone(), Arc::clone(&url), bodies, next))
            })
            .collect();
        for task in tasks {
            task.await??;
        }
        Ok(())
    })
}

/// The bodies of a campaign with so many full batches.
fn bodies(requests: usize, size: u64) -> Vec<Vec<u8>> {
    let template = template();
    let rows = requests as u64 * size;
    (0..requests as u64)
        .map(|batch| {
            let rows_of_it = batch * size..(batch + 1) * size;
            let ids: Vec<u64> = rows_of_it.map(|row| Ids::Shuffled.id(row, rows)).collect();
            template.body(&ids)
        })
        .collect()
}

fn client() -> Outcome<reqwest::Client> {
    // Fails when one is installed, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut headers = HeaderMap::new();
    headers.insert(
        HeaderName::from_static("sendbirddeskapitoken"),
        HeaderValue::from_static(TOKEN),
    );
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf8"),
    );
    Ok(reqwest::Client::builder()
        .default_headers(headers)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .http1_only()
        .tcp_nodelay(true)
        .no_proxy()
        .user_agent(concat!("deskcast/", env!("CARGO_PKG_VERSION")))
        .build()?)
}

async fn post_all(
    client: reqwest::Client,
    url: Arc<str>,
    bodies: Arc<Vec<Vec<u8>>>,
    next: Arc<AtomicUsize>,
) -> Result<(), reqwest::Error> {
    while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
        let sent = client.post(&*url).body(body.clone()).send().await?;
        sent.error_for_status()?.bytes().await?;
    }
    Ok(())
}
