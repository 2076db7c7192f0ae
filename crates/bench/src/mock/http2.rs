//! The mock over HTTP/2 with prior knowledge.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use http::{Request, Response};
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval};

use super::{Mock, Opened, Reply, Script};

/// Serves one connection until the peer leaves.
pub(super) async fn serve(stream: TcpStream, mock: &Arc<Mock>) -> Result<()> {
    let mut connection = h2::server::Builder::new()
        .initial_window_size(1 << 20)
        .initial_connection_window_size(1 << 26)
        .max_concurrent_streams(20_000)
        .handshake::<_, Bytes>(stream)
        .await?;
    while let Some(accepted) = connection.accept().await {
        let (request, respond) = accepted?;
        let mock = Arc::clone(mock);
        tokio::spawn(async move {
            // a stream that was reset is the reader's affair
            let _ = answer(request, respond, &mock).await;
        });
    }
    Ok(())
}

async fn answer(request: Request<RecvStream>, mut respond: SendResponse<Bytes>, mock: &Mock) -> Result<()> {
    let script = mock.script();
    let mut incoming = request.into_body();
    let mut body = script.refuse.map(|_| Vec::new());
    while let Some(piece) = incoming.data().await {
        let piece = piece?;
        incoming.flow_control().release_capacity(piece.len())?;
        if let Some(body) = &mut body {
            body.extend_from_slice(&piece);
        }
    }
    let reply = mock.reply(&script, body.as_deref().unwrap_or_default());
    let _open = Opened::count(mock);
    let (status, kind, body) = match reply {
        Reply::Refusal => (script.refuse.map_or(429, |(status, _)| status), "application/json", Some(&script.refusal)),
        Reply::Plain => (200, "application/json", Some(&script.answer)),
        Reply::Stream => (200, "text/event-stream", None),
    };
    let mut head = Response::builder().status(status).header("content-type", kind).header("x-request-id", "req_bench");
    if let Some((_, rest @ 1..)) = script.refuse
        && status != 200
    {
        head = head.header("retry-after-ms", rest);
    }
    if let Some(body) = body {
        head = head.header("content-length", body.len());
    }
    let mut out = respond.send_response(head.body(())?, false)?;
    match body {
        Some(body) => out.send_data(body.clone(), true)?,
        None => events(&mut out, mock, &script).await?,
    }
    Ok(())
}

async fn events(out: &mut SendStream<Bytes>, mock: &Mock, script: &Script) -> Result<()> {
    let mut pace = (!script.delay.is_zero()).then(|| interval(script.delay));
    if let Some(pace) = &mut pace {
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    }
    let contents = (0..script.chunks).map(|_| &script.events.content);
    for piece in contents.chain([&script.events.finish, &script.events.done]) {
        match &mut pace {
            None => room(out, piece.len()).await?,
            Some(pace) => tokio::select! {
                _ = pace.tick() => {}
                reason = poll_fn(|context| out.poll_reset(context)) => bail!("the reader has left: {:?}", reason?),
            },
        }
        out.send_data(piece.clone(), false)?;
        mock.counts.chunks.fetch_add(1, Ordering::Relaxed);
    }
    out.send_data(Bytes::new(), true)?;
    Ok(())
}

/// Waits until the peer takes `size` more bytes.
async fn room(out: &mut SendStream<Bytes>, size: usize) -> Result<()> {
    out.reserve_capacity(size);
    while out.capacity() < size {
        poll_fn(|context| out.poll_capacity(context)).await.context("the stream has ended")??;
    }
    Ok(())
}
