//! A tunnel through an HTTP proxy: one CONNECT, one answer, nothing read beyond it.

use std::io::{self, ErrorKind};

use http::Uri;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::error::{NetError, SendError};

/// A proxy's answer to CONNECT is a few lines; more is no proxy.
const MAX_ANSWER: usize = 16 * 1024;

/// Where the proxy is and what to say to it.
pub(super) struct Proxy {
    pub(super) host: String,
    pub(super) port: u16,
    /// `proxy-authorization` value, when the URL has a user.
    authorization: Option<String>,
}

/// Reads `http://[user:password@]host:port`.
pub(super) fn parse(url: &str) -> Result<Proxy, NetError> {
    let uri: Uri = url.parse().map_err(|_| NetError::Proxy)?;
    let authority = uri.authority().ok_or(NetError::Proxy)?;
    if uri.scheme_str() != Some("http") || uri.path() != "/" || uri.query().is_some() {
        return Err(NetError::Proxy);
    }
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = authority.port_u16().unwrap_or(80);
    let user = authority.as_str().rsplit_once('@').map(|(user, _)| user);
    Ok(Proxy { host, port, authorization: user.map(|user| format!("Basic {}", base64(&percent_decode(user)))) })
}

/// Asks for a tunnel to `host:port`; afterwards the stream is the tunnel.
pub(super) async fn tunnel(stream: &mut TcpStream, proxy: &Proxy, host: &str, port: u16) -> Result<(), SendError> {
    let to = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let mut ask = format!("CONNECT {to} HTTP/1.1\r\nhost: {to}\r\n");
    if let Some(authorization) = &proxy.authorization {
        ask.push_str("proxy-authorization: ");
        ask.push_str(authorization);
        ask.push_str("\r\n");
    }
    ask.push_str("\r\n");
    stream.write_all(ask.as_bytes()).await.map_err(|error| SendError::connect(&error))?;
    let answer = read_head(stream).await.map_err(|error| SendError::connect(&error))?;
    match status(&answer) {
        Some(status) if (200..300).contains(&status) => Ok(()),
        Some(status) => Err(SendError::Connect {
            kind: ErrorKind::ConnectionRefused,
            reason: format!("the proxy answered {status}"),
        }),
        None => {
            Err(SendError::Connect { kind: ErrorKind::InvalidData, reason: "the proxy does not speak HTTP".into() })
        }
    }
}

/// Reads up to and including the blank line. Looks before it takes, so that the first bytes of the tunnel stay in the
/// socket.
async fn read_head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut seen = [0; 1024];
    loop {
        let count = stream.peek(&mut seen).await?;
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let before = head.len();
        head.extend_from_slice(&seen[..count]);
        let start = before.saturating_sub(3);
        let end = head[start..].windows(4).position(|four| four == b"\r\n\r\n").map(|at| start + at + 4);
        let take = end.unwrap_or(head.len()) - before;
        stream.read_exact(&mut seen[..take]).await?;
        if let Some(end) = end {
            head.truncate(end);
            return Ok(head);
        }
        if head.len() > MAX_ANSWER {
            return Err(ErrorKind::InvalidData.into());
        }
    }
}

fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let (version, rest) = line.split_once(' ')?;
    if !version.starts_with("HTTP/1.") {
        return None;
    }
    rest.get(..3)?.parse().ok()
}

fn percent_decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).and_then(|two| std::str::from_utf8(two).ok());
        match (byte, hex.and_then(|two| u8::from_str_radix(two, 16).ok())) {
            (b'%', Some(decoded)) => {
                out.push(decoded);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_url_gives_address_and_credentials() {
        let proxy = parse("http://me:a%40b@proxy.example:3128").ok().unwrap();
        assert_eq!((proxy.host.as_str(), proxy.port), ("proxy.example", 3128));
        assert_eq!(proxy.authorization.unwrap(), format!("Basic {}", base64(b"me:a@b")));
        assert_eq!(parse("http://[::1]").ok().unwrap().host, "::1");
    }

    #[test]
    fn other_proxy_schemes_are_refused() {
        for url in ["https://p:1", "socks5://p:1", "p:1", "http://p:1/path", ""] {
            assert!(parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn only_http_1_status_lines_count() {
        assert_eq!(status(b"HTTP/1.1 200 Connection established\r\n\r\n"), Some(200));
        assert_eq!(status(b"HTTP/1.0 407\r\n\r\n"), Some(407));
        assert_eq!(status(b"SSH-2.0-x\r\n\r\n"), None);
    }
}
