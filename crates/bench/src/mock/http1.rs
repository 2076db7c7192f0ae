//! The mock over HTTP/1.1: one read and one write per plain answer, one write per event of a stream.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::Result;
use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval};

use super::{Mock, Opened, Reply, Script};
use crate::answers::Events;
use crate::http1::{Message, Sink};

/// A pause from which on it is worth looking whether the reader has left.
const LONG: std::time::Duration = std::time::Duration::from_millis(500);

/// Answers with heads and framing.
pub(super) struct Prepared {
    plain: Bytes,
    refusal: Bytes,
    content: Bytes,
    finish: Bytes,
    done: Bytes,
}

const STREAM_HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n";

impl Prepared {
    pub(super) fn new(answer: &[u8], refusal: &[u8], refuse: Option<(u16, u64)>, events: &Events) -> Self {
        let whole = |status: u16, more: &str, body: &[u8]| {
            let head = format!(
                "HTTP/1.1 {status} Bench\r\ncontent-type: application/json\r\nx-request-id: req_bench\r\n{more}content-length: {}\r\n\r\n",
                body.len()
            );
            Bytes::from([head.as_bytes(), body].concat())
        };
        let (status, rest) = refuse.unwrap_or((429, 0));
        let rest = if rest > 0 { format!("retry-after-ms: {rest}\r\n") } else { String::new() };
        let mut done = chunk(&events.done);
        done.put_slice(b"0\r\n\r\n");
        Self {
            plain: whole(200, "", answer),
            refusal: whole(status, &rest, refusal),
            content: chunk(&events.content).freeze(),
            finish: chunk(&events.finish).freeze(),
            done: done.freeze(),
        }
    }
}

fn chunk(event: &[u8]) -> BytesMut {
    let mut framed = BytesMut::from(format!("{:x}\r\n", event.len()).as_bytes());
    framed.put_slice(event);
    framed.put_slice(b"\r\n");
    framed
}

/// A request: what of it decides about the answer.
struct Asked<'a> {
    mock: &'a Mock,
    /// As it was when the head came.
    script: Option<Arc<Script>>,
    /// The target, when it is one of ours.
    control: Option<String>,
    /// As much of the body as the script wants to see.
    body: Vec<u8>,
}

impl Sink for Asked<'_> {
    fn head(&mut self, head: &[u8]) -> Result<()> {
        let target = head.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        self.control = target.starts_with(b"/__").then(|| String::from_utf8_lossy(target).into_owned());
        self.script = Some(self.mock.script());
        Ok(())
    }

    fn body(&mut self, piece: &[u8]) {
        if self.script.as_ref().is_some_and(|script| script.refuse.is_some()) {
            self.body.extend_from_slice(piece);
        }
    }
}

/// Serves one connection until the peer leaves.
pub(super) async fn serve(mut stream: TcpStream, mock: &Mock) -> Result<()> {
    loop {
        let mut asked = Asked { mock, script: None, control: None, body: Vec::new() };
        if !Message::default().read(&mut stream, &mut asked).await? {
            return Ok(());
        }
        answer(&mut stream, asked).await?;
    }
}

async fn answer(stream: &mut TcpStream, asked: Asked<'_>) -> Result<()> {
    let mock = asked.mock;
    if let Some(target) = &asked.control {
        let body = mock.control(target);
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await?;
        return Ok(());
    }
    let script = asked.script.unwrap_or_else(|| mock.script());
    let reply = mock.reply(&script, &asked.body);
    let _open = Opened::count(mock);
    match reply {
        Reply::Refusal => stream.write_all(&script.http1.refusal).await?,
        Reply::Plain => stream.write_all(&script.http1.plain).await?,
        Reply::Stream => events(stream, mock, &script).await?,
    }
    Ok(())
}

async fn events(stream: &mut TcpStream, mock: &Mock, script: &Script) -> Result<()> {
    let Prepared { content, finish, done, .. } = &script.http1;
    stream.write_all(STREAM_HEAD).await?;
    let mut pace = (!script.delay.is_zero()).then(|| interval(script.delay));
    if let Some(pace) = &mut pace {
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    }
    let mut byte = [0];
    let contents = (0..script.chunks).map(|_| content);
    for piece in contents.chain([finish, done]) {
        match &mut pace {
            None => {}
            Some(pace) if script.delay < LONG => {
                pace.tick().await;
            }
            Some(pace) => tokio::select! {
                _ = pace.tick() => {}
                // nobody sends while an answer runs: this is the end of the connection
                left = stream.peek(&mut byte) => anyhow::bail!("the reader has left: {left:?}"),
            },
        }
        stream.write_all(piece).await?;
        mock.counts.chunks.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
