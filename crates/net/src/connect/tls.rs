//! TLS configurations, one per egress and ALPN offer, built once.
//!
//! Trust is the system's roots (the bundled ones where a system has none) and the egress' own CA file. Files are read on
//! a blocking thread; errors name the file and never show its contents.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::endpoint::{Egress, Speak};
use crate::error::NetError;

/// The cache. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct TlsConfigs {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    roots: OnceLock<RootCertStore>,
    built: Mutex<HashMap<Arc<Egress>, PerEgress>>,
}

/// The same configuration under each offer; they share one session store, so either resumes what the other began.
#[derive(Clone, Debug)]
struct PerEgress {
    http1: Arc<ClientConfig>,
    http2: Arc<ClientConfig>,
    either: Arc<ClientConfig>,
}

impl TlsConfigs {
    /// The configuration for `egress`, built now if it is the first time.
    pub(crate) async fn get(&self, egress: &Arc<Egress>, speak: Speak) -> Result<Arc<ClientConfig>, NetError> {
        let known = self.shared.built.lock().get(egress).cloned();
        let configs = match known {
            Some(configs) => configs,
            None => self.build(Arc::clone(egress)).await?,
        };
        Ok(match speak {
            Speak::Http1 => configs.http1,
            Speak::Http2 => configs.http2,
            Speak::Either => configs.either,
        })
    }

    /// Forgets all, so that changed files are read anew.
    pub(crate) fn forget(&self) {
        self.shared.built.lock().clear();
    }

    async fn build(&self, egress: Arc<Egress>) -> Result<PerEgress, NetError> {
        let shared = Arc::clone(&self.shared);
        let building = tokio::task::spawn_blocking(move || {
            let roots = shared.roots.get_or_init(system_roots).clone();
            let configs = offers(config(&egress, roots)?);
            Ok(shared.built.lock().entry(egress).or_insert(configs).clone())
        });
        building.await.unwrap_or_else(|error| Err(NetError::Tls { reason: error.to_string() }))
    }
}

/// Reads the files of an egress and sees whether they make a configuration.
pub(super) fn check(egress: &Egress) -> Result<(), NetError> {
    config(egress, RootCertStore::empty()).map(drop)
}

fn offers(base: ClientConfig) -> PerEgress {
    let with = |offer: &[&[u8]]| {
        let mut config = base.clone();
        config.alpn_protocols = offer.iter().map(|name| name.to_vec()).collect();
        Arc::new(config)
    };
    PerEgress { http1: with(&[b"http/1.1"]), http2: with(&[b"h2"]), either: with(&[b"h2", b"http/1.1"]) }
}

fn config(egress: &Egress, mut roots: RootCertStore) -> Result<ClientConfig, NetError> {
    let tls = |error: rustls::Error| NetError::Tls { reason: error.to_string() };
    if let Some(path) = &egress.ca_file {
        for certificate in certificates(path)? {
            roots.add(certificate).map_err(|error| NetError::File { path: path.clone(), reason: error.to_string() })?;
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(tls)?
        .with_root_certificates(roots);
    match &egress.client_cert {
        None => Ok(builder.with_no_client_auth()),
        Some((chain, key)) => {
            let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, &error))?;
            builder.with_client_auth_cert(certificates(chain)?, private).map_err(tls)
        }
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, NetError> {
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).map_err(|error| unreadable(path, &error))?.collect();
    match found {
        Ok(list) if list.is_empty() => {
            Err(NetError::File { path: path.to_owned(), reason: "no certificate in it".into() })
        }
        Ok(list) => Ok(list),
        Err(error) => Err(unreadable(path, &error)),
    }
}

/// Spelled out, because some of the reader's own messages quote the offending line.
fn unreadable(path: &Path, error: &pem::Error) -> NetError {
    let reason = match error {
        pem::Error::Io(error) => error.kind().to_string(),
        pem::Error::NoItemsFound => "nothing of the expected kind in it".to_owned(),
        _ => "not valid PEM".to_owned(),
    };
    NetError::File { path: path.to_owned(), reason }
}

fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, ignored) = roots.add_parsable_certificates(found.certs);
    tracing::debug!(added, ignored, errors = found.errors.len(), "system root certificates");
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}
