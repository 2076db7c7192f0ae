//! Surgery on a `multipart/form-data` body: read or set one text field and leave every other byte alone.
//!
//! In: a body and its boundary. Out: a field's text, or a new body that differs in that field only. Files inside are
//! passed over by a substring search, never copied or decoded.

use std::fmt;
use std::ops::Range;

use bytes::{BufMut, Bytes, BytesMut};

mod parts;
#[cfg(test)]
mod tests;

use parts::{Parts, parameter};

/// The longest boundary that RFC 2046 allows.
const MAX_BOUNDARY: usize = 70;

/// Why a body is not the form it says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MultipartError {
    /// The boundary does not appear.
    NoParts,
    /// A part whose header lines do not end.
    BadHeader,
    /// The closing boundary is missing.
    NotTerminated,
}

impl fmt::Display for MultipartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoParts => "the form has no part with the boundary its content type names",
            Self::BadHeader => "a part of the form has malformed headers",
            Self::NotTerminated => "the form ends without its closing boundary",
        })
    }
}

impl std::error::Error for MultipartError {}

/// One part of the form, as places in the body.
#[derive(Debug)]
struct Part {
    head: Range<usize>,
    content: Range<usize>,
    /// The boundary follows the head at once: the empty content has no line break of its own.
    is_bare: bool,
}

/// One field of the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field<'b> {
    /// Its name.
    pub name: String,
    /// Whether it was sent as a file.
    pub is_file: bool,
    /// The file's name.
    pub file_name: Option<String>,
    /// What the file is said to be.
    pub media_type: Option<&'b str>,
    /// Its bytes.
    pub content: &'b [u8],
}

/// All fields in order.
///
/// # Errors
/// What is wrong with the form, without its text.
pub fn fields<'b>(body: &'b [u8], boundary: &str) -> Result<Vec<Field<'b>>, MultipartError> {
    let (mut parts, mut found) = (Parts::new(body, boundary), Vec::new());
    for part in parts.by_ref() {
        found.extend(parts::named(body, &part?));
    }
    parts.close().map(|_| found).ok_or(MultipartError::NotTerminated)
}

/// The boundary that a `multipart/form-data` content type names. `None` for other types and unusable boundaries.
pub fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let found = parameter(parameters, "boundary")?;
    let usable = (1..=MAX_BOUNDARY).contains(&found.len()) && found.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    (usable && !found.ends_with(' ')).then_some(found)
}

/// The text of the first part with this name that is no file. `None` when there is none or it is not UTF-8.
pub fn text_field(body: &[u8], boundary: &str, name: &str) -> Option<String> {
    let part = text_parts(body, boundary, name).next()?;
    std::str::from_utf8(&body[part.content]).ok().map(str::to_owned)
}

/// How many text parts have this name. Two `model` parts would let client and upstream each mean another.
pub(crate) fn count(body: &[u8], boundary: &str, name: &str) -> usize {
    text_parts(body, boundary, name).count()
}

/// Gives the text field this value: replaced where it stands (the first, if there are more), or added as a last part.
/// A body that is not well formed to its end comes back unchanged.
pub fn set_field(body: &Bytes, boundary: &str, name: &str, value: &str) -> Bytes {
    let mut parts = Parts::new(body, boundary);
    let mut target = None;
    for part in parts.by_ref() {
        let Ok(part) = part else { return body.clone() };
        if target.is_none() && parts::is_text_field(body, &part, name) {
            target = Some(part);
        }
    }
    let Some(close) = parts.close() else { return body.clone() };
    let (at, addition) = match target {
        Some(part) => (part.content, if part.is_bare { format!("{value}\r\n") } else { value.to_owned() }),
        None => {
            let name = name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
            let part = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            (close..close, part)
        }
    };
    let mut out = BytesMut::with_capacity(body.len() + addition.len());
    out.put_slice(&body[..at.start]);
    out.put_slice(addition.as_bytes());
    out.put_slice(&body[at.end..]);
    out.freeze()
}

/// Whether the body is well formed and complete.
///
/// # Errors
/// What is wrong with it, without its text.
pub fn check(body: &[u8], boundary: &str) -> Result<(), MultipartError> {
    let mut parts = Parts::new(body, boundary);
    for part in parts.by_ref() {
        part?;
    }
    parts.close().map(|_| ()).ok_or(MultipartError::NotTerminated)
}

fn text_parts<'b>(body: &'b [u8], boundary: &'b str, name: &'b str) -> impl Iterator<Item = Part> + 'b {
    Parts::new(body, boundary).map_while(Result::ok).filter(move |part| parts::is_text_field(body, part, name))
}
