use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::endpoint::Egress;

fn to() -> Endpoint {
    Endpoint { tls: true, authority: "api.example:8443".into(), egress: Arc::new(Egress::default()) }
}

fn outgoing(headers: &[(&'static str, &'static str)]) -> Outgoing {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, http::HeaderValue::from_static(value));
    }
    let body = OutBody::Whole(Bytes::from_static(b"{}"));
    Outgoing { method: Method::POST, path: "/v1/chat?x=1".into(), headers: map, body, upgrade: false }
}

#[test]
fn connection_headers_and_those_they_name_are_dropped() {
    let request = outgoing(&[
        ("connection", "close, x-hop"),
        ("x-hop", "1"),
        ("te", "trailers"),
        ("transfer-encoding", "chunked"),
        ("content-length", "99"),
        ("host", "elsewhere"),
        ("x-end", "1"),
    ]);
    let to = to();
    let (_, payload) = Prepared::new(&to, request).unwrap();
    let names: Vec<_> = payload.headers.keys().map(HeaderName::as_str).collect();
    assert_eq!(names, ["x-end"]);
}

#[test]
fn http2_has_the_authority_in_its_url_and_no_host() {
    let to = to();
    let (prepared, payload) = Prepared::new(&to, outgoing(&[("host", "elsewhere")])).unwrap();
    let request = prepared.http2(payload).unwrap();
    assert_eq!(request.uri(), "https://api.example:8443/v1/chat?x=1");
    assert!(request.headers().is_empty());
}

#[test]
fn an_upgrade_keeps_its_connection_headers() {
    let mut request = outgoing(&[("connection", "upgrade"), ("upgrade", "websocket")]);
    request.upgrade = true;
    let to = to();
    let (_, payload) = Prepared::new(&to, request).unwrap();
    assert_eq!(payload.headers["connection"], "upgrade");
    assert_eq!(payload.headers["upgrade"], "websocket");
}

#[test]
fn paths_that_cannot_be_sent_are_refused() {
    for path in ["v1", "", "http://other/", "/a b", "/a\r\nx: y"] {
        let request = Outgoing { path: path.into(), ..outgoing(&[]) };
        assert_eq!(Prepared::new(&to(), request).err().unwrap().kind(), "bad_request", "{path:?}");
    }
}

#[test]
fn addresses_that_would_break_the_head_are_refused() {
    for authority in ["", "a b", "a\r\nx: y", "\u{e4}.example"] {
        let to = Endpoint { authority: authority.into(), ..to() };
        assert_eq!(Prepared::new(&to, outgoing(&[])).err().unwrap().kind(), "bad_request", "{authority:?}");
    }
}
