//! A client over HTTP/1.1 with keep-alive: one write and, if the gateway is kind, one read per request.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::tally::{Answer, Tally};
use super::{Options, Plan};
use crate::answers;
use crate::http1::{Message, Sink, status};

/// How long to wait before a broken connection is opened again.
const PAUSE: Duration = Duration::from_millis(20);

/// A whole request.
pub(super) fn request(options: &Options, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\naccept: \
         application/json\r\nuser-agent: claviger-bench\r\ncontent-length: {}\r\n\r\n",
        options.path,
        options.to,
        options.token,
        body.len()
    );
    [head.as_bytes(), body].concat()
}

struct Reading {
    answer: Answer,
    stream: bool,
}

impl Sink for Reading {
    fn head(&mut self, head: &[u8]) -> Result<()> {
        self.answer.status = status(head)?;
        Ok(())
    }

    fn body(&mut self, piece: &[u8]) {
        self.answer.body(piece, self.stream);
    }
}

/// Sends requests until there are none left.
pub(super) async fn client(plan: Arc<Plan>) -> Tally {
    let mut tally = Tally::default();
    while !matches!(connection(&plan, &mut tally).await, Ok(End::Done)) {
        tally.broke();
        tokio::time::sleep(PAUSE).await;
    }
    tally
}

enum End {
    /// There is nothing left to send.
    Done,
    /// The gateway closed the connection in the middle of an answer.
    Closed,
}

async fn connection(plan: &Plan, tally: &mut Tally) -> Result<End> {
    // only those who number their requests need a copy of them
    let mut own = plan.options.numbered.then(|| plan.http1.clone());
    let mut stream = None;
    while let Some(due) = plan.next().await {
        let stream = match &mut stream {
            Some(stream) => stream,
            none => none.insert(connect(plan).await?),
        };
        match &mut own {
            Some(request) => {
                answers::numbered(request, due.number);
                stream.write_all(request).await?;
            }
            None => stream.write_all(&plan.http1).await?,
        }
        let mut reading = Reading { answer: Answer::default(), stream: plan.options.events.is_some() };
        if !Message::default().read(stream, &mut reading).await? {
            return Ok(End::Closed);
        }
        tally.answered(&reading.answer, due.at, plan.options.events);
    }
    Ok(End::Done)
}

async fn connect(plan: &Plan) -> Result<TcpStream> {
    let stream = TcpStream::connect(plan.options.to).await.context("cannot connect")?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
