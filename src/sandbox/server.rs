//! HTTP/1.1 over loopback: the stand-in, served.
//!
//! It decides nothing about an answer; it reads requests, asks the stand-in under a short lock,
//! and makes connections break as the stand-in says. Bodies are read and parsed outside the lock,
//! which is what keeps it faster than what it measures.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming as Body};
use hyper::header::{HOST, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request as HttpRequest, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::{SignedDuration, Timestamp};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::doomed::{Doom, Doomed, Fate};
use super::stand_in::{Answer, Delivery, Incoming, StandIn, StandInConfig};
use super::world::{PREFIX, Refusal, Reply, Request};

/// The header that carries the token.
const TOKEN: HeaderName = HeaderName::from_static("sendbirddeskapitoken");
/// Larger bodies get a 413, in bytes.
const MOST_BODY: usize = 16 << 20;

/// What a served sandbox is made of.
#[derive(Debug, Clone, Default)]
pub struct SandboxConfig {
    /// What answers.
    pub stand_in: StandInConfig,
    /// The port on 127.0.0.1; 0 lets the system choose.
    pub port: u16,
    /// How long every answer takes at least.
    pub latency: Duration,
    /// Connections that were idle for so long are closed; `None` leaves them open.
    pub idle_close: Option<Duration>,
}

/// A running sandbox. Dropping it closes everything at once.
#[derive(Debug)]
pub struct Sandbox {
    addr: SocketAddr,
    /// Shared with every connection; dropped with the last of them.
    shared: Arc<Shared>,
    stop: CancellationToken,
    accepting: JoinHandle<()>,
}

/// What connections share.
#[derive(Debug)]
struct Shared {
    /// Held for one answer at a time, never across an await.
    stand_in: Mutex<StandIn>,
    latency: Duration,
    idle_close: Option<Duration>,
    /// Time is counted on from here, so that it never runs back.
    started: (Instant, Timestamp),
}

impl Sandbox {
    /// Listens on 127.0.0.1 and serves on the caller's runtime.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start(config: SandboxConfig) -> io::Result<Sandbox> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port)).await?;
        Sandbox::serve_on(listener, config)
    }

    /// Serves on a listener that is already there; `config.port` is not looked at.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn serve_on(listener: TcpListener, config: SandboxConfig) -> io::Result<Sandbox> {
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            stand_in: Mutex::new(StandIn::new(config.stand_in)),
            latency: config.latency,
            idle_close: config.idle_close,
            started: (Instant::now(), Timestamp::now()),
        });
        let stop = CancellationToken::new();
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared), stop.clone()));
        Ok(Sandbox {
            addr,
            shared,
            stop,
            accepting,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What a client needs as its base URL.
    pub fn base_url(&self) -> String {
        format!("http://{}{PREFIX}", self.addr)
    }

    /// Looks at (or changes) the stand-in, with what is due by now applied.
    pub fn with<T>(&self, look: impl FnOnce(&mut StandIn) -> T) -> T {
        let now = self.shared.now();
        let mut stand_in = self.shared.lock();
        stand_in.settle_at(now);
        look(&mut stand_in)
    }

    /// Closes the listener and every connection, and waits for that.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        // It only fails when it panicked, and then it has stopped as well.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Takes connections until told to stop; those still open are then dropped with the set.
async fn accept(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, Arc::clone(&shared)));
                }
                // Out of file descriptors, or the client is gone already: neither is the end.
                Err(error) => {
                    tracing::warn!(%error, "the sandbox could not take a connection");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // Only costs latency when it fails.
    let _ = stream.set_nodelay(true);
    let fate = Fate::default();
    let io = TokioIo::new(Doomed::new(stream, fate.clone()));
    let mut http = http1::Builder::new();
    if let Some(idle) = shared.idle_close {
        http.timer(TokioTimer::new()).header_read_timeout(idle);
    }
    let service = service_fn(|request| {
        let (shared, fate) = (Arc::clone(&shared), fate.clone());
        async move { Ok::<_, Infallible>(shared.answer(request, &fate).await) }
    });
    // A client that goes away, or that was sent away, is nothing to tell.
    let _ = http.serve_connection(io, service).await;
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, StandIn> {
        self.stand_in.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        let (instant, timestamp) = self.started;
        let passed = SignedDuration::try_from(instant.elapsed()).unwrap_or_default();
        timestamp.saturating_add(passed).unwrap_or(timestamp)
    }

    async fn answer(&self, request: HttpRequest<Body>, fate: &Fate) -> Response<Full<Bytes>> {
        let now = self.now();
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, MOST_BODY).collect().await else {
            return response(
                Refusal::plain(413, "The request body is too large.").reply(<_>::default()),
            );
        };
        let body = body.to_bytes();
        let text = |name: HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok());
        let request = Request {
            method: head.method.as_str(),
            path: head.uri.path(),
            query: head.uri.query().unwrap_or_default(),
            token: text(TOKEN),
            host: text(HOST).unwrap_or("127.0.0.1"),
            body: &body,
        };
        if !request.path.starts_with(PREFIX) {
            let inspected = self.lock().inspect(&request, now);
            if let Some(reply) = inspected {
                return response(reply);
            }
        }
        let incoming = Incoming::read(&request);
        let answer = self.lock().perform(incoming, now.as_microsecond());
        self.deliver(answer, fate).await
    }

    async fn deliver(&self, answer: Answer, fate: &Fate) -> Response<Full<Bytes>> {
        let delay = self.latency + answer.delay;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        match answer.delivery {
            Delivery::Whole => {}
            Delivery::Reset => fate.set(Doom::Reset),
            Delivery::Close => fate.set(Doom::Close),
            Delivery::CutHead => fate.set(Doom::CutHead),
            Delivery::CutBody => fate.set(Doom::CutBody),
            Delivery::Noise(noise) => fate.set(Doom::Noise(noise)),
            // Ends when the client goes away, or the sandbox.
            Delivery::Hang => std::future::pending().await,
        }
        response(answer.reply)
    }
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or_default();
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    response
}
