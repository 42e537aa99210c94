//! A Desk that says what a test told it to say, byte for byte.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// An answer: its status line, more headers, each with its line end, and its body.
pub(crate) struct Said {
    pub(crate) status: &'static str,
    pub(crate) headers: &'static str,
    pub(crate) body: Vec<u8>,
}

/// An answer of JSON without more headers.
pub(crate) fn said(status: &'static str, body: impl Into<Vec<u8>>) -> Said {
    Said {
        status,
        headers: "",
        body: body.into(),
    }
}

/// From the request line, and how many requests of the same line came before, what is said.
type Script = dyn Fn(&str, u64) -> Said + Send;

/// A server on loopback. Its threads end with the process of the test.
pub(crate) struct Scripted {
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    pub(crate) fn new(script: impl Fn(&str, u64) -> Said + Send + 'static) -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/platform/v1", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        let script: Arc<Mutex<Box<Script>>> = Arc::new(Mutex::new(Box::new(script)));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (script, heard) = (Arc::clone(&script), Arc::clone(&heard));
                std::thread::spawn(move || serve(stream.unwrap(), &script, &heard));
            }
        });
        Scripted { address, asked }
    }

    /// How many requests began with these words.
    pub(crate) fn asked(&self, words: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|line| line.starts_with(words)).count()
    }
}

fn serve(mut stream: TcpStream, script: &Mutex<Box<Script>>, heard: &Mutex<Vec<String>>) {
    while let Some(line) = request(&mut stream) {
        let before = {
            let mut heard = heard.lock().unwrap();
            let before = heard.iter().filter(|earlier| **earlier == line).count();
            heard.push(line.clone());
            before as u64
        };
        let Said {
            status,
            headers,
            body,
        } = script.lock().unwrap()(&line, before);
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{headers}\r\n",
            body.len()
        );
        if stream
            .write_all(&[head.as_bytes(), &body].concat())
            .is_err()
        {
            return;
        }
    }
}

/// Reads a whole request; its first line without the version.
fn request(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<usize>().unwrap())
    });
    stream.read_exact(&mut vec![0; length.unwrap_or(0)]).ok()?;
    let line = head.lines().next()?;
    Some(line.trim_end_matches(" HTTP/1.1").to_owned())
}
