//! Connections that the other side closes when nothing comes on them for a while.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};

use crate::stage::desk::Desk;
use crate::stage::scene::{Scene, finish};
use crate::{A_WHILE, RUNTIME};

/// Hands on to the server at this address, and closes a connection on which nothing came for so
/// long.
async fn closing(behind: String, idle: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let desk = TcpStream::connect(&behind).await.unwrap();
            tokio::spawn(hand_on(client, desk, idle));
        }
    });
    port
}

async fn hand_on(client: TcpStream, desk: TcpStream, idle: Duration) -> Option<()> {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_desk, mut to_desk) = desk.into_split();
    let (mut request, mut answer) = ([0; 65_536], [0; 65_536]);
    // As long as an answer is to come, nothing is closed.
    let mut closes = Instant::now() + A_WHILE;
    loop {
        tokio::select! {
            read = from_client.read(&mut request) => {
                let read = read.ok().filter(|read| *read > 0)?;
                closes = Instant::now() + A_WHILE;
                to_desk.write_all(&request[..read]).await.ok()?;
            }
            read = from_desk.read(&mut answer) => {
                let read = read.ok().filter(|read| *read > 0)?;
                to_client.write_all(&answer[..read]).await.ok()?;
                closes = Instant::now() + idle;
            }
            () = sleep_until(closes) => return None,
        }
    }
}

#[test]
fn no_create_is_unknown_because_the_other_side_closes_idle_connections() {
    let runs: Vec<_> = [195, 200, 205, 215, 250, 500, 1_000, 1_200]
        .into_iter()
        .map(|idle| std::thread::spawn(move || unknowns(Duration::from_millis(idle))))
        .collect();
    let unknowns: Vec<u64> = runs.into_iter().map(|run| run.join().unwrap()).collect();
    assert_eq!(unknowns, [0; 8]);
}

/// How many of 40 creates are unknown at five a second.
fn unknowns(idle: Duration) -> u64 {
    let desk = Desk::start("", Duration::ZERO);
    let behind = desk.base_url();
    let address = behind.strip_prefix("http://").unwrap();
    let address = address.split('/').next().unwrap().to_owned();
    let port = RUNTIME.block_on(closing(address.clone(), idle));
    let scene = Scene::new(&behind.replace(&address, &format!("127.0.0.1:{port}")));
    scene.campaign("spring", 1..=40, 1);
    let mut command = scene.deskcast(&["run", "spring", "--json"]);
    command.env("DESKCAST__LIMITS__REQUESTS_PER_SECOND", "5");
    let ended = finish(command);
    ended.json()["customers"]["unknown"]
        .as_u64()
        .unwrap_or_else(|| panic!("{ended:?}"))
}
