//! One request, and what was heard of it. Nothing is judged here.

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use reqwest::{RequestBuilder, Response};
use rustls::CertificateError;

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
            None => Heard::NotSent(causes(&error)),
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
