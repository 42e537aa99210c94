//! Each fault as a client sees it, over a real socket and without an HTTP library.

use std::io::ErrorKind;
use std::time::Duration;

use deskcast::sandbox::faults::{Effect, KINDS};
use deskcast::sandbox::limit::{Limit, Window};
use deskcast::sandbox::requests::{Purpose, most_in_any_second};
use deskcast::sandbox::{Faults, Sandbox, SandboxConfig, StandInConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;

/// What came back before the connection ended, or `None` when nothing did for a while.
struct Heard {
    bytes: Vec<u8>,
    end: Option<Result<(), ErrorKind>>,
}

impl Heard {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    fn status(&self) -> Option<u16> {
        self.text()
            .strip_prefix("HTTP/1.1 ")?
            .get(..3)?
            .parse()
            .ok()
    }

    fn body(&self) -> Vec<u8> {
        let at = self.bytes.windows(4).position(|four| four == b"\r\n\r\n");
        at.map_or_else(Vec::new, |at| self.bytes[at + 4..].to_vec())
    }
}

async fn start(spec: &str) -> Sandbox {
    let stand_in = StandInConfig {
        faults: Faults::parse(spec).unwrap(),
        ..StandInConfig::default()
    };
    Sandbox::start(SandboxConfig {
        stand_in,
        ..SandboxConfig::default()
    })
    .await
    .unwrap()
}

async fn send(sandbox: &Sandbox, method: &str, path: &str, body: &str) -> Heard {
    let mut stream = TcpStream::connect(sandbox.addr()).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nSENDBIRDDESKAPITOKEN: sandbox\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        sandbox.addr(),
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let wait = tokio::time::timeout(Duration::from_millis(400), stream.read_to_end(&mut bytes));
    let end = wait
        .await
        .ok()
        .map(|end| end.map(drop).map_err(|error| error.kind()));
    Heard { bytes, end }
}

async fn create(sandbox: &Sandbox, customers: &[u64]) -> Heard {
    send(
        sandbox,
        "POST",
        "/platform/v1/proactive_chats",
        &new_chat(customers).to_string(),
    )
    .await
}

async fn page(sandbox: &Sandbox, path: &str) -> Value {
    serde_json::from_slice(&send(sandbox, "GET", path, "").await.body()).unwrap()
}

#[tokio::test]
async fn every_fault_looks_as_it_is_called() {
    for kind in KINDS {
        let sandbox = start(&format!("{}=@1:100ms", kind.name)).await;
        let heard = create(&sandbox, &[1]).await;
        let (name, status, text) = (kind.name, heard.status(), heard.text());
        let ended = heard.end == Some(Ok(()));
        match kind.effect {
            Effect::Throttle => assert_eq!(status, Some(429), "{name}"),
            Effect::Status(wanted) => assert_eq!(status, Some(wanted), "{name}"),
            Effect::Html(wanted) => {
                assert!(status == Some(wanted) && text.contains("</html>"), "{name}")
            }
            Effect::Reset => {
                assert_eq!(
                    (heard.bytes.len(), heard.end),
                    (0, Some(Err(ErrorKind::ConnectionReset))),
                    "{name}"
                );
            }
            Effect::Close => assert!(heard.bytes.is_empty() && ended, "{name}"),
            Effect::CutHead => assert!(
                text == "HTTP/1.1 201" || text == "HTTP/1.1 500",
                "{name}: {text}"
            ),
            Effect::CutBody => {
                let promised = text
                    .split("content-length: ")
                    .nth(1)
                    .unwrap()
                    .lines()
                    .next()
                    .unwrap();
                assert_eq!(
                    heard.body().len(),
                    promised.parse::<usize>().unwrap() / 2,
                    "{name}"
                );
                assert!(
                    ended && status == Some(if kind.applied { 201 } else { 500 }),
                    "{name}"
                );
            }
            Effect::Garbage => {
                let id = serde_json::from_slice::<Value>(&heard.body())
                    .ok()
                    .and_then(|body| body["id"].as_u64());
                assert_eq!((status, id), (Some(201), None), "{name}");
            }
            Effect::Noise => assert!(
                !heard.bytes.is_empty() && ended && status.is_none(),
                "{name}"
            ),
            Effect::Hang | Effect::HangThenApply => {
                assert!(heard.bytes.is_empty() && heard.end.is_none(), "{name}")
            }
            Effect::Late => assert_eq!(status, Some(201), "{name}"),
            Effect::Redirect => {
                assert!(
                    status == Some(307) && text.contains("location: /platform/v1/proactive_chats"),
                    "{name}"
                );
            }
        }
        let applied = kind.applied || kind.effect == Effect::HangThenApply;
        assert_eq!(
            page(&sandbox, "/_sandbox/messaged").await["applied"],
            u64::from(applied),
            "{name}"
        );
        assert_eq!(
            create(&sandbox, &[2]).await.status(),
            Some(201),
            "{name} strikes once"
        );
        sandbox.shutdown().await;
    }
}

#[tokio::test]
async fn reads_are_struck_only_when_aimed_at() {
    let sandbox = start("reset-after,get:503-before=@2,any:400=@4").await;
    assert_eq!(
        create(&sandbox, &[1]).await.end,
        Some(Err(ErrorKind::ConnectionReset))
    );
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(
            send(&sandbox, "GET", "/platform/v1/groups", "")
                .await
                .status(),
        );
    }
    assert_eq!(seen, [Some(200), Some(503), Some(400)]);
}

#[tokio::test]
async fn the_memory_is_served() {
    let sandbox = start("close-after=@2").await;
    for customers in [&[1, 2][..], &[2, 3], &[2]] {
        create(&sandbox, customers).await;
    }
    let messaged = page(&sandbox, "/_sandbox/messaged?customers=all").await;
    assert_eq!(
        messaged,
        json!({
            "applied": 3, "customers": 3, "most": 3, "waiting": 0,
            "more_than_once": [{"customer": 2, "times": 3}],
            "all": {"1": 1, "2": 3, "3": 1},
        })
    );
    let chats = page(&sandbox, "/_sandbox/chats").await;
    assert_eq!(
        (&chats["count"], &chats["chats"][1]["customers"]),
        (&json!(3), &json!([2, 3]))
    );
    assert_eq!(chats["chats"][0]["group"], "vip-support");
    let requests = page(&sandbox, "/_sandbox/requests").await;
    assert_eq!(
        requests,
        json!({
            "total": 3, "creates": 3, "reads": 0, "deletes": 0,
            "by_status": {"201": 2}, "by_fault": {"close-after": 1}, "unanswered": 1,
        })
    );
}

#[tokio::test]
async fn faults_can_be_ended_while_it_runs() {
    let sandbox = start("500-before").await;
    assert_eq!(create(&sandbox, &[1]).await.status(), Some(500));
    assert_eq!(
        send(&sandbox, "PUT", "/_sandbox/faults", "nonsense")
            .await
            .status(),
        Some(400)
    );
    assert_eq!(
        send(&sandbox, "PUT", "/_sandbox/faults", "").await.status(),
        Some(200)
    );
    assert_eq!(create(&sandbox, &[1]).await.status(), Some(201));
}

#[tokio::test]
async fn the_rate_limit_holds_and_says_so() {
    let stand_in = StandInConfig {
        limit: Some(Limit::new(3, Window::Sliding)),
        keep_times: true,
        ..StandInConfig::default()
    };
    let sandbox = Sandbox::start(SandboxConfig {
        stand_in,
        ..SandboxConfig::default()
    })
    .await
    .unwrap();
    let mut answers = Vec::new();
    for id in 1..=5 {
        answers.push(create(&sandbox, &[id]).await);
    }
    let status: Vec<_> = answers.iter().filter_map(Heard::status).collect();
    assert_eq!(status, [201, 201, 201, 429, 429]);
    assert!(answers[0].text().contains("x-ratelimit-limit: 3;w=1"));
    assert!(answers[4].text().contains("retry-after: 1\r\n"));
    sandbox.with(|stand_in| {
        assert_eq!(stand_in.requests().count(Purpose::Create), 5);
        assert_eq!(most_in_any_second(stand_in.requests().create_times()), 5);
        assert_eq!(stand_in.world().memory().applied(), 3);
    });
}

#[tokio::test]
async fn an_idle_connection_can_be_closed_under_the_client() {
    let config = SandboxConfig {
        idle_close: Some(Duration::from_millis(50)),
        ..SandboxConfig::default()
    };
    let sandbox = Sandbox::start(config).await.unwrap();
    let mut stream = TcpStream::connect(sandbox.addr()).await.unwrap();
    let request =
        "GET /platform/v1/groups HTTP/1.1\r\nHost: x\r\nSENDBIRDDESKAPITOKEN: sandbox\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut bytes)).await;
    assert!(ended.is_ok() && bytes.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn shutting_down_ends_what_hangs() {
    let sandbox = start("hang-before").await;
    assert!(create(&sandbox, &[1]).await.end.is_none());
    let addr = sandbox.addr();
    tokio::time::timeout(Duration::from_secs(5), sandbox.shutdown())
        .await
        .unwrap();
    assert!(TcpStream::connect(addr).await.is_err());
}
