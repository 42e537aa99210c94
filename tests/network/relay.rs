//! A small proxy: CONNECT, over TCP or TLS, and SOCKS5. It keeps every byte that it sees of what
//! deskcast sends.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};

use crate::front::acceptor;

pub(crate) const PASSWORD: &str = "pa55-word";
/// `deskcast:pa55-word`.
const BASIC: &str = "ZGVza2Nhc3Q6cGE1NS13b3Jk";

/// What it speaks, and what it does when it is asked for a way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Connect,
    /// Only for `deskcast` with the password.
    ConnectFor,
    /// The same, and the proxy itself is reached by TLS.
    SecureConnectFor,
    /// Answers CONNECT with this.
    Refuse(&'static str),
    /// Never answers.
    Hang,
    Socks,
    SocksFor,
}

/// A proxy on a port of its own.
pub(crate) struct Relay {
    address: SocketAddr,
    kind: Kind,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Relay {
    pub(crate) async fn start(kind: Kind) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let keeper = Arc::clone(&seen);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let seen = Arc::clone(&keeper);
                tokio::spawn(async move {
                    match kind {
                        Kind::SecureConnectFor => {
                            let inside = acceptor().accept(stream).await.ok()?;
                            serve(inside, kind, &seen).await
                        }
                        _ => serve(stream, kind, &seen).await,
                    }
                });
            }
        });
        Relay {
            address,
            kind,
            seen,
        }
    }

    /// Its address, with a user where it asks for one.
    pub(crate) fn url(&self) -> String {
        let port = self.address.port();
        match self.kind {
            Kind::Connect | Kind::Refuse(_) | Kind::Hang => format!("http://127.0.0.1:{port}"),
            Kind::ConnectFor => format!("http://deskcast@127.0.0.1:{port}"),
            Kind::SecureConnectFor => format!("https://deskcast@localhost:{port}"),
            Kind::Socks => format!("socks5://127.0.0.1:{port}"),
            Kind::SocksFor => format!("socks5://deskcast@127.0.0.1:{port}"),
        }
    }

    /// Everything that deskcast sent through it or to it.
    pub(crate) fn seen(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap()).into_owned()
    }
}

async fn serve<S>(mut client: S, kind: Kind, seen: &Mutex<Vec<u8>>) -> Option<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let target = match kind {
        Kind::Socks | Kind::SocksFor => socks(&mut client, kind, seen).await?,
        _ => connect(&mut client, kind, seen).await?,
    };
    let desk = TcpStream::connect(target).await.ok()?;
    let (mut from_desk, mut to_desk) = desk.into_split();
    let (mut from_client, mut to_client) = tokio::io::split(client);
    tokio::join!(
        async {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
                seen.lock().unwrap().extend_from_slice(&buffer[..read]);
                to_desk.write_all(&buffer[..read]).await.ok()?;
            }
            to_desk.shutdown().await.ok()
        },
        async {
            copy(&mut from_desk, &mut to_client).await.ok()?;
            to_client.shutdown().await.ok()
        }
    );
    Some(())
}

/// The target of a CONNECT that was let through.
async fn connect<S>(client: &mut S, kind: Kind, seen: &Mutex<Vec<u8>>) -> Option<String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.ok()?);
    }
    seen.lock().unwrap().extend_from_slice(&head);
    let head = String::from_utf8(head).unwrap();
    let authorized = head.contains(&format!("Basic {BASIC}\r\n"));
    let answer = match kind {
        Kind::Hang => return std::future::pending().await,
        Kind::Refuse(answer) => answer,
        Kind::ConnectFor | Kind::SecureConnectFor if !authorized => {
            "407 Proxy Authentication Required"
        }
        _ => "200 Connection established",
    };
    let answer_text = format!("HTTP/1.1 {answer}\r\n\r\n");
    client.write_all(answer_text.as_bytes()).await.ok()?;
    let target = head.strip_prefix("CONNECT ")?.split(' ').next()?;
    answer.starts_with("200").then(|| target.to_owned())
}

/// The target of a SOCKS5 request that was let through.
async fn socks<S>(client: &mut S, kind: Kind, seen: &Mutex<Vec<u8>>) -> Option<String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let read = async |client: &mut S, length: usize| {
        let mut bytes = vec![0; length];
        client.read_exact(&mut bytes).await.ok()?;
        seen.lock().unwrap().extend_from_slice(&bytes);
        Some(bytes)
    };
    let methods = read(client, 2).await?[1];
    read(client, methods.into()).await?;
    if kind == Kind::SocksFor {
        client.write_all(&[5, 2]).await.ok()?;
        let length = read(client, 2).await?[1];
        let user = read(client, length.into()).await?;
        let length = read(client, 1).await?[0];
        let password = read(client, length.into()).await?;
        let right = user == b"deskcast" && password == PASSWORD.as_bytes();
        client.write_all(&[1, u8::from(!right)]).await.ok()?;
        if !right {
            return None;
        }
    } else {
        client.write_all(&[5, 0]).await.ok()?;
    }
    // A name: it is looked up here, not there.
    let request = read(client, 4).await?;
    assert_eq!(request, [5, 1, 0, 3], "a name to look up");
    let length = read(client, 1).await?[0];
    let name = String::from_utf8(read(client, length.into()).await?).unwrap();
    let port = read(client, 2).await?;
    let port = u16::from_be_bytes([port[0], port[1]]);
    client
        .write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0])
        .await
        .ok()?;
    Some(format!("{name}:{port}"))
}
