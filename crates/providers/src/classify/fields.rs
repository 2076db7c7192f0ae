//! The fields of an error body that rules look at, whatever its shape.
//!
//! Text of an error is taken from error fields alone, never from the whole body; what is no error field is skipped
//! unread, so that an echoed prompt costs nothing and proves nothing.

mod json;

use std::borrow::Cow;

use super::text::{append, capped, trailing_code};
use json::{Object, Value};

/// How often an error may be wrapped into another; a list is a wrapper, too.
const DEPTH: u8 = 6;
/// The longest code, type or reason that is kept, in bytes. Some write a sentence there.
const WORD: usize = 256;
/// How many finer reasons are kept.
const REASONS: usize = 16;

/// An error, unwrapped. Empty where it says nothing.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Fields {
    /// A status the body names, 400 to 599.
    pub(super) status: Option<u16>,
    /// The code in lower case, numbers as text.
    pub(super) code: String,
    /// The type, or Google's status word, in lower case.
    pub(super) kind: String,
    /// Finer reasons in lower case: inner codes, limit sources, quota ids, `details[].reason`.
    pub(super) reasons: Vec<String>,
    /// The message and everything that explains it, made comparable.
    pub(super) text: String,
    /// The message as it was written.
    pub(super) message: String,
    /// Whether the error names a parameter of the request.
    pub(super) has_param: bool,
    /// Times that stand in fields.
    pub(super) times: Times,
}

/// Fields that say when to come back, as they are written.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Times {
    /// Milliseconds.
    pub(super) millis: Option<String>,
    /// Seconds, or a duration with units.
    pub(super) delay: Option<String>,
    /// A moment, or a duration.
    pub(super) reset: Option<String>,
    /// Rate limit headers that the body repeats; names in lower case.
    pub(super) headers: Vec<(String, String)>,
}

impl Fields {
    /// Reads a body. `None`: it is not JSON. What it is but says nothing of an error reads as empty.
    pub(super) fn read(body: &str) -> Option<Self> {
        let mut fields = Self::default();
        fields.value(body.trim_start_matches('\u{feff}').trim(), 0)?;
        Some(fields)
    }

    /// The code at the end of the message takes the place of a code that is no number.
    pub(super) fn take_trailing_code(&mut self) {
        let numbered = !self.code.is_empty() && self.code.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(code) = trailing_code(&self.message).filter(|_| !numbered) {
            code.clone_into(&mut self.code);
        }
    }

    /// AWS names the error in a header, whatever the body says; so do the frames of its streams, whose
    /// `:exception-type` stands in the header's place.
    pub(super) fn take_header_code(&mut self, headers: &http::HeaderMap) {
        let name = headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok());
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            self.code = word(after_hash(name));
        }
    }

    fn value(&mut self, text: &str, depth: u8) -> Option<()> {
        match text.as_bytes().first()? {
            b'{' => self.envelope(&Object::parse(text)?, depth),
            b'[' | b'"' => {
                let raw: &serde_json::value::RawValue = serde_json::from_str(text).ok()?;
                self.inner(Value::from(raw), depth);
            }
            _ => return None,
        }
        Some(())
    }

    /// What stands in the place of an error.
    fn inner(&mut self, value: Value<'_>, depth: u8) {
        if depth > DEPTH {
            return;
        }
        if let Some(text) = value.text() {
            let wrapped = text.trim_start().starts_with(['{', '[']);
            if !wrapped || self.value(text.trim(), depth + 1).is_none() {
                self.said(&text);
            }
        } else if let Some(first) = value.list().first() {
            self.inner(*first, depth + 1);
        } else if let Some(object) = value.object() {
            self.envelope(&object, depth + 1);
        }
    }

    /// Finds the error in the places where errors stand, the most telling first.
    fn envelope(&mut self, outer: &Object<'_>, depth: u8) {
        if depth > DEPTH {
            return;
        }
        let wrapped = ["response", "Response", "ResponseMetadata"].iter().find_map(|name| outer.object(name));
        let errors = ["error", "Error", "ErrorMsg"];
        if let Some(wrapped) = wrapped.filter(|inner| errors.iter().any(|name| inner.get(name).is_some())) {
            return self.envelope(&wrapped, depth + 1);
        }
        let place = ["error", "Error", "ErrorMsg", "fault", "last_error", "base_resp", "header", "errors"];
        for value in place.iter().filter_map(|name| outer.get(name)) {
            if let Some(error) = value.object() {
                self.error(&error, depth);
                self.status = self.status.or_else(|| status(outer));
                return;
            }
            if let Some(text) = value.text() {
                return self.sentence(&text, value, outer, depth);
            }
            if let Some(first) = value.list().first() {
                return self.inner(*first, depth + 1);
            }
        }
        if let Some(feedback) = outer.object("promptFeedback").and_then(|feedback| feedback.word(&["blockReason"])) {
            self.kind = "prompt_blocked".to_owned();
            return self.reason(Some(feedback));
        }
        self.error(outer, depth);
    }

    /// `error` is a text: a sentence, another error, or OAuth's word with the sentence beside it.
    fn sentence(&mut self, text: &str, value: Value<'_>, outer: &Object<'_>, depth: u8) {
        if text.trim_start().starts_with('{') {
            return self.inner(value, depth + 1);
        }
        self.error(outer, depth);
        match outer.get("error_description").and_then(Value::text) {
            Some(_) if self.code.is_empty() => self.code = word(text),
            Some(_) | None => self.said(text),
        }
    }

    /// The fields of the error itself.
    fn error(&mut self, error: &Object<'_>, depth: u8) {
        const CODES: [&str; 7] = ["code", "Code", "error_code", "status_code", "err_code", "errorcode", "__type"];
        self.code = error.word(&CODES).map(|code| word(after_hash(&code))).unwrap_or_default();
        let kind = error.word(&["type"]).filter(|kind| kind != "error");
        let status_word = error.get("status").and_then(Value::text);
        let status_word = status_word.filter(|word| !word.bytes().all(|byte| byte.is_ascii_digit()));
        self.kind = kind.or(status_word).map(|kind| word(&kind)).unwrap_or_default();
        self.status = self.status.or_else(|| status(error));
        self.has_param |= error.word(&["param"]).is_some_and(|param| !param.is_empty());
        for name in ["message", "Message", "msg", "Msg", "error_msg", "status_msg", "err_msg", "faultstring", "detail"]
        {
            let Some(value) = error.get(name) else { continue };
            match value.text() {
                Some(text) if text.trim_start().starts_with(['{', '[']) => self.wrapped(value, depth),
                Some(text) => self.said(&text),
                None => self.listed(value, depth),
            }
        }
        if let Some(text) = error.get("error_description").and_then(Value::text) {
            self.said(&text);
        }
        self.times.read(error);
        self.finer(error, depth);
    }

    /// A message that is another error: relays wrap those of their own providers.
    fn wrapped(&mut self, value: Value<'_>, depth: u8) {
        let (code, kind) = (std::mem::take(&mut self.code), std::mem::take(&mut self.kind));
        let status = self.status.take();
        self.inner(value, depth + 1);
        self.status = self.status.or(status);
        // what the wrapper calls it holds where the inner error says less
        if self.code.is_empty() && self.kind.is_empty() {
            (self.code, self.kind) = (code, kind);
        }
    }

    /// FastAPI's `detail`: an object, or a list of what is wrong with the request. Only its sentences; the `input`
    /// beside them is the caller's.
    fn listed(&mut self, value: Value<'_>, depth: u8) {
        if depth > DEPTH {
            return;
        }
        let object = value.object().or_else(|| value.list().first()?.object());
        let Some(object) = object else { return };
        self.reason(object.word(&["errorcode", "code"]));
        for name in ["message", "msg", "error", "detail"] {
            match object.get(name).map(|value| (value, value.text())) {
                Some((_, Some(text))) => self.said(&text),
                Some((value, None)) => self.listed(value, depth + 1),
                None => {}
            }
        }
    }

    fn finer(&mut self, error: &Object<'_>, depth: u8) {
        self.reason(error.word(&["reason"]));
        for name in ["innererror", "inner_error"] {
            self.reason(error.object(name).and_then(|inner| inner.word(&["code"])));
        }
        if let Some(details) = error.get("details") {
            self.reason(details.object().and_then(|details| details.word(&["error_code"])));
            for detail in details.list().iter().filter_map(|detail| detail.object()) {
                self.reason(detail.word(&["reason"]));
                for violation in detail.get("violations").map(Value::list).unwrap_or_default() {
                    self.reason(violation.object().and_then(|violation| violation.word(&["quotaId"])));
                }
                self.times.read_detail(&detail);
            }
        }
        if let Some(metadata) = error.object("metadata") {
            self.reason(metadata.word(&["limit_source"]));
            if metadata.get("flagged_input").or(metadata.get("reasons")).is_some() {
                self.reason(Some(Cow::Borrowed("flagged_input")));
            }
            if let Some(raw) = metadata.get("raw").filter(|_| depth < DEPTH) {
                let mut upstream = Self::default();
                upstream.inner(raw, depth + 1);
                append(&mut self.text, &upstream.message);
            }
            self.times.read_metadata(&metadata);
        }
    }

    fn reason(&mut self, reason: Option<Cow<'_, str>>) {
        if let Some(reason) = reason.filter(|reason| !reason.is_empty() && self.reasons.len() < REASONS) {
            self.reasons.push(word(&reason));
        }
    }

    fn said(&mut self, text: &str) {
        if self.message.is_empty() {
            capped(text).clone_into(&mut self.message);
        }
        append(&mut self.text, text);
    }
}

impl Times {
    fn read(&mut self, error: &Object<'_>) {
        let own = |names: &[&str]| error.word(names).map(Cow::into_owned);
        self.millis = own(&["retry_after_ms"]);
        self.delay = own(&["resets_in_seconds", "retry_after", "retry_after_seconds"]);
        self.reset = own(&["resets_at"]);
    }

    /// Google's `RetryInfo` and what `ErrorInfo` says about a reset.
    fn read_detail(&mut self, detail: &Object<'_>) {
        if let Some(delay) = detail.get("retryDelay") {
            self.delay = delay.text().map(Cow::into_owned).or_else(|| seconds_and_nanos(&delay.object()?));
        }
        if let Some(metadata) = detail.object("metadata") {
            let reset = metadata.word(&["quotaResetDelay", "quotaResetTimeStamp"]);
            self.reset = self.reset.take().or_else(|| reset.map(Cow::into_owned));
        }
    }

    /// OpenRouter repeats the headers of the limit.
    fn read_metadata(&mut self, metadata: &Object<'_>) {
        let Some(headers) = metadata.get("headers") else { return };
        let map = serde_json::from_str::<serde_json::Map<_, _>>(headers.raw()).unwrap_or_default();
        let plain = |value: serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.headers = map.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), plain(value))).collect();
        if let Some(delay) = metadata.word(&["retry_after", "retry_after_seconds"]) {
            self.delay = Some(delay.into_owned());
        }
    }
}

fn word(text: &str) -> String {
    text[..text.floor_char_boundary(WORD.min(text.len()))].to_lowercase()
}

/// A duration as protobuf has it where it is not written as a text.
fn seconds_and_nanos(delay: &Object<'_>) -> Option<String> {
    let part = |name| delay.word(&[name]).and_then(|part| part.parse::<u32>().ok());
    match (part("seconds"), part("nanos")) {
        (None, None) => None,
        (seconds, nanos) => Some(format!("{}.{:09}", seconds.unwrap_or(0), nanos.unwrap_or(0))),
    }
}

/// AWS writes `namespace#Name` and `Name:address`.
fn after_hash(code: &str) -> &str {
    let name = code.rsplit_once('#').map_or(code, |(_, name)| name);
    name.split_once(":http").map_or(name, |(name, _)| name)
}

fn status(object: &Object<'_>) -> Option<u16> {
    const NAMES: [&str; 6] = ["status", "http_code", "status_code", "statusCode", "http_status", "code"];
    NAMES.iter().find_map(|name| {
        let status: u16 = object.word(&[name])?.parse().ok()?;
        (400..600).contains(&status).then_some(status)
    })
}

#[cfg(test)]
mod tests;
