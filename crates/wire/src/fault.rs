//! The error fields of an answer, whatever dialect it is in.
//!
//! In: the body of a failed answer, or of a 200 that may hide a failure. Out: status, code, type, message and reason,
//! taken from the fields that hold errors and never from content, so that a model's words cannot look like a failure.

use serde_json::{Map, Value};

use crate::answer;

#[cfg(test)]
mod tests;

/// The longest message that is kept, in bytes.
const MAX_MESSAGE: usize = 2048;

/// The longest code, type or reason that is kept, in bytes. Some providers write a sentence there.
const MAX_WORD: usize = 256;

/// Longer bodies are no error descriptions; not worth a tree.
const MAX_BODY: usize = 1 << 20;

/// What an error body says. Empty where it says nothing; numbers as their text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorFields {
    /// The HTTP status the body names, 400 to 599.
    pub status: Option<u16>,
    /// `code`.
    pub code: String,
    /// `type`, or Google's status word.
    pub kind: String,
    /// `message`, at most 2 KiB of it.
    pub message: String,
    /// The finer cause: Google's `details[].reason`, Azure's `innererror.code`, Anthropic's `details.error_code`.
    pub reason: String,
}

/// The error fields of a failed answer. `None` when the body is not JSON or has none.
pub fn in_json(body: &[u8]) -> Option<ErrorFields> {
    if body.len() > MAX_BODY {
        return None;
    }
    let mut fields = in_value(serde_json::from_slice(body).ok()?)?;
    cap(&mut fields.message, MAX_MESSAGE);
    for word in [&mut fields.code, &mut fields.kind, &mut fields.reason] {
        cap(word, MAX_WORD);
    }
    Some(fields)
}

fn cap(text: &mut String, max: usize) {
    if text.len() > max {
        text.truncate(text.floor_char_boundary(max));
    }
}

fn in_value(value: Value) -> Option<ErrorFields> {
    match value {
        Value::Array(list) => in_value(list.into_iter().next()?),
        Value::String(message) => match serde_json::from_str(&message) {
            Ok(Value::Object(inner)) => in_object(&inner),
            _ => Some(ErrorFields { message, ..ErrorFields::default() }),
        },
        Value::Object(outer) => in_object(&outer),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
    .filter(|fields| *fields != ErrorFields::default())
}

/// Tries the places where errors stand, the most telling first.
fn in_object(outer: &Map<String, Value>) -> Option<ErrorFields> {
    if let Some(error) = outer.get("error").filter(|error| says_something(error)) {
        return Some(in_error(error, outer));
    }
    let nested = [
        inner(outer, &["response", "error"]),
        inner(outer, &["Response", "Error"]),
        inner(outer, &["Response", "ErrorMsg"]),
        inner(outer, &["ErrorMsg"]),
        inner(outer, &["last_error"]),
        outer.get("base_resp").and_then(Value::as_object).filter(|base| !base.get("status_code").is_none_or(is_zero)),
        outer.get("header").and_then(Value::as_object).filter(|header| !header.get("code").is_none_or(is_zero)),
        outer.get("errors").and_then(|errors| errors.get(0)).and_then(Value::as_object),
        inner(outer, &["fault"]),
    ];
    if let Some(error) = nested.into_iter().flatten().next() {
        return Some(flat(error, outer));
    }
    if let Some(feedback) = inner(outer, &["promptFeedback"]) {
        let kind = "prompt_blocked".to_owned();
        return Some(ErrorFields { kind, reason: string(feedback, &["blockReason"]), ..ErrorFields::default() });
    }
    let mut fields = flat(outer, outer);
    if fields.message.is_empty() {
        let places = ["detail", "errors", "message"].iter().filter_map(|name| outer.get(*name));
        let message = places.into_iter().find_map(|place| message_in_detail(Some(place)));
        fields.message = match message {
            Some(message) => message,
            None if outer.get("object").is_some_and(|object| object == "error") => String::new(),
            None => return None,
        };
    }
    Some(fields)
}

/// The value of `error` itself: an object, a string, or a bare sign.
fn in_error(error: &Value, outer: &Map<String, Value>) -> ErrorFields {
    match error {
        Value::Object(error) => flat(error, outer),
        Value::Array(list) => list.first().map(|first| in_error(first, outer)).unwrap_or_default(),
        Value::String(message) => match serde_json::from_str(message) {
            Ok(Value::Object(inner)) => in_object(&inner).unwrap_or_default(),
            _ => {
                let mut fields = flat(outer, outer);
                // OAuth: the word in `error`, the sentence beside it.
                match string(outer, &["error_description"]) {
                    sentence if sentence.is_empty() => fields.message.clone_from(message),
                    sentence => (fields.code, fields.message) = (message.clone(), sentence),
                }
                fields
            }
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => flat(outer, outer),
    }
}

/// Fields that stand side by side in `error`; `outer` is the whole body.
fn flat(error: &Map<String, Value>, outer: &Map<String, Value>) -> ErrorFields {
    let status = [error, outer].into_iter().find_map(|fields| {
        ["status", "http_code", "status_code", "code", "http_status"].iter().find_map(|name| status(fields.get(*name)))
    });
    let mut kind = string(error, &["type"]);
    if kind.is_empty() {
        kind = string(error, &["status"]);
        kind.retain(|letter| !letter.is_ascii_digit());
    }
    if kind == "error" {
        kind.clear();
    }
    ErrorFields {
        status,
        code: string(error, &["code", "Code", "status_code", "error_code", "err_code"]),
        kind,
        message: string(
            error,
            &["message", "Message", "msg", "Msg", "error_msg", "status_msg", "err_msg", "faultstring"],
        ),
        reason: reason(error),
    }
}

fn reason(error: &Map<String, Value>) -> String {
    let details = error.get("details");
    let listed = details.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    let mut found = listed.map(|detail| string(detail, &["reason"])).filter(|reason| !reason.is_empty());
    found.next().unwrap_or_else(|| {
        let places = [
            (inner(error, &["details"]), "error_code"),
            (inner(error, &["innererror"]), "code"),
            (inner(error, &["inner_error"]), "code"),
            (inner(error, &["detail"]), "errorcode"),
            (Some(error), "reason"),
        ];
        let mut texts = places.iter().filter_map(|(place, name)| Some(string((*place)?, &[*name])));
        texts.find(|text| !text.is_empty()).unwrap_or_default()
    })
}

/// FastAPI's `detail`: a sentence, an object, or a list of what is wrong with the request.
fn message_in_detail(detail: Option<&Value>) -> Option<String> {
    match detail? {
        Value::Object(detail) => match string(detail, &["message", "msg", "error"]) {
            message if message.is_empty() => first_text(detail.get("detail")),
            message => Some(message),
        },
        other => first_text(Some(other)),
    }
    .filter(|message| !message.is_empty())
}

fn first_text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(message) => Some(message.clone()),
        Value::Array(list) => match list.first()? {
            Value::Object(first) => Some(string(first, &["message", "msg"])),
            other => first_text(Some(other)),
        },
        Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
    .filter(|message| !message.is_empty())
}

fn inner<'v>(object: &'v Map<String, Value>, path: &[&str]) -> Option<&'v Map<String, Value>> {
    path.iter().try_fold(object, |object, name| object.get(*name)?.as_object()).filter(|found| !found.is_empty())
}

/// The first of these fields that holds a text or a number, as text.
fn string(object: &Map<String, Value>, names: &[&str]) -> String {
    let texts = names.iter().filter_map(|name| match object.get(*name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    });
    // Some write "null" for none.
    texts.into_iter().find(|text| !text.is_empty() && text != "null").unwrap_or_default()
}

fn status(value: Option<&Value>) -> Option<u16> {
    let status = match value? {
        Value::Number(number) => number.as_u64()?.try_into().ok()?,
        Value::String(text) => text.parse().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (400..=599).contains(&status).then_some(status)
}

fn is_zero(value: &Value) -> bool {
    value.as_f64() == Some(0.0) || value.is_null() || value.as_str().is_some_and(|text| text == "0")
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(fields) => fields.values().any(|field| !field.is_null()),
    }
}

/// The failure that a 200 hides. `None` for ordinary answers.
pub fn hidden_in_success(body: &[u8]) -> Option<ErrorFields> {
    answer::read(body)?.is_failure.then(|| in_json(body).unwrap_or_default())
}
