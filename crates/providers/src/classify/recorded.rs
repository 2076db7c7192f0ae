//! Answers that were written down: the form of `tests/cases.json`, read as the gateway reads live ones.
//!
//! Status 0 with a body such as `transport:connect_refused` is an attempt without an answer. Times of the calendar are
//! those of the answer's own `date`, since nobody knows when it was.

use bytes::Bytes;
use claviger_types::{Operation, WallTime};
use claviger_wire::sse::{Event, Splitter};
use claviger_wire::{fault, stream};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use super::{Classifier, Failure, Reading};

/// How the body names an attempt without an answer.
const TRANSPORT: &str = "transport:";

/// An answer as it was recorded.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// The status; 0: no answer.
    pub status: u16,
    /// The headers; see [`Recorded::header`].
    pub headers: HeaderMap,
    /// The body as it came, or the JSON of one frame.
    pub body: Bytes,
}

impl Recorded {
    /// Adds a header. The `:exception-type` or `:error-code` of an event stream's frame takes the place of
    /// `x-amzn-errortype`; other headers of frames, and what is no header, are left out.
    pub fn header(&mut self, name: &str, value: &str) {
        let name = if matches!(name, ":exception-type" | ":error-code") { "x-amzn-errortype" } else { name };
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
            self.headers.append(name, value);
        }
    }

    /// Reads one case: `status`, `headers` and `body`, which may be text or JSON.
    pub fn from_case(case: &Value) -> Self {
        let status = case["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or_default();
        let body = match &case["body"] {
            Value::Null => Bytes::new(),
            Value::String(text) => Bytes::from(text.clone()),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                Bytes::from(case["body"].to_string())
            }
        };
        let mut recorded = Self { status, headers: HeaderMap::new(), body };
        for (name, value) in case["headers"].as_object().into_iter().flatten() {
            recorded.header(name, value.as_str().unwrap_or_default());
        }
        recorded
    }
}

impl Classifier {
    /// What a recorded answer means. `None`: it is no failure.
    pub fn read_recorded(&self, recorded: &Recorded) -> Option<Reading> {
        let Recorded { status, headers, body } = recorded;
        let wall = WallTime::default();
        let text = std::str::from_utf8(body).unwrap_or_default().trim();
        if let Some(tag) = text.strip_prefix(TRANSPORT) {
            return Some(self.read(&ended(tag)));
        }
        if *status == 0 {
            return Some(self.read(&Failure::Connect));
        }
        // the frames of a WebSocket come after a 101
        let is_good = StatusCode::from_u16(*status)
            .is_ok_and(|status| status.is_success() || status == StatusCode::SWITCHING_PROTOCOLS);
        if !is_good {
            return Some(self.read(&Failure::Status { status: *status, headers, body, wall }));
        }
        let embedded = |body: &[u8]| Some(self.read(&Failure::Embedded { body, headers, wall }));
        if headers.contains_key("x-amzn-errortype") {
            return embedded(body);
        }
        if is_events(text) {
            return match in_events(body) {
                Found::Error(error) => embedded(&error),
                Found::Cut => Some(self.read(&Failure::Cut)),
                Found::Garbled => Some(self.read(&Failure::Garbled)),
                Found::Nothing => None,
            };
        }
        // 200 with nothing is no answer; 204 says that there is none
        let may_be_empty = *status != StatusCode::OK.as_u16();
        let is_json = text.is_empty() && may_be_empty || claviger_wire::json::is_valid(text.as_bytes());
        if !is_json {
            return Some(self.read(&Failure::Garbled));
        }
        fault::hidden_in_success(body).and_then(|_| embedded(body))
    }
}

/// How an attempt without an answer ended, by the words of its tag.
fn ended(tag: &str) -> Failure<'static> {
    let says = |words: &[&str]| words.iter().any(|word| tag.contains(word));
    if says(&["idle", "stall"]) {
        Failure::Idle
    } else if says(&["timeout", "timed_out", "deadline"]) {
        Failure::Timeout
    } else if says(&["eof", "cut", "truncated", "incomplete"]) {
        Failure::Cut
    } else if says(&["reset", "closed", "goaway", "broken"]) {
        Failure::Reset
    } else if says(&["garbled", "protocol", "malformed", "invalid"]) {
        Failure::Garbled
    } else {
        Failure::Connect
    }
}

fn is_events(text: &str) -> bool {
    ["data:", "event:", ":", "id:", "retry:"].iter().any(|start| text.starts_with(start))
}

enum Found {
    Error(Bytes),
    Cut,
    Garbled,
    Nothing,
}

/// The failure in a recorded stream. Which operation it answers is not written down: its events tell by their shape.
fn in_events(body: &Bytes) -> Found {
    const OPERATION: Operation = Operation::ChatCompletions;
    let mut splitter = Splitter::default();
    let mut complete = false;
    if splitter.push(body.clone()).is_err() {
        return Found::Garbled;
    }
    let mut events: Vec<Event> = std::iter::from_fn(|| splitter.next()).collect();
    events.extend(splitter.finish().map(Event::new));
    for event in &events {
        let reading = stream::read(OPERATION, event);
        if let Some(error) = reading.error {
            return Found::Error(error);
        }
        if reading.malformed {
            return Found::Garbled;
        }
        // callers see Gemini's refusal as it came, in a stream that is complete; what it means is told all the same
        let data = event.data();
        let hidden = || fault::hidden_in_success(data.as_bytes()).is_some_and(|said| said.kind == "prompt_blocked");
        if reading.finished && hidden() {
            return Found::Error(Bytes::copy_from_slice(data.as_bytes()));
        }
        complete |= reading.finished || reading.done;
    }
    if complete { Found::Nothing } else { Found::Cut }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn class(case: &Value) -> Option<&'static str> {
        let reading = Classifier::named("openai")?.read_recorded(&Recorded::from_case(case));
        reading.map(|reading| reading.verdict.class.name())
    }

    #[test]
    fn good_answers_are_no_failures() {
        let chunk = "data: {\"choices\":[{\"delta\":{\"content\":\"error\"},\"finish_reason\":\"stop\"}]}\n\n";
        assert_eq!(class(&json!({"status": 200, "body": {"choices": [{"message": {"content": "x"}}]}})), None);
        assert_eq!(class(&json!({"status": 200, "body": chunk})), None);
        assert_eq!(class(&json!({"status": 204, "body": ""})), None);
        assert_eq!(class(&json!({"status": 200, "body": ""})), Some("connection"));
        assert_eq!(class(&json!({"status": 200, "body": "data: {\"choices\":[]}\n\n"})), Some("connection"));
        assert_eq!(class(&json!({"status": 200, "body": "<html></html>"})), Some("connection"));
    }

    #[test]
    fn tags_say_how_an_attempt_ended() {
        for (tag, wanted) in [
            ("connect_refused", "connection"),
            ("dns", "connection"),
            ("tls", "connection"),
            ("reset", "connection"),
            ("first_byte_timeout", "timeout"),
            ("stream_idle_timeout", "timeout"),
            ("deadline_exceeded", "timeout"),
            ("eof_before_done", "connection"),
        ] {
            assert_eq!(class(&json!({"status": 0, "body": format!("transport:{tag}")})), Some(wanted), "{tag}");
        }
    }
}
