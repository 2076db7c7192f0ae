//! The headers of a request to a provider: the caller's, adapted, and those that the row adds.

use claviger_wire::Ask;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::address::{filled, names_set_option};
use crate::row::Row;
use crate::settings::Settings;

/// A header of every request.
#[derive(Debug)]
pub(crate) struct Added {
    name: HeaderName,
    value: HeaderValue,
    way: Way,
    streams_only: bool,
}

/// What becomes of a header of the same name that the caller sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It stays instead of ours.
    Default,
    /// Ours replaces it.
    Forced,
    /// Both are one list.
    Joined,
}

/// Those of a row. What no header can carry is left out.
pub(crate) fn added(row: &Row, settings: &Settings) -> Vec<Added> {
    let always = row.headers.iter().map(|(name, text)| (name, text, false));
    let streams = row.stream_headers.iter().map(|(name, text)| (name, text, true));
    let read = |(name, text, streams_only): (&String, &String, bool)| {
        let (way, text) = match (text.strip_prefix('+'), text.strip_prefix('!')) {
            (Some(text), _) => (Way::Joined, text),
            (None, Some(text)) => (Way::Forced, text),
            (None, None) if names_set_option(text, settings) => (Way::Forced, text.as_str()),
            (None, None) => (Way::Default, text.as_str()),
        };
        let value = HeaderValue::from_str(&filled(text, row, settings)).ok()?;
        Some(Added { name: name.parse().ok()?, value, way, streams_only })
    };
    always.chain(streams).filter_map(read).collect()
}

/// The caller's headers for a request in the caller's own dialect.
pub(crate) fn passed(ask: &Ask, added: &[Added]) -> HeaderMap {
    // `Ask` has already left out the host, the body's length and compression, which are the sender's to say.
    let mut headers = ask.headers.clone();
    if ask.stream {
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
    }
    add(&mut headers, added, ask.stream);
    headers
}

/// The same for a request that was translated: what the caller says to its own vendor is nobody else's.
pub(crate) fn translated(ask: &Ask, added: &[Added], stream: bool, vendor: &str) -> HeaderMap {
    let mut headers = passed(ask, &[]);
    let accept = if stream { "text/event-stream" } else { "application/json" };
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let foreign = |name: &str| {
        ["anthropic-", "openai-", "x-goog-"].iter().any(|start| name.starts_with(start) && *start != vendor)
    };
    let names: Vec<HeaderName> = headers.keys().filter(|name| foreign(name.as_str())).cloned().collect();
    for name in names {
        headers.remove(name);
    }
    add(&mut headers, added, stream);
    headers
}

fn add(headers: &mut HeaderMap, added: &[Added], stream: bool) {
    for Added { name, value, way, .. } in added.iter().filter(|added| stream || !added.streams_only) {
        let theirs = headers.get(name);
        let joined = theirs.filter(|_| *way == Way::Joined).and_then(|theirs| joined(theirs, value));
        if joined.is_some() || *way == Way::Forced || theirs.is_none() {
            headers.insert(name.clone(), joined.unwrap_or_else(|| value.clone()));
        }
    }
}

/// The caller's list with ours behind it, each word once.
fn joined(theirs: &HeaderValue, ours: &HeaderValue) -> Option<HeaderValue> {
    let mut words: Vec<&str> = Vec::new();
    for word in theirs.to_str().ok()?.split(',').chain(ours.to_str().ok()?.split(',')).map(str::trim) {
        if !word.is_empty() && !words.contains(&word) {
            words.push(word);
        }
    }
    HeaderValue::from_str(&words.join(",")).ok()
}
