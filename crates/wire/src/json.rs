//! Surgery on a JSON object's bytes: find, replace, add or remove a top-level field and leave every other byte alone.
//!
//! In: a body as received. Out: slices of it, or a new body that differs in the named field only. Nothing here builds
//! a tree, and no error text repeats what the body says.

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};
use serde::de::IgnoredAny;

pub(crate) mod cursor;
mod members;
#[cfg(test)]
mod tests;

use cursor::Cursor;
use members::Members;

/// Why a body is not the JSON object it should be. Shown to the caller, so it never repeats the body's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// Not JSON.
    Syntax {
        /// From 1.
        line: usize,
        /// From 0, in bytes.
        column: usize,
        /// What the parser expected there.
        message: String,
    },
    /// JSON, but not an object.
    NotObject,
    /// This wanted key appears twice: client and upstream could each mean another of the two.
    Duplicate(String),
    /// Not UTF-8.
    InvalidUtf8,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { line, column, message } => {
                write!(f, "the body is not valid JSON: {message} at line {line} column {column}")
            }
            Self::NotObject => f.write_str("the body must be a JSON object"),
            Self::Duplicate(key) => write!(f, "the body has the field `{key}` more than once"),
            Self::InvalidUtf8 => f.write_str("the body is not valid UTF-8"),
        }
    }
}

impl std::error::Error for JsonError {}

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> Self {
        let message = match error.classify() {
            // These two describe the grammar only; the others may quote a value.
            serde_json::error::Category::Syntax | serde_json::error::Category::Eof => {
                let text = error.to_string();
                text.split(" at line ").next().unwrap_or_default().to_owned()
            }
            serde_json::error::Category::Data | serde_json::error::Category::Io => "unexpected value".to_owned(),
        };
        Self::Syntax { line: error.line(), column: error.column(), message }
    }
}

/// Checks that the body is exactly one JSON object and returns, for each wanted top-level key, the JSON text of its
/// value as it stands in the body.
///
/// # Errors
/// When the body is anything else, or a wanted key appears more than once.
pub fn scan<'a, const N: usize>(body: &'a [u8], wanted: &[&str; N]) -> Result<[Option<&'a str>; N], JsonError> {
    let text = std::str::from_utf8(body).map_err(|_| JsonError::InvalidUtf8)?;
    let mut found = [None; N];
    let mut twice = None;
    let mut cursor = Cursor::new(text);
    let walked = cursor.members(|key, cursor| {
        let value = cursor.value()?;
        if let Some(place) = wanted.iter().position(|wanted| *wanted == key)
            && found[place].replace(value).is_some()
        {
            twice = Some(place);
        }
        Some(())
    });
    match (twice, walked) {
        (Some(place), _) => Err(JsonError::Duplicate(wanted[place].to_owned())),
        (None, Some(())) if cursor.is_over() => Ok(found),
        (None, Some(()) | None) => Err(fault(text)),
    }
}

/// What is wrong with a text that is not one object, in the words of a parser that tells.
fn fault(text: &str) -> JsonError {
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(IgnoredAny) => JsonError::NotObject,
        Err(error) => error.into(),
    }
}

/// Whether the body is one JSON value.
pub fn is_valid(body: &[u8]) -> bool {
    std::str::from_utf8(body).is_ok_and(|text| {
        let mut cursor = Cursor::new(text);
        cursor.value().is_some() && cursor.is_over()
    })
}

/// The same for the start of a body that was too large to hold: what can be found before the cut.
pub(crate) fn in_prefix<'a, const N: usize>(start: &'a [u8], wanted: &[&str; N]) -> [Option<&'a str>; N] {
    let mut found = [None; N];
    // the cut may be within a letter
    let whole = start.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let _ = Cursor::new(whole).members(|key, cursor| {
        let value = cursor.value()?;
        if let Some(place) = wanted.iter().position(|wanted| *wanted == key) {
            found[place] = Some(value);
        }
        Some(())
    });
    found
}

/// Replaces the value of a top-level key where it stands, or adds the key before the closing brace.
///
/// `body` must have passed [`scan`] and `raw_json` must be JSON text; a body that is no object comes back unchanged.
/// Of a key given twice the last is replaced, which is the one most parsers believe.
pub fn set_field(body: &Bytes, key: &str, raw_json: &str) -> Bytes {
    let Some(members) = Members::read(body, key) else { return body.clone() };
    let Some(last) = members.named.last() else {
        let comma = if members.is_empty { "" } else { "," };
        let addition = format!("{comma}{}:{raw_json}", quote(key));
        return splice(body, members.close, members.close, &addition);
    };
    splice(body, last.value.start, last.value.end, raw_json)
}

/// Removes a top-level key, its value and the one comma that joined it, each time it appears. Other bytes stay.
///
/// `body` must have passed [`scan`]; a body that is no object comes back unchanged.
pub fn remove_field(body: &Bytes, key: &str) -> Bytes {
    let Some(members) = Members::read(body, key) else { return body.clone() };
    if members.named.is_empty() {
        return body.clone();
    }
    let mut out = BytesMut::with_capacity(body.len());
    let mut copied = 0;
    for member in &members.named {
        // The comma before goes along, unless nothing that stays came before: then it is the comma after.
        let (from, to) = match (member.comma_before, member.next_key) {
            (Some(comma), _) if member.after_a_kept_one => (comma, member.value.end),
            (_, Some(next)) => (member.key_start, next),
            (_, None) => (member.key_start, member.value.end),
        };
        out.put_slice(&body[copied..from]);
        copied = to;
    }
    out.put_slice(&body[copied..]);
    out.freeze()
}

/// The text as a JSON string, quotes included.
pub fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn splice(body: &Bytes, from: usize, to: usize, with: &str) -> Bytes {
    let mut out = BytesMut::with_capacity(body.len() - (to - from) + with.len());
    out.put_slice(&body[..from]);
    out.put_slice(with.as_bytes());
    out.put_slice(&body[to..]);
    out.freeze()
}
