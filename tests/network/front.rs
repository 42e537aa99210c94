//! TLS before the sandbox, with a certificate that a private authority signed.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A server at https, on a port of its own.
pub(crate) struct Front {
    address: SocketAddr,
}

impl Front {
    /// Hands on to the server at this address.
    pub(crate) async fn start(behind: &str) -> Front {
        let behind = behind.strip_prefix("http://").unwrap();
        let behind = behind.split('/').next().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = acceptor();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, behind) = (acceptor.clone(), behind.clone());
                tokio::spawn(async move {
                    let mut inside = acceptor.accept(stream).await.ok()?;
                    let mut desk = TcpStream::connect(behind).await.ok()?;
                    copy_bidirectional(&mut inside, &mut desk).await.ok()
                });
            }
        });
        Front { address }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("https://localhost:{}/platform/v1", self.address.port())
    }
}

/// Speaks TLS with the certificate of `localhost`.
pub(crate) fn acceptor() -> TlsAcceptor {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let certificate = CertificateDer::from_pem_slice(include_bytes!("certs/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("certs/server.key")).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
