//! A client over HTTP/2 with prior knowledge: some streams at once on one connection.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use h2::client::SendRequest;
use http::Request;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::Plan;
use super::tally::{Answer, Tally};
use crate::answers;

/// Sends requests until there are none left; a connection that breaks is not opened again.
pub(super) async fn client(plan: Arc<Plan>) -> Tally {
    let mut all = Tally::default();
    let Ok(sender) = connect(&plan).await else {
        all.broke();
        return all;
    };
    let mut streams = JoinSet::new();
    for _ in 0..plan.options.streams {
        let (plan, sender) = (Arc::clone(&plan), sender.clone());
        streams.spawn(async move {
            let mut tally = Tally::default();
            if stream(&plan, sender, &mut tally).await.is_err() {
                tally.broke();
            }
            tally
        });
    }
    while let Some(Ok(tally)) = streams.join_next().await {
        all.add(tally);
    }
    all
}

async fn connect(plan: &Plan) -> Result<SendRequest<Bytes>> {
    let stream = TcpStream::connect(plan.options.to).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = h2::client::Builder::new()
        .initial_window_size(1 << 20)
        .initial_connection_window_size(1 << 26)
        .handshake(stream)
        .await?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn stream(plan: &Plan, mut sender: SendRequest<Bytes>, tally: &mut Tally) -> Result<()> {
    let uri = format!("http://{}{}", plan.options.to, plan.options.path);
    let request = Request::post(uri)
        .header("authorization", format!("Bearer {}", plan.options.token))
        .header("content-type", "application/json")
        .header("accept", "application/json")
        .header("user-agent", "claviger-bench")
        .header("content-length", plan.body.len())
        .body(())?;
    while let Some(due) = plan.next().await {
        sender = sender.ready().await?;
        let (head, body) = request.clone().into_parts();
        let (response, mut out) = sender.send_request(Request::from_parts(head, body), false)?;
        let body = if plan.options.numbered {
            let mut body = plan.body.to_vec();
            answers::numbered(&mut body, due.number);
            Bytes::from(body)
        } else {
            plan.body.clone()
        };
        out.send_data(body, true)?;
        let response = response.await.context("no answer")?;
        let mut answer = Answer::of(response.status().as_u16());
        let mut incoming = response.into_body();
        while let Some(piece) = incoming.data().await {
            let piece = piece?;
            incoming.flow_control().release_capacity(piece.len())?;
            answer.body(&piece, plan.options.events.is_some());
        }
        tally.answered(&answer, due.at, plan.options.events);
    }
    Ok(())
}
