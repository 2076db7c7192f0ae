//! The requests: so many at once, half of them streams.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use claviger_testkit::Running;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::Options;
use super::question::Question;
use super::setting::Gateway;

/// What came of a request.
pub(crate) enum Outcome {
    /// The right answer, whole.
    Served { took: Duration, attempts: u64, provider: String },
    /// Another answer, or none to a request that was accepted.
    Failed(String),
    /// The gateway was going down and closed the connection without a word; with the text of the request.
    NotAccepted(String),
}

/// More than the default deadline of a route: by then the gateway must have said something.
const LONGEST: Duration = Duration::from_secs(130);

fn silence() -> Outcome {
    Outcome::Failed(format!("no answer within {} s", LONGEST.as_secs()))
}

/// Runs them all and returns what came of each, in the order they ended; the first request alone comes first.
pub(crate) async fn run(options: &Options, gateway: &Gateway, provider: &Running) -> Vec<Outcome> {
    let (next, down) = (Arc::new(AtomicUsize::new(1)), Arc::new(AtomicUsize::new(0)));
    let first = tokio::time::timeout(LONGEST, ask(&mut None, gateway.data, options.question(0), &down)).await;
    let mut results = vec![first.unwrap_or_else(|_| silence())];
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..options.concurrency {
        let (next, down, data, options) = (Arc::clone(&next), Arc::clone(&down), gateway.data, options.clone());
        workers.spawn(async move {
            let (mut results, mut connection) = (Vec::new(), None);
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= options.requests {
                    return results;
                }
                let asking = ask(&mut connection, data, options.question(number), &down);
                let outcome = tokio::time::timeout(LONGEST, asking).await.unwrap_or_else(|_| silence());
                let stop = matches!(outcome, Outcome::NotAccepted(_));
                results.push(outcome);
                if stop {
                    return results;
                }
            }
        });
    }
    if options.sigterm {
        while next.load(Ordering::Relaxed) < options.requests / 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        down.store(1, Ordering::Relaxed);
        gateway.terminate();
    }
    for more in workers.join_all().await {
        results.extend(more);
    }
    blame(results, provider)
}

/// What went on to the provider had been accepted: without an answer it is lost.
fn blame(results: Vec<Outcome>, provider: &Running) -> Vec<Outcome> {
    let texts = provider.seen().into_iter().filter_map(|seen| {
        let text = seen.json()["messages"][0]["content"].as_str()?.to_owned();
        Some(text)
    });
    let accepted: std::collections::HashSet<String> = texts.collect();
    let judge = |outcome| match outcome {
        Outcome::NotAccepted(text) if accepted.contains(&text) => {
            Outcome::Failed(format!("{text} was accepted and lost"))
        }
        other => other,
    };
    results.into_iter().map(judge).collect()
}

type Connection = SendRequest<Full<Bytes>>;

async fn connect(data: std::net::SocketAddr) -> Option<Connection> {
    let tcp = TcpStream::connect(data).await.ok()?;
    let _ = tcp.set_nodelay(true);
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(tcp)).await.ok()?;
    tokio::spawn(connection);
    Some(sender)
}

async fn ask(
    kept: &mut Option<Connection>,
    data: std::net::SocketAddr,
    question: Question,
    down: &AtomicUsize,
) -> Outcome {
    let begun = Instant::now();
    let going_down = || down.load(Ordering::Relaxed) > 0;
    let mut usable = kept.take();
    // one that is kept may have been closed meanwhile
    if let Some(connection) = &mut usable
        && connection.ready().await.is_err()
    {
        usable = None;
    }
    let mut connection = match usable {
        Some(connection) => connection,
        None => match connect(data).await {
            Some(new) => new,
            None if going_down() => return Outcome::NotAccepted(question.text),
            None => return Outcome::Failed("no connection".to_owned()),
        },
    };
    let request = http::Request::post(&question.path)
        .header("host", "chaos")
        .header("content-type", "application/json")
        .body(Full::new(question.body.clone()));
    let Ok(request) = request else { return Outcome::Failed("no request".to_owned()) };
    let response = match connection.send_request(request).await {
        Ok(response) => response,
        // hyper says whether the request went out on the wire at all, and whether any byte came back
        Err(error) if going_down() && (error.is_canceled() || error.is_closed() || error.is_incomplete_message()) => {
            return Outcome::NotAccepted(question.text);
        }
        Err(error) => return Outcome::Failed(format!("no answer: {error}")),
    };
    let status = response.status().as_u16();
    let provider = response.headers().get("x-claviger-provider").and_then(|value| value.to_str().ok());
    let provider = provider.unwrap_or_default().to_owned();
    let attempts = response.headers().get("x-claviger-attempts");
    let attempts = attempts.and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0);
    let body = match response.into_body().collect().await {
        Ok(body) => String::from_utf8_lossy(&body.to_bytes()).into_owned(),
        Err(error) => return Outcome::Failed(format!("the answer broke off: {error}")),
    };
    if status != 200 || !question.is_answered_by(&body) {
        return Outcome::Failed(format!("{status} {}", body.chars().take(300).collect::<String>()));
    }
    *kept = Some(connection);
    Outcome::Served { took: begun.elapsed(), attempts, provider }
}
