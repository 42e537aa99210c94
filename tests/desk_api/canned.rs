//! A server that says what it was told to say, whatever it is asked, and remembers what that was.

use std::sync::{Arc, Mutex};

use deskcast::desk::{Desk, DeskConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What one request is answered with, from its request line (`GET /path?query`).
type Script = dyn Fn(&str) -> (u16, String) + Send + Sync;

/// A server on loopback; it closes with the runtime of its test.
pub(crate) struct Canned {
    pub(crate) desk: Desk,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Canned {
    /// Answers every request with this status and body.
    pub(crate) async fn saying(status: u16, body: impl Into<String>) -> Canned {
        let body = body.into();
        Canned::playing(move |_| (status, body.clone())).await
    }

    /// Answers by a script.
    pub(crate) async fn playing(
        script: impl Fn(&str) -> (u16, String) + Send + Sync + 'static,
    ) -> Canned {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/platform/v1", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (script, heard): (Arc<Script>, _) = (Arc::new(script), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&heard)));
            }
        });
        let desk = Desk::new(&DeskConfig::new(base_url, "secret")).unwrap();
        Canned { desk, asked }
    }

    /// The request lines so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// One answer for each connection, which is closed then.
async fn serve(mut stream: TcpStream, script: Arc<Script>, heard: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let line = head.lines().next().unwrap_or_default();
    let line = line.trim_end_matches(" HTTP/1.1");
    heard.lock().unwrap().push(line.to_owned());
    let (status, body) = script(line);
    let answer = format!(
        "HTTP/1.1 {status} \r\ncontent-type: application/json\r\ncontent-length: {}\r\nlocation: http://127.0.0.1:9/\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes()).await;
}
