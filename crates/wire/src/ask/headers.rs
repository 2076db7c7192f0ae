//! Which headers travel on, and which keys the caller brought.

use http::header::{AUTHORIZATION, CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_PROTOCOL};

use crate::operation::decode;

/// The credential headers, in the order they are believed as the caller's upstream key.
static CREDENTIALS: [HeaderName; 5] =
    [X_API_KEY, HeaderName::from_static("x-authorization"), AUTHORIZATION, API_KEY, X_GOOG_API_KEY];

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const API_KEY: HeaderName = HeaderName::from_static("api-key");
const X_GOOG_API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");

/// The subprotocol in which browsers send OpenAI's realtime API their key.
const WEBSOCKET_KEY: &str = "openai-insecure-api-key.";

/// Beginnings of hop-by-hop headers, and of those that tell upstream who the client is.
const DROPPED_PREFIXES: [&str; 3] = ["proxy-", "x-forwarded-", "x-envoy-"];

/// Removes what must not travel on. Returns the caller's own upstream key, if it brought one.
pub(super) fn strip(headers: &mut HeaderMap) -> Option<String> {
    let dropped = held_back(headers, is_dropped);
    let brought = CREDENTIALS.iter().filter(|name| dropped.contains(name));
    let mut keys = brought.filter_map(|name| text(headers, name)).map(bearer).filter(|key| !key.is_empty());
    let key = keys.next().or_else(|| websocket_key(headers)).map(str::to_owned);
    for name in dropped {
        headers.remove(name);
    }
    strip_websocket_key(headers);
    key
}

/// The names of the headers that do not travel on: those of which `is_out` says so, and those that `Connection` names
/// (RFC 9110, section 7.6.1). One look at the names is quicker than looking each of them up.
pub fn held_back(headers: &HeaderMap, is_out: impl Fn(&str) -> bool) -> Vec<HeaderName> {
    let mut names: Vec<HeaderName> = headers.keys().filter(|name| is_out(name.as_str())).cloned().collect();
    for value in headers.get_all(CONNECTION) {
        let named = value.to_str().unwrap_or_default().split(',');
        names.extend(named.filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok()));
    }
    names
}

fn is_dropped(name: &str) -> bool {
    // a `match` compares the few of the same length only
    match name {
        // hop by hop
        "connection" | "http2-settings" | "keep-alive" | "te" | "trailer" | "transfer-encoding" | "upgrade" => true,
        // what we set ourselves
        "accept-encoding" | "content-length" | "expect" | "host" => true,
        // who the client is
        "forwarded" | "x-hi-original-auth" | "x-original-host" | "x-real-ip" => true,
        // the credentials above
        "x-api-key" | "x-authorization" | "authorization" | "api-key" | "x-goog-api-key" => true,
        _ => name.starts_with(['p', 'x']) && DROPPED_PREFIXES.iter().any(|prefix| name.starts_with(prefix)),
    }
}

/// The key that a caller offers at our own door: bearer token, `x-api-key`, `api-key`, `x-goog-api-key`, the realtime
/// subprotocol, or `?key=`. Pass the query on Gemini paths only: elsewhere `key` is not a credential and travels on.
pub fn client_key<'a>(headers: &'a HeaderMap, query: Option<&'a str>) -> Option<&'a str> {
    [AUTHORIZATION, X_API_KEY, API_KEY, X_GOOG_API_KEY]
        .iter()
        .find_map(|name| text(headers, name).map(bearer).filter(|key| !key.is_empty()))
        .or_else(|| websocket_key(headers))
        .or_else(|| pairs(query).find_map(|(name, value)| (name == "key" && !value.is_empty()).then_some(value)))
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn bearer(value: &str) -> &str {
    match value.split_at_checked(7) {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer ") => key.trim_start(),
        _ => value,
    }
}

fn subprotocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|item| !item.is_empty())
}

fn websocket_key(headers: &HeaderMap) -> Option<&str> {
    subprotocols(headers).find_map(|item| item.strip_prefix(WEBSOCKET_KEY)).filter(|key| !key.is_empty())
}

fn strip_websocket_key(headers: &mut HeaderMap) {
    if !headers.contains_key(SEC_WEBSOCKET_PROTOCOL) {
        return;
    }
    let kept: Vec<&str> = subprotocols(headers).filter(|item| !item.starts_with(WEBSOCKET_KEY)).collect();
    let value = (!kept.is_empty()).then(|| HeaderValue::try_from(kept.join(", ")).ok()).flatten();
    // A line that is no text could hide the key, so what is not understood does not travel on.
    match value {
        Some(value) => _ = headers.insert(SEC_WEBSOCKET_PROTOCOL, value),
        None => _ = headers.remove(SEC_WEBSOCKET_PROTOCOL),
    }
}

fn pairs(query: Option<&str>) -> impl Iterator<Item = (&str, &str)> {
    query.unwrap_or_default().split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// A query parameter, decoded.
pub(super) fn parameter(query: Option<&str>, wanted: &str) -> Option<String> {
    let (_, value) = pairs(query).find(|(name, value)| *name == wanted && !value.is_empty())?;
    decode(&value.replace('+', " ")).map(std::borrow::Cow::into_owned)
}

/// The query without its `key` parameters, and the first of those.
pub(super) fn split_key(query: Option<&str>) -> (Option<String>, Option<String>) {
    let Some(query) = query else { return (None, None) };
    let is_key = |pair: &&str| decode(pair.split('=').next().unwrap_or_default()).is_some_and(|name| name == "key");
    let kept: Vec<&str> = query.split('&').filter(|pair| !is_key(pair)).collect();
    ((!kept.is_empty()).then(|| kept.join("&")), parameter(Some(query), "key"))
}

/// A host without its port. An IPv6 address keeps its brackets.
pub(super) fn without_port(host: &str) -> &str {
    let after_address = host.rfind(']').map_or(0, |at| at + 1);
    match host[after_address..].find(':') {
        Some(at) => &host[..after_address + at],
        None => host,
    }
}
