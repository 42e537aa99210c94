//! One request, and what was heard of it. Nothing is judged here.

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, Response};

/// What was heard of one request.
#[derive(Debug)]
pub(super) enum Heard {
    /// Not a byte of it left.
    NotSent(String),
    /// It left, wholly or in part, and no head of an answer came.
    Lost(String),
    /// An answer.
    Answered(Heading, Result<Vec<u8>, String>),
}

/// The head of an answer.
#[derive(Debug)]
pub(super) struct Heading {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// When its body was there.
    pub(super) at: Timestamp,
}

/// Sends one request, once; a body larger than `largest` bytes is not kept.
pub(super) async fn send(request: RequestBuilder, largest: usize) -> Heard {
    match request.send().await {
        Ok(response) => {
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let body = body(response, largest).await;
            let at = Timestamp::now();
            Heard::Answered(
                Heading {
                    status,
                    headers,
                    at,
                },
                body,
            )
        }
        Err(error) if never_left(&error) => Heard::NotSent(causes(&error)),
        Err(error) => Heard::Lost(causes(&error)),
    }
}

async fn body(mut response: Response, largest: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= largest => {
                body.extend_from_slice(&chunk)
            }
            Ok(Some(_)) => return Err(format!("the answer is larger than {largest} bytes")),
            Ok(None) => return Ok(body),
            Err(error) => {
                return Err(format!(
                    "the answer was cut after {} bytes: {}",
                    body.len(),
                    causes(&error)
                ));
            }
        }
    }
}

/// Whether not a byte of the request can have left: the connection did not come about, or hyper
/// gave the request back because its connection was gone before it was written.
fn never_left(error: &reqwest::Error) -> bool {
    error.is_connect()
        || chain(error).any(|cause| {
            cause
                .downcast_ref::<hyper::Error>()
                .is_some_and(hyper::Error::is_canceled)
        })
}

fn chain<'a>(
    error: &'a reqwest::Error,
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(std::error::Error::source(error), |cause| cause.source())
}

/// The causes of an error as one line, without the URL.
pub(super) fn causes(error: &reqwest::Error) -> String {
    let own = if error.is_timeout() {
        "timed out"
    } else if error.is_connect() {
        "could not connect"
    } else {
        "the connection failed"
    };
    let mut words = vec![own.to_owned()];
    for cause in chain(error) {
        let text = cause.to_string();
        if !words.iter().any(|word| word.contains(&text)) {
            words.push(text);
        }
    }
    words.join(": ")
}
