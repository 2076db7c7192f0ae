//! What is asked, in each client's protocol, and whether an answer is the right one.

use bytes::Bytes;
use serde_json::{Value, json};

/// One request, and what is needed to judge its answer.
pub(crate) struct Question {
    pub(crate) path: String,
    pub(crate) body: Bytes,
    /// What the user says; the answer says it back.
    pub(crate) text: String,
    pub(crate) streamed: bool,
    client: Client,
}

/// The protocol of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    OpenAiChat,
    OpenAiResponses,
    Anthropic,
    Gemini,
}

impl Client {
    pub(crate) const ALL: [Self; 4] = [Self::OpenAiChat, Self::OpenAiResponses, Self::Anthropic, Self::Gemini];
}

impl Question {
    pub(crate) fn new(client: Client, model: &str, number: usize, streamed: bool) -> Self {
        let text = format!("request {number}");
        let messages = json!([{ "role": "user", "content": text }]);
        let (path, body) = match client {
            Client::OpenAiChat => {
                ("/v1/chat/completions".to_owned(), json!({ "model": model, "stream": streamed, "messages": messages }))
            }
            Client::OpenAiResponses => (
                "/v1/responses".to_owned(),
                json!({ "model": model, "stream": streamed, "store": false, "input": messages }),
            ),
            Client::Anthropic => (
                "/v1/messages".to_owned(),
                json!({ "model": model, "stream": streamed, "max_tokens": 100, "messages": messages }),
            ),
            Client::Gemini => {
                let action = if streamed { "streamGenerateContent?alt=sse" } else { "generateContent" };
                let body = json!({ "contents": [{ "role": "user", "parts": [{ "text": text }] }] });
                (format!("/v1beta/models/{model}:{action}"), body)
            }
        };
        Self { path, body: body.to_string().into(), text, streamed, client }
    }

    /// Whether the answer says back what was asked, word for word, and is whole.
    pub(crate) fn is_answered_by(&self, body: &str) -> bool {
        let said = if self.streamed { self.streamed_text(body) } else { self.whole_text(body) };
        said.is_some_and(|said| said == format!("You said: {}", self.text))
    }

    fn whole_text(&self, body: &str) -> Option<String> {
        let body: Value = serde_json::from_str(body).ok()?;
        let place = match self.client {
            Client::OpenAiChat => "/choices/0/message/content",
            Client::OpenAiResponses => "/output/0/content/0/text",
            Client::Anthropic => "/content/0/text",
            Client::Gemini => "/candidates/0/content/parts/0/text",
        };
        Some(body.pointer(place)?.as_str()?.to_owned())
    }

    /// The text of a stream that ended as it should.
    fn streamed_text(&self, body: &str) -> Option<String> {
        let events: Vec<&str> = body.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
        let (text, last) = (events.iter().filter_map(|event| self.piece(event)).collect(), events.last()?);
        let ended = match self.client {
            Client::OpenAiChat => *last == "[DONE]",
            Client::OpenAiResponses => last.contains("\"response.completed\""),
            Client::Anthropic => last.contains("\"message_stop\""),
            Client::Gemini => last.contains("\"finishReason\""),
        };
        ended.then_some(text)
    }

    fn piece(&self, event: &str) -> Option<String> {
        let event: Value = serde_json::from_str(event).ok()?;
        let place = match self.client {
            Client::OpenAiChat => "/choices/0/delta/content",
            Client::OpenAiResponses if event["type"] == "response.output_text.delta" => "/delta",
            Client::OpenAiResponses => return None,
            Client::Anthropic => "/delta/text",
            Client::Gemini => "/candidates/0/content/parts/0/text",
        };
        Some(event.pointer(place)?.as_str()?.to_owned())
    }
}
