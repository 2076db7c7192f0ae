//! Resolves a name and connects to the first of its addresses that answers.
//!
//! A short form of RFC 8305: addresses are tried in the resolver's order, the next one starts when the last failed or has
//! not answered for a moment, so that one dead address does not use up the connect timeout.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::{TcpStream, lookup_host};

use crate::error::SendError;

/// RFC 8305, section 5: the recommended connection attempt delay.
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects to `host:port`.
pub(super) async fn dial(host: &str, port: u16) -> Result<TcpStream, SendError> {
    let addresses: VecDeque<SocketAddr> = lookup_host((host, port)).await.map_err(|_| SendError::Resolve)?.collect();
    race(addresses).await
}

async fn race(mut waiting: VecDeque<SocketAddr>) -> Result<TcpStream, SendError> {
    let mut trying = FuturesUnordered::new();
    let mut failure = SendError::Resolve;
    loop {
        if let Some(address) = waiting.pop_front() {
            trying.push(TcpStream::connect(address));
        }
        let answer = if waiting.is_empty() {
            trying.next().await
        } else {
            match tokio::time::timeout(HEAD_START, trying.next()).await {
                Ok(answer) => answer,
                Err(_) => continue,
            }
        };
        match answer {
            Some(Ok(stream)) => {
                // Small frames are what we relay; a socket that refuses the option still works.
                drop(stream.set_nodelay(true));
                return Ok(stream);
            }
            Some(Err(error)) => failure = SendError::connect(&error),
            None => return Err(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_address_is_used_when_the_first_refuses() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let closed = {
            let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            gone.local_addr().unwrap()
        };
        let stream = race(VecDeque::from([closed, good])).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), good);
        assert!(stream.nodelay().unwrap());
    }

    #[tokio::test]
    async fn no_address_at_all_is_a_failure_to_resolve() {
        assert_eq!(race(VecDeque::new()).await.unwrap_err().kind(), "resolve");
    }
}
