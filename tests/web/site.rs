//! The pages on a port of their own, and a client that sends exactly what it is told to.

use std::net::SocketAddr;
use std::time::Duration;

use deskcast::journal::StoreUrl;
use deskcast::service::observed::Observed;
use deskcast::web::{self, Site};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::world::World;

/// Nothing here takes longer, on however busy a machine.
const LONGEST: Duration = Duration::from_secs(30);

/// The pages of a process, of a store that may be there, and of nothing else.
pub(crate) struct Served {
    pub(crate) observed: Observed,
    _world: World,
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    pub(crate) serving: JoinHandle<std::io::Result<()>>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

impl Served {
    pub(crate) async fn start() -> Served {
        Served::with(World::empty(), &[]).await
    }

    pub(crate) async fn with(world: World, hosts: &[&str]) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let observed = Observed::default();
        let stop = CancellationToken::new();
        let site = Site {
            observed: observed.clone(),
            store: StoreUrl::of_file(world.path()),
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        };
        let serving = tokio::spawn(web::serve(listener, site, stop.clone()));
        Served {
            observed,
            _world: world,
            address,
            stop,
            serving,
        }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("connected")
    }

    /// Sends these bytes and reads until the other side closes.
    pub(crate) async fn send(&self, bytes: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_bytes()).await.expect("sent");
        read_to_end(&mut stream).await
    }

    /// Asks for a page as this host, with this method.
    pub(crate) async fn ask(&self, method: &str, path: &str, host: &str) -> Answer {
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let text = self.send(&request).await;
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        Answer {
            status: status.expect("a status"),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    /// Asks for a page as everybody on this machine does.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &self.address.to_string()).await
    }
}

/// Everything until the other side closes.
pub(crate) async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = timeout(LONGEST, stream.read_to_end(&mut bytes)).await;
    read.expect("in time").expect("read");
    String::from_utf8(bytes).expect("UTF-8")
}
