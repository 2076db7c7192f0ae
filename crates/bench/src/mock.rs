//! The provider behind the gateway: one thread that answers everything from memory.
//!
//! `POST /__set?stream=1&chunks=200&delay_ms=5` says what all further requests get, and zeroes the counts; `GET /__stats`
//! tells them. What it does never depends on the path of a request, so that a gateway may write any. HTTP/2 is taken
//! with prior knowledge on the same port.

mod http1;
mod http2;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};

use crate::answers::{self, Events};

/// `claviger-bench mock`.
#[derive(clap::Args, Debug)]
pub(crate) struct Options {
    /// Where to listen.
    #[arg(long)]
    listen: SocketAddr,
}

/// Serves until the process ends.
pub(crate) async fn run(options: Options) -> Result<()> {
    let listener = TcpListener::bind(options.listen).await.with_context(|| format!("{}", options.listen))?;
    let mock = Arc::new(Mock::default());
    loop {
        // out of file descriptors: those that are open must end first
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let mock = Arc::clone(&mock);
        tokio::spawn(async move {
            // a proxy may leave whenever it likes
            let _ = serve(stream, &mock).await;
        });
    }
}

async fn serve(stream: TcpStream, mock: &Arc<Mock>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut first = [0; 3];
    if stream.peek(&mut first).await? == first.len() && first == *b"PRI" {
        http2::serve(stream, mock).await
    } else {
        http1::serve(stream, mock).await
    }
}

/// What the connections share.
#[derive(Default)]
struct Mock {
    script: Mutex<Arc<Script>>,
    seen: Mutex<HashSet<u64>>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    /// Requests that came in whole.
    requests: AtomicU64,
    /// Those that were refused as scripted.
    refused: AtomicU64,
    /// Events sent, of all kinds.
    chunks: AtomicU64,
    /// Answers begun and not ended.
    open: AtomicU64,
}

/// What every request gets.
struct Script {
    /// Events instead of one answer.
    stream: bool,
    /// Events of content in a stream.
    chunks: u32,
    /// The pause before each event but the first.
    delay: Duration,
    /// Status of the first attempt of each numbered request, and how long the token is told to rest.
    refuse: Option<(u16, u64)>,
    answer: Bytes,
    refusal: Bytes,
    events: Events,
    http1: http1::Prepared,
}

impl Default for Script {
    fn default() -> Self {
        Self::read("")
    }
}

impl Script {
    /// Reads the query of `/__set`; what it does not name is as at the start.
    fn read(query: &str) -> Self {
        let value = |name: &str| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.filter(|(key, _)| *key == name).find_map(|(_, value)| value.parse::<u64>().ok())
        };
        let number = |name| value(name).unwrap_or(0);
        let refuse = value("refuse").and_then(|status| u16::try_from(status).ok());
        let answer = answers::plain(usize::try_from(number("answer")).unwrap_or(0));
        let refusal = answers::error(refuse.unwrap_or(429));
        let events = Events::new();
        let refuse = refuse.map(|status| (status, number("rest_ms")));
        Self {
            stream: number("stream") == 1,
            chunks: u32::try_from(value("chunks").unwrap_or(200)).unwrap_or(u32::MAX),
            delay: Duration::from_millis(number("delay_ms")),
            refuse,
            http1: http1::Prepared::new(&answer, &refusal, refuse, &events),
            answer,
            refusal,
            events,
        }
    }
}

/// What a request is answered with.
enum Reply {
    Refusal,
    Plain,
    Stream,
}

impl Mock {
    fn script(&self) -> Arc<Script> {
        Arc::clone(&self.script.lock())
    }

    /// Decides about one request; `body` is empty unless the script refuses.
    fn reply(&self, script: &Script, body: &[u8]) -> Reply {
        self.counts.requests.fetch_add(1, Ordering::Relaxed);
        if script.refuse.is_some() && answers::number_of(body).is_some_and(|number| self.seen.lock().insert(number)) {
            self.counts.refused.fetch_add(1, Ordering::Relaxed);
            return Reply::Refusal;
        }
        if script.stream { Reply::Stream } else { Reply::Plain }
    }

    /// Answers `/__set?…` and `/__stats` with the counts as they then are.
    fn control(&self, target: &str) -> String {
        let counts = &self.counts;
        if let Some(query) = target.strip_prefix("/__set") {
            *self.script.lock() = Arc::new(Script::read(query.trim_start_matches('?')));
            self.seen.lock().clear();
            for count in [&counts.requests, &counts.refused, &counts.chunks] {
                count.store(0, Ordering::Relaxed);
            }
        }
        let value = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (requests, refused) = (value(&counts.requests), value(&counts.refused));
        let (chunks, open) = (value(&counts.chunks), value(&counts.open));
        serde_json::json!({ "requests": requests, "refused": refused, "chunks": chunks, "open": open }).to_string()
    }
}

/// Counts an answer as open while it lives.
struct Opened<'a>(&'a AtomicU64);

impl<'a> Opened<'a> {
    fn count(mock: &'a Mock) -> Self {
        mock.counts.open.fetch_add(1, Ordering::Relaxed);
        Self(&mock.counts.open)
    }
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_refused_once() {
        let mock = Mock::default();
        mock.control("/__set?refuse=429&rest_ms=1");
        let script = mock.script();
        let mut body = answers::request(300, false);
        for number in [7, 8] {
            answers::numbered(&mut body, number);
            assert!(matches!(mock.reply(&script, &body), Reply::Refusal));
            assert!(matches!(mock.reply(&script, &body), Reply::Plain));
        }
        assert_eq!(mock.control("/__stats"), r#"{"requests":4,"refused":2,"chunks":0,"open":0}"#);
    }

    #[test]
    fn setting_the_script_begins_anew() {
        let mock = Mock::default();
        mock.reply(&mock.script(), b"");
        mock.control("/__set?stream=1&chunks=3&delay_ms=5");
        let script = mock.script();
        assert_eq!((script.stream, script.chunks, script.delay), (true, 3, Duration::from_millis(5)));
        assert_eq!(mock.control("/__stats"), r#"{"requests":0,"refused":0,"chunks":0,"open":0}"#);
    }
}
