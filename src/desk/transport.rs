//! One request, and what was heard of it. Nothing is judged here.

use std::io::Read as _;

use flate2::read::GzDecoder;
use jiff::Timestamp;
use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use reqwest::{RequestBuilder, Response};
use rustls::CertificateError;

use crate::journal::limits;

/// What some servers put before JSON.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What was heard of one request.
#[derive(Debug)]
pub(super) enum Heard {
    /// Not a byte of it left.
    NotSent(String),
    /// Not a byte of it left, and waiting is not what cures it.
    Barred(String),
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
            let body = body.and_then(|body| plain(&headers, body, largest));
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
        Err(error) if never_left(&error) => match bar(&error) {
            Some(why) => Heard::Barred(why),
            None => Heard::NotSent(unreached(&error)),
        },
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

/// The bytes of the answer itself: unpacked where they came packed although nobody asked for that,
/// and without a byte order mark.
fn plain(headers: &HeaderMap, mut body: Vec<u8>, largest: usize) -> Result<Vec<u8>, String> {
    let encoding = headers.get(CONTENT_ENCODING);
    let encoding = encoding.map_or("", |encoding| encoding.to_str().unwrap_or("unknown"));
    body = match encoding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => body,
        "gzip" | "x-gzip" => unpacked(&body, largest)?,
        other => {
            return Err(format!(
                "the answer is packed as \"{other}\", which was not asked for and cannot be read"
            ));
        }
    };
    if body.starts_with(BYTE_ORDER_MARK) {
        body.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(body)
}

fn unpacked(body: &[u8], largest: usize) -> Result<Vec<u8>, String> {
    let mut plain = Vec::new();
    // One byte more than may be kept tells whether there is more.
    let read = GzDecoder::new(body)
        .take(largest as u64 + 1)
        .read_to_end(&mut plain);
    match read {
        Ok(bytes) if bytes > largest => Err(format!("the answer is larger than {largest} bytes")),
        Ok(_) => Ok(plain),
        Err(error) => Err(format!(
            "the answer is gzip that cannot be unpacked: {error}"
        )),
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

/// The sentence for what an operator has to put right before anything can be sent.
fn bar(error: &reqwest::Error) -> Option<String> {
    let causes = causes(error);
    // The type of this error is hidden in hyper-util.
    if PROXY_REFUSALS.iter().any(|text| causes.contains(text)) {
        return Some(format!(
            "the proxy of desk.proxy does not let deskcast through ({causes}): check its user in \
             desk.proxy, and its password in desk.proxy_password_file or \
             DESKCAST__DESK__PROXY_PASSWORD"
        ));
    }
    let problem = chain(error).find_map(distrust)?;
    Some(match problem {
        CertificateError::UnknownIssuer => format!(
            "the certificate that was shown is not trusted ({causes}). Where a company's own \
             authority signs it, name the authority's PEM file in desk.ca_file, or in SSL_CERT_FILE \
             in the environment, or add it to the machine's with update-ca-certificates"
        ),
        _ => format!(
            "the certificate that was shown is not accepted ({causes}). Check desk.base_url, the \
             clock of this machine, and what lies between it and Desk; an authority of your own is \
             named in desk.ca_file, or in SSL_CERT_FILE in the environment, or added to the \
             machine's with update-ca-certificates"
        ),
    })
}

/// Why nobody was reached, where it is no answer of anybody's.
fn unreached(error: &reqwest::Error) -> String {
    let io = chain(error).filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    let own = io.into_iter().any(limits::is_too_many_files);
    match own {
        true => format!("{}. {}", causes(error), limits::MORE_FILES),
        false => causes(error),
    }
}

/// What a proxy's refusal of user and password is called: of CONNECT (407), and of SOCKS5.
const PROXY_REFUSALS: [&str; 3] = [
    "proxy authorization required",
    "credentials not accepted",
    "server does not support user/pass authentication",
];

/// What is wrong with a certificate, where that is the cause.
fn distrust(cause: &(dyn std::error::Error + 'static)) -> Option<CertificateError> {
    // An I/O error hides what it was made of from the chain of causes.
    if let Some(io) = cause.downcast_ref::<std::io::Error>() {
        return distrust(io.get_ref()?);
    }
    match cause.downcast_ref::<rustls::Error>() {
        Some(rustls::Error::InvalidCertificate(problem)) => Some(problem.clone()),
        _ => None,
    }
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
