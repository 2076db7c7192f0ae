//! The realtime API: a WebSocket that answers each client event with the server events OpenAI would send.

use std::{io, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
};

use crate::{
    answers::Call,
    body::{End, WireBody},
    connection::Ending,
    seen::Tracker,
    websocket::{self, Message, Reader},
};

/// Whether the client asks for a WebSocket.
pub(crate) fn wants_websocket(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(header::UPGRADE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    upgrade.eq_ignore_ascii_case("websocket") && headers.contains_key(header::SEC_WEBSOCKET_KEY)
}

/// Answers 101 and talks until the client leaves or the server stops.
pub(crate) fn accept(
    call: &Call,
    upgrade: OnUpgrade,
    tracker: Tracker,
    ending: Arc<Ending>,
    mut stopping: watch::Receiver<()>,
) -> Response<WireBody> {
    tracker.status(101);
    let mut response = Response::new(WireBody::new(Vec::new(), Duration::ZERO, End::Clean, None, ending));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    let key = call.headers.get(header::SEC_WEBSOCKET_KEY).and_then(|key| key.to_str().ok()).unwrap_or_default();
    if let Ok(value) = HeaderValue::try_from(websocket::accept_key(key)) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, value);
    }
    // A browser cannot set headers and names the protocol with its key instead; the server confirms the first.
    let offered = call.headers.get(header::SEC_WEBSOCKET_PROTOCOL).and_then(|value| value.to_str().ok());
    if offered.is_some_and(|offered| offered.split(',').any(|name| name.trim() == "realtime")) {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("realtime"));
    }
    let session = Session {
        model: call.model_or("gpt-realtime").to_owned(),
        beta: call.headers.get("openai-beta").is_some_and(|value| value == "realtime=v1"),
        events: 0,
        said: String::new(),
    };
    tokio::spawn(async move {
        let mut tracker = tracker;
        let Ok(upgraded) = upgrade.await else { return };
        let mut io = TokioIo::new(upgraded);
        tokio::select! {
            ended = session.talk(&mut io) => if ended.is_ok() {
                tracker.finish();
            },
            _ = stopping.changed() => {} // nothing is ever sent: it closed
        }
    });
    response
}

/// One conversation.
#[derive(Debug)]
struct Session {
    model: String,
    /// Whether the client speaks the names of the beta.
    beta: bool,
    events: u64,
    /// What the client's last message item said.
    said: String,
}

impl Session {
    /// Answers until the client closes. An error means that it left without.
    async fn talk(mut self, io: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
        let created = json!({ "type": "session.created", "session": self.session(&Value::Null) });
        self.send(io, created).await?;
        let mut reader = Reader::default();
        loop {
            match reader.next(io).await? {
                Message::Text(text) => {
                    for event in self.answers(&text) {
                        self.send(io, event).await?;
                    }
                }
                Message::Binary(bytes) => websocket::write(io, 0x2, &bytes).await?,
                Message::Ping(payload) => websocket::write(io, 0xa, &payload).await?,
                Message::Pong => {}
                Message::Close(payload) => return websocket::write(io, 0x8, &payload).await,
            }
        }
    }

    async fn send(&mut self, io: &mut (impl AsyncWrite + Unpin), mut event: Value) -> io::Result<()> {
        event["event_id"] = format!("event_{:08}", self.events).into();
        self.events += 1;
        websocket::write(io, 0x1, event.to_string().as_bytes()).await
    }

    fn session(&self, changes: &Value) -> Value {
        let mut session = json!({
            "id": "sess_testkit", "object": "realtime.session", "type": "realtime", "model": self.model,
            "output_modalities": ["text"],
        });
        if self.beta {
            session["modalities"] = json!(["text"]);
        }
        for (name, value) in changes.as_object().into_iter().flatten() {
            session[name] = value.clone();
        }
        session
    }

    fn answers(&mut self, text: &str) -> Vec<Value> {
        let event: Value = serde_json::from_str(text).unwrap_or(Value::Null);
        match event["type"].as_str() {
            Some("session.update") => {
                vec![json!({ "type": "session.updated", "session": self.session(&event["session"]) })]
            }
            Some("conversation.item.create") => self.item_created(&event["item"]),
            Some("response.create") => self.response(),
            other => {
                let message = format!("Invalid value: '{}'.", other.unwrap_or_default());
                vec![json!({ "type": "error", "error": {
                    "type": "invalid_request_error", "code": "invalid_value", "message": message, "param": "type",
                    "event_id": event["event_id"],
                } })]
            }
        }
    }

    fn item_created(&mut self, item: &Value) -> Vec<Value> {
        let mut item = item.clone();
        if item.is_object() {
            if item["id"].is_null() {
                item["id"] = format!("item_{:08}", self.events).into();
            }
            item["object"] = "realtime.item".into();
            item["status"] = "completed".into();
        }
        self.said = item["content"][0]["text"].as_str().unwrap_or_default().to_owned();
        let event = |name: &str| json!({ "type": name, "previous_item_id": null, "item": item });
        if self.beta {
            return vec![event("conversation.item.created")];
        }
        vec![event("conversation.item.created"), event("conversation.item.added"), event("conversation.item.done")]
    }

    fn response(&mut self) -> Vec<Value> {
        let response = format!("resp_{:08}", self.events);
        let item = format!("item_r{:08}", self.events);
        let text = format!("You said: {}", self.said);
        let name = if self.beta { "response.text" } else { "response.output_text" };
        let part = if self.beta { "text" } else { "output_text" };
        let shape = |status: &str, output: Value| {
            json!({ "id": response, "object": "realtime.response", "status": status, "status_details": null,
                "output": output, "usage": null })
        };
        let at = |kind: String| json!({ "type": kind, "response_id": response, "item_id": item, "output_index": 0, "content_index": 0 });
        let mut events = vec![json!({ "type": "response.created", "response": shape("in_progress", json!([])) })];
        for piece in text.split_inclusive(' ') {
            let mut delta = at(format!("{name}.delta"));
            delta["delta"] = piece.into();
            events.push(delta);
        }
        let mut whole = at(format!("{name}.done"));
        whole["text"] = text.as_str().into();
        events.push(whole);
        let message = json!({ "id": item, "object": "realtime.item", "type": "message", "status": "completed",
            "role": "assistant", "content": [{ "type": part, "text": text }] });
        let mut done = shape("completed", json!([message]));
        done["usage"] = json!({ "total_tokens": 2, "input_tokens": 1, "output_tokens": 1 });
        events.push(json!({ "type": "response.done", "response": done }));
        events
    }
}
