//! The fields of an error body that rules look at, whatever its shape.
//!
//! Text of an error is taken from error fields alone, never from the whole body.

use serde_json::{Map, Value};

/// Error bodies longer than this are read as if they were not JSON.
const MAX_BODY: usize = 256 * 1024;

/// An error, unwrapped.
#[derive(Debug, Default)]
pub(super) struct Fields {
    /// A status the body names: `status`, or a `code` that is one.
    pub(super) status: Option<u16>,
    /// `code`, numbers as text.
    pub(super) code: String,
    /// `type`.
    pub(super) kind: String,
    /// The message and everything that explains it, in lower case, without what stands in quotes: it may be the
    /// caller's own words, and those decide nothing.
    text: String,
    /// Whether the error names a parameter of the request.
    pub(super) has_param: bool,
    /// The message as it was written.
    pub(super) message: String,
    /// Finer reasons: inner codes, limit sources, `details[].reason`.
    pub(super) reasons: Vec<String>,
    /// The whole error object, for hints.
    pub(super) error: Value,
}

impl Fields {
    /// Reads a body. `None` when it is not JSON or holds nothing like an error.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        if body.len() > MAX_BODY {
            return None;
        }
        let value: Value = serde_json::from_slice(body).ok()?;
        let value = match value {
            Value::Array(mut items) if !items.is_empty() => items.swap_remove(0),
            other => other,
        };
        let mut fields = Self::default();
        fields.take(&value)?;
        fields.text = unquoted(&fields.text).to_lowercase();
        Some(fields)
    }

    /// Whether the error's text contains this, in lower case.
    pub(super) fn says(&self, phrase: &str) -> bool {
        self.text.contains(phrase)
    }

    fn take(&mut self, value: &Value) -> Option<()> {
        match value {
            Value::String(text) => self.said(text),
            Value::Object(object) => {
                let holder = holder(object);
                match ["error", "Error", "fault", "base_resp"].iter().find_map(|key| holder.get(*key)) {
                    Some(Value::Object(error)) => self.object(error),
                    Some(Value::String(text)) => {
                        self.object(holder);
                        self.said(text);
                    }
                    Some(_) | None => match holder.get("errors").and_then(|errors| errors.get(0)) {
                        Some(Value::Object(error)) => self.object(error),
                        Some(_) | None => self.object(holder),
                    },
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => return None,
        }
        let wordless = self.text.is_empty() && self.code.is_empty() && self.kind.is_empty();
        (!wordless || self.status.is_some() || !self.reasons.is_empty()).then_some(())
    }

    fn object(&mut self, error: &Map<String, Value>) {
        self.error = Value::Object(error.clone());
        let code = ["code", "Code", "error_code", "status_code"].iter().find_map(|key| error.get(*key));
        self.code = plain(code);
        self.kind = plain(error.get("type"));
        self.has_param = !plain(error.get("param")).is_empty();
        let status = error.get("code").and_then(status_of).or_else(|| error.get("status").and_then(status_of));
        self.status = self.status.or(status);
        for key in ["message", "Message", "msg", "faultstring", "detail", "error_msg", "status_msg"] {
            match error.get(key) {
                Some(Value::String(text)) => self.said(text),
                Some(Value::Object(inner)) => {
                    self.reasons.push(plain(inner.get("errorcode")));
                    self.text.push_str(&Value::Object(inner.clone()).to_string());
                }
                Some(Value::Array(items)) => self.text.push_str(&Value::Array(items.clone()).to_string()),
                Some(Value::Null | Value::Bool(_) | Value::Number(_)) | None => {}
            }
        }
        for key in ["innererror", "inner_error"] {
            self.reasons.push(plain(error.get(key).and_then(|inner| inner.get("code"))));
        }
        if let Some(status) = error.get("status").and_then(Value::as_str) {
            self.reasons.push(status.to_owned());
        }
        if let Some(details) = error.get("details") {
            self.reasons.push(plain(details.get("error_code")));
            for detail in details.as_array().into_iter().flatten() {
                self.reasons.push(plain(detail.get("reason")));
            }
        }
        if let Some(metadata) = error.get("metadata") {
            self.reasons.push(plain(metadata.get("limit_source")));
            if metadata.get("flagged_input").is_some() {
                self.reasons.push("flagged_input".to_owned());
            }
            if let Some(raw) = metadata.get("raw").and_then(Value::as_str) {
                self.text.push(' ');
                self.text.push_str(raw);
            }
        }
        self.reasons.retain(|reason| !reason.is_empty());
    }

    fn said(&mut self, text: &str) {
        if self.message.is_empty() {
            text.clone_into(&mut self.message);
        }
        self.text.push(' ');
        self.text.push_str(text);
    }
}

/// The object that holds the error: some APIs wrap theirs once more.
fn holder(object: &Map<String, Value>) -> &Map<String, Value> {
    let wrapped = ["response", "Response", "ResponseMetadata"].iter().find_map(|key| object.get(*key)?.as_object());
    wrapped.filter(|inner| inner.contains_key("error") || inner.contains_key("Error")).unwrap_or(object)
}

fn plain(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) if text != "null" => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) | None => String::new(),
    }
}

fn status_of(value: &Value) -> Option<u16> {
    let status: u16 = plain(Some(value)).parse().ok()?;
    (400..600).contains(&status).then_some(status)
}

/// `text` without the parts in backticks, double quotes and single quotes. An apostrophe inside a word opens nothing.
fn unquoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['`', '"', '\'']) {
        let (before, quoted) = rest.split_at(at);
        out.push_str(before);
        let mark = &quoted[..1];
        let opens = mark != "'" || !out.ends_with(char::is_alphanumeric);
        match quoted[1..].find(mark).filter(|_| opens) {
            Some(end) => rest = &quoted[end + 2..],
            None => {
                out.push_str(mark);
                rest = &quoted[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_text_is_left_out_and_apostrophes_are_not_quotes() {
        assert_eq!(unquoted("model `a b` isn't \"x\" 'y', it's"), "model  isn't  , it's");
        assert_eq!(unquoted("you've `open"), "you've `open");
    }

    #[test]
    fn errors_of_every_shape_are_unwrapped() {
        for (body, code, says) in [
            (r#"{"error":{"code":"c","message":"Said"}}"#, "c", "said"),
            (r#"{"error":"Said"}"#, "", "said"),
            (r#""Said""#, "", "said"),
            (r#"[{"error":{"code":7,"message":"said"}}]"#, "7", "said"),
            (r#"{"code":7,"msg":"said"}"#, "7", "said"),
            (r#"{"base_resp":{"status_code":7,"status_msg":"said"}}"#, "7", "said"),
            (r#"{"response":{"error":{"code":"c","message":"said"}}}"#, "c", "said"),
            (r#"{"Response":{"Error":{"Code":"c","Message":"said"}}}"#, "c", "said"),
            (r#"{"success":false,"errors":[{"code":7,"message":"said"}]}"#, "7", "said"),
            (r#"{"error_code":7,"error_msg":"said"}"#, "7", "said"),
        ] {
            let fields = Fields::read(body.as_bytes()).expect(body);
            assert!(fields.code == code && fields.says(says), "{body}");
        }
        assert!(Fields::read(b"{}").is_none() && Fields::read(b"<html>").is_none() && Fields::read(b"[]").is_none());
    }
}
