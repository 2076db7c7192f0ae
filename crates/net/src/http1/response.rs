//! Reads a response head and decides how its body is framed (RFC 9112, sections 4, 5 and 6.3). Pure.
//!
//! Where a peer's framing can be read in two ways it is refused, not guessed: a wrong guess would hand the end of one
//! reply to the request behind it.

use std::mem::MaybeUninit;

use bytes::{Buf, Bytes};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode, Version};

use super::decode::Decoder;
use crate::link::MAX_HEAD;

/// The most lines a head may have.
const MAX_LINES: usize = 128;

/// A response head, its fields as the peer sent them.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
}

/// How to read on behind a head.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rest {
    pub(super) body: Decoder,
    /// Whether the connection may be used again after the body.
    pub(super) reusable: bool,
}

/// What is wrong with a head.
pub(super) type Malformed = String;

impl Head {
    /// Takes a head off the front of `from`; `None` when it is not whole yet. `asked` is the request's method.
    pub(super) fn take(from: &mut Bytes, asked: &Method) -> Result<Option<(Self, Rest)>, Malformed> {
        let mut lines = [MaybeUninit::uninit(); MAX_LINES];
        let mut response = httparse::Response::new(&mut []);
        let parsed = httparse::ParserConfig::default()
            .parse_response_with_uninit_headers(&mut response, from, &mut lines)
            .map_err(|error| error.to_string())?;
        let length = match parsed {
            httparse::Status::Complete(length) if length <= MAX_HEAD => length,
            httparse::Status::Partial if from.len() <= MAX_HEAD => return Ok(None),
            httparse::Status::Complete(_) | httparse::Status::Partial => return Err("the head is too long".into()),
        };
        let status = StatusCode::from_u16(response.code.unwrap_or_default()).map_err(|error| error.to_string())?;
        let version = if response.version == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 };
        let headers = fields(from, response.headers)?;
        let (body, delimited) = framing(asked, status, &headers)?;
        // A coding that HTTP/1.0 does not have, or content where there can be none: somebody is mistaken about the framing.
        let framed = headers.contains_key(header::TRANSFER_ENCODING);
        let doubtful = framed && version == Version::HTTP_10
            || status == StatusCode::NO_CONTENT
                && (framed || items(&headers, &header::CONTENT_LENGTH).any(|length| length != "0"));
        let reusable = delimited && !doubtful && persists(version, &headers);
        from.advance(length);
        Ok(Some((Self { status, version, headers }, Rest { body, reusable })))
    }

    /// Whether another head follows (RFC 9110, section 15.2). A 101 is the last one.
    pub(super) fn interim(&self) -> bool {
        self.status.is_informational() && self.status != StatusCode::SWITCHING_PROTOCOLS
    }
}

/// The values share the memory of what was read. There is room for a few more, which gateways add to what they pass on.
fn fields(from: &Bytes, lines: &[httparse::Header<'_>]) -> Result<HeaderMap, Malformed> {
    let mut headers = HeaderMap::with_capacity(lines.len() + 6);
    for line in lines {
        let name = HeaderName::from_bytes(line.name.as_bytes()).map_err(|error| error.to_string())?;
        let value = HeaderValue::from_maybe_shared(from.slice_ref(line.value)).map_err(|error| error.to_string())?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// How the body is framed, and whether its end can be told from the end of the connection.
fn framing(asked: &Method, status: StatusCode, headers: &HeaderMap) -> Result<(Decoder, bool), Malformed> {
    let bodiless = status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if *asked == Method::HEAD || bodiless {
        return Ok((Decoder::Ended, true));
    }
    if headers.contains_key(header::TRANSFER_ENCODING) {
        let mut codings = items(headers, &header::TRANSFER_ENCODING);
        return match (codings.next(), codings.next()) {
            // With a length beside it somebody on the way may have read it differently: the last exchange here.
            (Some(coding), None) if coding.eq_ignore_ascii_case("chunked") => {
                Ok((Decoder::chunked(), !headers.contains_key(header::CONTENT_LENGTH)))
            }
            _ => Err("a transfer coding other than chunked".into()),
        };
    }
    let mut lengths = items(headers, &header::CONTENT_LENGTH);
    let Some(first) = lengths.next() else {
        return match headers.contains_key(header::CONTENT_LENGTH) {
            true => Err("an empty content-length".into()),
            false => Ok((Decoder::Close, false)),
        };
    };
    // Several are several readings, unless they agree. `parse` alone would take a sign.
    match first.parse() {
        Ok(length) if first.bytes().all(|byte| byte.is_ascii_digit()) && lengths.all(|other| other == first) => {
            Ok((Decoder::length(length), true))
        }
        _ => Err("content-length is not one number".into()),
    }
}

/// Whether the connection stays open (RFC 9112, section 9.3).
fn persists(version: Version, headers: &HeaderMap) -> bool {
    let says = |what: &str| items(headers, &header::CONNECTION).any(|option| option.eq_ignore_ascii_case(what));
    if version == Version::HTTP_11 { !says("close") } else { says("keep-alive") && !says("close") }
}

/// The items of a list header. A value that is not text is one item that matches nothing.
fn items<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).into_iter().map(|value| value.to_str().unwrap_or("\u{fffd}"));
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests;
