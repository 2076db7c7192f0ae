//! One request: get a connection, send, return at the response head.
//!
//! The loop here is the rescue of requests that a pooled connection could not carry and the peer did not touch. It is
//! bounded, waits for nothing but a connection, and never runs once the peer may have acted.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Response, StatusCode};
use hyper::body::Incoming;

use crate::Inner;
use crate::body::{Hold, ReplyBody};
use crate::connect::{self, Io};
use crate::endpoint::{Endpoint, Speak};
use crate::error::SendError;
use crate::link::{self, Http1Sender, Line, SETTLING, Slot};
use crate::message::{Outgoing, Reply};
use crate::pool::{Link, Opening, Place, Step, Ticket};
use crate::prepare::{Payload, Prepared};

/// Pooled connections a request may find dead, before the failure is reported. The second HTTP/1.1 connection is a new
/// one; HTTP/2 requests may meet several connections that were told to go away together.
const RESCUES: u32 = 3;

/// A failed exchange; with the request, if the peer did not touch it and it is still at hand.
struct Failed {
    error: SendError,
    back: Option<Payload>,
}

/// See [`Net::send`](crate::Net::send).
pub(crate) async fn send(
    net: &Inner,
    to: &Endpoint,
    request: Outgoing,
    connect_timeout: Duration,
) -> Result<Reply, SendError> {
    let (prepared, mut payload) = Prepared::new(to, request)?;
    if prepared.upgrade {
        let io = within(connect_timeout, Box::pin(connect::open(&net.tls, to, Speak::Http1))).await?.io;
        return upgrade(net, io, &prepared, payload).await;
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
            Link::Http1 { sender, reused } => match http1(&place, sender, reused, &prepared, payload).await {
                Ok(reply) => return Ok(reply),
                Err(failed) => (failed, reused),
            },
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
        let sender = link::http1(opened.io, count, false).await.map_err(|error| unsent(&error))?;
        place.speaks_http1();
        Ok(Link::Http1 { sender, reused: false })
    }
}

fn unsent(error: &hyper::Error) -> SendError {
    SendError::from_hyper(error, false, false)
}

async fn http1(
    place: &Arc<Place>,
    mut sender: Http1Sender,
    reused: bool,
    prepared: &Prepared,
    payload: Payload,
) -> Result<Reply, Failed> {
    match sender.try_send_request(prepared.http1(payload)).await {
        Ok(response) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
            let error = SendError::Protocol { reason: "101 to a request without upgrade".into() };
            Err(Failed { error, back: None })
        }
        Ok(response) => Ok(reply(response, reused, Hold::Http1 { sender, place: Arc::clone(place) })),
        Err(mut failure) => {
            let back = failure.take_message().map(Payload::recover);
            Err(Failed { error: SendError::from_hyper(failure.error(), reused, back.is_none()), back })
        }
    }
}

async fn http2(slot: Slot, reused: bool, prepared: &Prepared, payload: Payload) -> Result<Reply, Failed> {
    // A peer that is going away says which streams it did not process, but by then hyper has used up the request.
    let copy = if reused { payload.copy() } else { None };
    let request = prepared.http2(payload).map_err(|error| Failed { error, back: None })?;
    let watch = slot.watch();
    let sent = slot.sender().try_send_request(request).await;
    slot.heard();
    drop(watch);
    match sent {
        Ok(response) => Ok(reply(response, reused, Hold::Http2(slot))),
        Err(mut failure) => {
            let message = failure.take_message().map(Payload::recover);
            let error = SendError::from_hyper(failure.error(), reused, message.is_none());
            let untouched = matches!(error, SendError::Closed { sent: false, .. });
            if untouched {
                slot.retire();
            }
            Err(Failed { error, back: message.or(if untouched { copy } else { None }) })
        }
    }
}

/// Sends on a connection of its own and hands that over when the peer agrees.
async fn upgrade(net: &Inner, io: Io, prepared: &Prepared, payload: Payload) -> Result<Reply, SendError> {
    let mut sender = link::http1(io, net.pool.count(), true).await.map_err(|error| unsent(&error))?;
    let mut response = sender.try_send_request(prepared.http1(payload)).await.map_err(|failure| {
        let sent = failure.message().is_none();
        SendError::from_hyper(failure.error(), false, sent)
    })?;
    let upgraded = (response.status() == StatusCode::SWITCHING_PROTOCOLS).then(|| hyper::upgrade::on(&mut response));
    Ok(Reply { upgraded, ..reply(response, false, Hold::Alone { _sender: sender }) })
}

fn reply(response: Response<Incoming>, reused: bool, hold: Hold) -> Reply {
    let (parts, body) = response.into_parts();
    Reply {
        status: parts.status,
        version: parts.version,
        headers: parts.headers,
        body: ReplyBody::new(body, hold),
        reused,
        upgraded: None,
    }
}
