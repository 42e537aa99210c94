//! How Desk is reached: through which proxy, and whose certificates are trusted.
//!
//! A proxy never sees the token. It is asked to open a way (CONNECT, or SOCKS5), and through it
//! goes TLS from end to end. Requests to an `http` address, which is always this machine itself,
//! do not go through it at all.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder, Url};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::{ExposeSecret as _, SecretString};

use super::transport;

/// The proxy that requests go through.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// `http`, `https` or `socks5h`, perhaps with a user, never with a password.
    pub url: Url,
    /// The user's password.
    pub password: Option<SecretString>,
}

/// Certificates of authorities that are trusted beside those of the machine.
#[derive(Clone, Debug, Default)]
pub struct Authorities(Vec<Certificate>);

/// Why a file of authorities cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuthoritiesError {
    /// It cannot be read.
    #[error("{}: desk.ca_file cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It has none.
    #[error(
        "{}: desk.ca_file has no certificate: it takes a PEM file, with lines \
         \"-----BEGIN CERTIFICATE-----\"", path.display()
    )]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// One of them is none.
    #[error("{}: certificate {number} of desk.ca_file cannot be used: {problem}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Which one, from 1.
        number: usize,
        /// What is wrong with it.
        problem: String,
    },
}

impl Authorities {
    /// Reads a PEM file of certificates.
    ///
    /// # Errors
    /// When it cannot be read, has no certificate, or one that cannot be used.
    pub fn read(path: &Path) -> Result<Authorities, AuthoritiesError> {
        let bytes = std::fs::read(path).map_err(|source| AuthoritiesError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let mut certificates = Vec::new();
        for (index, found) in CertificateDer::pem_slice_iter(&bytes).enumerate() {
            let unusable = |problem: String| AuthoritiesError::Unusable {
                path: path.to_owned(),
                number: index + 1,
                problem,
            };
            let der = found.map_err(|error| unusable(error.to_string()))?;
            // Whether it can be an authority at all is found out here, not at the first request.
            RootCertStore::empty()
                .add(der.clone())
                .map_err(|error| unusable(error.to_string()))?;
            let certificate = Certificate::from_der(&der);
            certificates.push(certificate.map_err(|error| unusable(error.to_string()))?);
        }
        match certificates.is_empty() {
            true => Err(AuthoritiesError::Empty {
                path: path.to_owned(),
            }),
            false => Ok(Authorities(certificates)),
        }
    }
}

/// Makes clients that all go the same way.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    pub(super) connect_timeout: Duration,
    pub(super) request_timeout: Duration,
    pub(super) proxy: Option<Proxy>,
    pub(super) authorities: Authorities,
}

impl Connector {
    /// A client that does not use a connection again which was idle for longer than this.
    pub(super) fn client(&self, builder: ClientBuilder, idle: Duration) -> Result<Client, String> {
        // A second call finds a provider installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = builder
            .connect_timeout(self.connect_timeout)
            .timeout(self.request_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .http1_only()
            .tcp_nodelay(true)
            .pool_idle_timeout(idle)
            .no_proxy()
            .user_agent(concat!("deskcast/", env!("CARGO_PKG_VERSION")));
        if !self.authorities.0.is_empty() {
            builder = builder.tls_certs_merge(self.authorities.0.iter().cloned());
        }
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(proxy.to_reqwest()?);
        }
        builder.build().map_err(|error| transport::causes(&error))
    }
}

impl Proxy {
    /// For `https` addresses alone: a request to any other would be read by the proxy.
    fn to_reqwest(&self) -> Result<reqwest::Proxy, String> {
        let mut url = self.url.clone();
        if let Some(password) = &self.password
            && !url.username().is_empty()
        {
            // Only an address without a host has no place for it.
            let _ = url.set_password(Some(password.expose_secret()));
        }
        // The error might show the address, and with it the password.
        reqwest::Proxy::https(url).map_err(|_| "desk.proxy cannot be used".to_owned())
    }
}
