//! A Desk of a few lines that accepts so many creates and then does what a test says.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What Desk does once it has accepted a few.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// It asks for so many seconds of patience.
    Throttle(u64),
    /// It shows everything and takes nothing.
    ReadOnly,
    /// It closes each connection without a word.
    Close,
    /// It is not there any more.
    Gone,
}

pub(crate) struct Door {
    pub(crate) address: String,
    accepted: Arc<AtomicU64>,
    asked: Arc<AtomicU64>,
    is_gone: Arc<AtomicBool>,
}

impl Door {
    /// Accepts so many creates, and then does something else.
    pub(crate) fn open(most: u64, then: Then) -> Door {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/platform/v1", listener.local_addr().unwrap());
        let accepted = Arc::new(AtomicU64::new(0));
        let is_gone = Arc::new(AtomicBool::new(false));
        let asked = Arc::new(AtomicU64::new(0));
        let (counts, gone) = (Arc::clone(&accepted), Arc::clone(&is_gone));
        let all = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if gone.load(Ordering::SeqCst) {
                    return;
                }
                let (counts, gone) = (Arc::clone(&counts), Arc::clone(&gone));
                all.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || serve(stream.unwrap(), &counts, &gone, most, then));
            }
        });
        Door {
            address,
            accepted,
            asked,
            is_gone,
        }
    }

    /// Whether somebody has connected so often.
    pub(crate) fn has_heard(&self, times: u64) -> bool {
        self.asked.load(Ordering::SeqCst) >= times
    }

    pub(crate) fn has_accepted(&self, number: u64) -> bool {
        self.accepted.load(Ordering::SeqCst) >= number
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.is_gone.store(true, Ordering::SeqCst);
        let address = self.address.trim_start_matches("http://");
        let _ = TcpStream::connect(address.split('/').next().unwrap());
    }
}

fn serve(mut stream: TcpStream, counts: &AtomicU64, gone: &AtomicBool, most: u64, then: Then) {
    while let Some(head) = request(&mut stream) {
        let is_create = head.starts_with("POST");
        let accepts = is_create
            && counts
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| {
                    (n < most).then_some(n + 1)
                })
                .is_ok();
        let (status, more, body) = match then {
            _ if accepts => {
                let id = 100 + counts.load(Ordering::SeqCst);
                ("201 Created", String::new(), format!("{{\"id\": {id}}}"))
            }
            Then::Throttle(secs) => (
                "429 Too Many Requests",
                format!("Retry-After: {secs}\r\n"),
                String::new(),
            ),
            Then::ReadOnly if is_create => ("503 Unavailable", String::new(), String::new()),
            Then::ReadOnly => ("404 Not Found", String::new(), "{}".to_owned()),
            Then::Close => return,
            Then::Gone => {
                gone.store(true, Ordering::SeqCst);
                return;
            }
        };
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{more}\r\n{body}"
        );
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// Reads a request to its end; its head.
fn request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_it = name.eq_ignore_ascii_case("content-length");
        is_it.then(|| value.trim().parse::<usize>().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some(head)
}
