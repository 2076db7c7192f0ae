//! One request: get a connection, send, return at the response head.
//!
//! The loop here is the rescue of requests that a pooled connection could not carry and the peer did not touch. It is
//! bounded, waits for nothing but a connection, and never runs once the peer may have acted.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use crate::Inner;
use crate::body::ReplyBody;
use crate::connect;
use crate::endpoint::{Endpoint, Speak};
use crate::error::SendError;
use crate::http1::{self, Answer, Connection, Failure};
use crate::link::{Line, SETTLING, Slot};
use crate::message::{Outgoing, Reply};
use crate::pool::{Link, Opening, Place, Step, Ticket};
use crate::prepare::{Payload, Prepared};

/// Pooled connections a request may find dead, before the failure is reported. The second HTTP/1.1 connection is a new
/// one; HTTP/2 requests may meet several connections that were told to go away together.
const RESCUES: u32 = 3;

/// See [`Net::send`](crate::Net::send).
pub(crate) async fn send(
    net: &Inner,
    to: &Endpoint,
    request: Outgoing,
    connect_timeout: Duration,
) -> Result<Reply, SendError> {
    let (prepared, mut payload) = Prepared::new(to, request)?;
    if prepared.upgrade {
        let opened = within(connect_timeout, Box::pin(connect::open(&net.tls, to, Speak::Http1))).await?;
        let connection = Connection::new(opened.io, net.pool.count());
        return http1(None, connection, false, &prepared, payload).await.map_err(|failure| failure.error);
    }
    let place = net.pool.place(to);
    let mut rescues = 0;
    loop {
        let fresh = rescues > 0;
        let mut ticket = Ticket::new(&place);
        let link = match place.step(&mut ticket, fresh) {
            Step::Use(link) => link,
            Step::Fail(error) => return Err(error),
            Step::Open(opening) => within(connect_timeout, Box::pin(open(net, to, &place, opening))).await?,
            Step::Wait => within(connect_timeout, Box::pin(wait(net, to, &place, ticket, fresh))).await?,
        };
        let (failed, reused) = match link {
            Link::Http1 { connection, reused } => {
                match http1(Some(&place), connection, reused, &prepared, payload).await {
                    Ok(reply) => return Ok(reply),
                    Err(failed) => (failed, reused),
                }
            }
            Link::Http2 { slot, reused } => match http2(slot, reused, &prepared, payload).await {
                Ok(reply) => return Ok(reply),
                Err(failed) => (failed, reused),
            },
        };
        match failed.back {
            Some(back) if reused && rescues < RESCUES => payload = back,
            _ => return Err(failed.error),
        }
        rescues += 1;
        tracing::debug!(kind = failed.error.kind(), "a pooled connection was closed; sending on another");
    }
}

async fn within<T>(timeout: Duration, connection: impl Future<Output = Result<T, SendError>>) -> Result<T, SendError> {
    tokio::time::timeout(timeout, connection).await.unwrap_or(Err(SendError::ConnectTimeout))
}

/// Waits until there is a connection to use, or opens one when it is this request's turn.
async fn wait(
    net: &Inner,
    to: &Endpoint,
    place: &Arc<Place>,
    mut ticket: Ticket,
    fresh: bool,
) -> Result<Link, SendError> {
    loop {
        let mut changed = pin!(place.changed());
        // From here on no change is missed, so look first.
        changed.as_mut().enable();
        match place.step(&mut ticket, fresh) {
            Step::Use(link) => return Ok(link),
            Step::Fail(error) => return Err(error),
            Step::Open(opening) => return open(net, to, place, opening).await,
            // Looking again after a while, too: a new connection that stays mute stops counting without a change.
            Step::Wait => drop(tokio::time::timeout(SETTLING, changed).await),
        }
    }
}

/// Opens a connection and starts HTTP on it.
async fn open(net: &Inner, to: &Endpoint, place: &Arc<Place>, opening: Option<Opening>) -> Result<Link, SendError> {
    match start(net, to, place).await {
        Ok(link) => Ok(link),
        Err(error) => {
            if let Some(opening) = opening {
                opening.failed(&error);
            }
            Err(error)
        }
    }
}

async fn start(net: &Inner, to: &Endpoint, place: &Arc<Place>) -> Result<Link, SendError> {
    let opened = connect::open(&net.tls, to, to.speak()).await?;
    let count = net.pool.count();
    if opened.http2 {
        let line = Line::start(opened.io, count, place).await.map_err(|error| unsent(&error))?;
        Ok(place.add(line))
    } else {
        place.speaks_http1();
        Ok(Link::Http1 { connection: Connection::new(opened.io, count), reused: false })
    }
}

fn unsent(error: &hyper::Error) -> SendError {
    SendError::from_hyper(error, false, false)
}

/// `place`: where the connection goes when the reply was read; nowhere, if it is for this request only.
async fn http1(
    place: Option<&Arc<Place>>,
    connection: Connection,
    reused: bool,
    prepared: &Prepared<'_>,
    payload: Payload,
) -> Result<Reply, Failure> {
    match http1::send(connection, prepared, payload, reused).await? {
        Answer::Reply(head, download) => {
            let body = ReplyBody::http1(download, place.cloned());
            Ok(Reply {
                status: head.status,
                version: head.version,
                headers: head.headers,
                body,
                reused,
                upgraded: None,
            })
        }
        Answer::Upgraded(head, upgraded) if prepared.upgrade => Ok(Reply {
            status: head.status,
            version: head.version,
            headers: head.headers,
            body: ReplyBody::none(),
            reused,
            upgraded: Some(upgraded),
        }),
        Answer::Upgraded(..) => {
            let error = SendError::Protocol { reason: "101 to a request without upgrade".into() };
            Err(Failure { error, back: None })
        }
    }
}

async fn http2(slot: Slot, reused: bool, prepared: &Prepared<'_>, payload: Payload) -> Result<Reply, Failure> {
    // A peer that is going away says which streams it did not process, but by then hyper has used up the request.
    let copy = if reused { payload.copy() } else { None };
    let request = prepared.http2(payload).map_err(|error| Failure { error, back: None })?;
    let watch = slot.watch();
    let sent = slot.sender().try_send_request(request).await;
    slot.heard();
    drop(watch);
    match sent {
        Ok(response) => {
            let (parts, body) = response.into_parts();
            let body = ReplyBody::http2(body, slot);
            let (status, version, headers) = (parts.status, parts.version, parts.headers);
            Ok(Reply { status, version, headers, body, reused, upgraded: None })
        }
        Err(mut failure) => {
            let message = failure.take_message().map(Payload::recover);
            let error = SendError::from_hyper(failure.error(), reused, message.is_none());
            let untouched = matches!(error, SendError::Closed { sent: false, .. });
            if untouched {
                slot.retire();
            }
            Err(Failure { error, back: message.or(if untouched { copy } else { None }) })
        }
    }
}
