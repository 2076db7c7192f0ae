//! TLS with a certificate authority of our own.

use std::path::PathBuf;
use std::sync::Arc;

use claviger_net::{Egress, Endpoint, Net};
use futures_util::future::join_all;
use http::Version;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use crate::server::{self, PATIENCE, Server, answer, get, net, send, soon, text};

/// An authority, with its files in a folder that goes with it.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = std::env::temp_dir().join(format!("claviger-net-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    fn ca_file(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    fn client_files(&self) -> (PathBuf, PathBuf) {
        let (certificate, key) = self.issue("client.example");
        let files = (self.folder.join("client.pem"), self.folder.join("client.key"));
        std::fs::write(&files.0, certificate.pem()).unwrap();
        std::fs::write(&files.1, key.serialize_pem()).unwrap();
        files
    }

    fn server_config(&self, alpn: &[&str], ask_client: bool) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder =
            ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().unwrap();
        let builder = if ask_client {
            let mut roots = RootCertStore::empty();
            roots.add(self.issuer.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let (certificate, key) = self.issue("api.example");
        let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let mut config = builder.with_single_cert(chain, key).unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// Answers with the request's URL or `Host`, over whatever ALPN chose.
async fn serve(config: Arc<ServerConfig>) -> Server {
    let acceptor = TlsAcceptor::from(config);
    server::accept(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let handler = |request: http::Request<hyper::body::Incoming>| async move {
                let host = request.headers().get("host").map(|host| host.to_str().unwrap().to_owned());
                answer(host.unwrap_or_else(|| request.uri().to_string()))
            };
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                server::serve_http2(stream, 100, handler).await;
            } else {
                server::serve_http1(stream, handler).await;
            }
        }
    })
    .await
}

fn to(server: &Server, egress: Egress) -> Endpoint {
    let egress = Egress { connect_to: Some(server.address.to_string()), ..egress };
    Endpoint { tls: true, authority: "api.example".into(), egress: Arc::new(egress) }
}

#[tokio::test]
async fn alpn_decides_the_version() {
    let authority = Authority::new("alpn");
    let egress = Egress { ca_file: Some(authority.ca_file()), ..Egress::default() };
    let net = net();
    for (alpn, version, body) in [
        (&["h2", "http/1.1"][..], Version::HTTP_2, "https://api.example/v1"),
        (&["http/1.1"][..], Version::HTTP_11, "api.example"),
        (&[][..], Version::HTTP_11, "api.example"),
    ] {
        let server = serve(authority.server_config(alpn, false)).await;
        let reply = send(&net, &to(&server, egress.clone()), get("/v1")).await.unwrap();
        assert_eq!(reply.version, version);
        assert_eq!(text(reply).await, body);
    }
}

#[tokio::test]
async fn http2_can_be_ruled_out_and_insisted_on() {
    let authority = Authority::new("forced");
    let ca_file = Some(authority.ca_file());
    let both = serve(authority.server_config(&["h2", "http/1.1"], false)).await;
    let net = net();
    let never = Egress { ca_file: ca_file.clone(), http2: Some(false), ..Egress::default() };
    assert_eq!(send(&net, &to(&both, never), get("/")).await.unwrap().version, Version::HTTP_11);
    let always = Egress { ca_file, http2: Some(true), ..Egress::default() };
    assert_eq!(send(&net, &to(&both, always.clone()), get("/")).await.unwrap().version, Version::HTTP_2);
    let none = serve(authority.server_config(&[], false)).await;
    let error = send(&net, &to(&none, always), get("/")).await.unwrap_err();
    assert_eq!(error.kind(), "tls", "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_first_requests_share_one_handshake_when_it_gives_http2() {
    let authority = Authority::new("first");
    let server = serve(authority.server_config(&["h2"], false)).await;
    let to = to(&server, Egress { ca_file: Some(authority.ca_file()), ..Egress::default() });
    let net = net();
    let all = soon(join_all((0..50).map(|_| net.send(&to, get("/"), PATIENCE)))).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(server.connections(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_first_requests_each_open_their_own_when_it_gives_http1() {
    let authority = Authority::new("own");
    let server = serve(authority.server_config(&["http/1.1"], false)).await;
    let to = to(&server, Egress { ca_file: Some(authority.ca_file()), ..Egress::default() });
    let net = net();
    let all = soon(join_all((0..8).map(|_| net.send(&to, get("/"), PATIENCE)))).await;
    assert!(all.iter().all(Result::is_ok));
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let authority = Authority::new("unknown");
    let server = serve(authority.server_config(&["h2"], false)).await;
    let error = send(&net(), &to(&server, Egress::default()), get("/")).await.unwrap_err();
    assert_eq!(error.kind(), "tls", "{error:?}");
}

#[tokio::test]
async fn the_certificate_must_name_the_urls_host() {
    let authority = Authority::new("name");
    let server = serve(authority.server_config(&["h2"], false)).await;
    let egress = Egress { ca_file: Some(authority.ca_file()), ..Egress::default() };
    let other = Endpoint { authority: "other.example".into(), ..to(&server, egress) };
    let error = send(&net(), &other, get("/")).await.unwrap_err();
    assert_eq!(error.kind(), "tls", "{error:?}");
}

#[tokio::test]
async fn a_client_certificate_is_shown_when_asked_for() {
    let authority = Authority::new("client");
    let server = serve(authority.server_config(&["http/1.1"], true)).await;
    let egress =
        Egress { ca_file: Some(authority.ca_file()), client_cert: Some(authority.client_files()), ..Egress::default() };
    Net::check(&egress).unwrap();
    let reply = send(&net(), &to(&server, egress.clone()), get("/")).await.unwrap();
    assert_eq!(text(reply).await, "api.example");
    let without = Egress { client_cert: None, ..egress.clone() };
    assert!(send(&net(), &to(&server, without), get("/")).await.is_err());
    let swapped = egress.client_cert.map(|(chain, key)| (key, chain));
    assert!(Net::check(&Egress { client_cert: swapped, ..Egress::default() }).is_err());
}
