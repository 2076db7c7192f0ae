//! The clients before the gateway: closed loops over keep-alive connections, or requests at a fixed rate.
//!
//! At a fixed rate latency counts from the moment a request was due, so that waiting for a free connection is seen; only
//! the lateness of our own timer is not the gateway's, and is left out. What comes back is counted and thrown away.

mod http1;
mod http2;
mod tally;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::answers;
use tally::Tally;

/// `claviger-bench load`.
#[derive(clap::Args, Debug)]
pub(crate) struct Options {
    /// The gateway.
    #[arg(long)]
    to: SocketAddr,
    #[arg(long, default_value = "/v1/chat/completions")]
    path: String,
    /// The bearer token that is sent.
    #[arg(long, default_value = "sk-bench-client")]
    token: String,
    /// Speak HTTP/2 with prior knowledge.
    #[arg(long)]
    http2: bool,
    /// Connections.
    #[arg(long, default_value_t = 1)]
    conns: u64,
    /// Streams at once on each HTTP/2 connection.
    #[arg(long, default_value_t = 1)]
    streams: u64,
    /// Size of the request bodies, about.
    #[arg(long, default_value_t = 300)]
    bytes: usize,
    /// Ask for a stream, which ends after so many events.
    #[arg(long)]
    events: Option<u64>,
    /// Number each request, for a mock that refuses first attempts.
    #[arg(long)]
    numbered: bool,
    /// Requests in all.
    #[arg(long)]
    requests: Option<u64>,
    /// How long new requests are begun.
    #[arg(long)]
    seconds: Option<f64>,
    /// Requests per second, in all.
    #[arg(long)]
    rate: Option<f64>,
    /// Clients that begin per second.
    #[arg(long)]
    ramp: Option<f64>,
}

/// Sends what the options say and prints the report.
#[expect(clippy::print_stdout, reason = "the report is what this program is for")]
pub(crate) async fn run(options: Options) -> Result<()> {
    let body = answers::request(options.bytes, options.events.is_some());
    let start = Instant::now();
    let plan = Arc::new(Plan {
        http1: http1::request(&options, &body),
        body: Bytes::from(body),
        end: options.seconds.map(|seconds| start + Duration::from_secs_f64(seconds)),
        taken: AtomicU64::new(0),
        start,
        options,
    });
    let mut clients = JoinSet::new();
    for number in 0..plan.options.conns {
        let plan = Arc::clone(&plan);
        clients.spawn(async move {
            if let Some(ramp) = plan.options.ramp {
                sleep_until(plan.start + Duration::from_secs_f64(number as f64 / ramp)).await;
            }
            if plan.options.http2 { http2::client(plan).await } else { http1::client(plan).await }
        });
    }
    let mut all = Tally::default();
    while let Some(client) = clients.join_next().await {
        all.add(client.context("a client broke")?);
    }
    println!("{}", all.report(plan.start.elapsed()));
    Ok(())
}

/// What all clients work off together.
struct Plan {
    options: Options,
    /// A request with its head.
    http1: Vec<u8>,
    body: Bytes,
    start: Instant,
    end: Option<Instant>,
    taken: AtomicU64,
}

/// One request that is to be sent now.
struct Due {
    number: u64,
    /// When its latency begins.
    at: Instant,
}

impl Plan {
    /// The next request, when it is due; `None`: there is none left.
    async fn next(&self) -> Option<Due> {
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        if self.options.requests.is_some_and(|all| number >= all) {
            return None;
        }
        let mut at = Instant::now();
        if let Some(rate) = self.options.rate {
            let due = self.start + Duration::from_secs_f64(number as f64 / rate);
            if self.end.is_some_and(|end| due >= end) {
                return None;
            }
            if due > at {
                sleep_until(due).await;
                at = Instant::now();
            } else {
                at = due;
            }
        }
        let over = self.options.rate.is_none() && self.end.is_some_and(|end| at >= end);
        (!over).then_some(Due { number, at })
    }
}
