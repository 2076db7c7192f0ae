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
        map.append(*name, HeaderValue::from_static(value));
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
    let (prepared, payload) = Prepared::new(&to(), request).unwrap();
    let request = prepared.http1(payload);
    let names: Vec<_> = request.headers().keys().map(HeaderName::as_str).collect();
    assert_eq!(names, ["x-end", "host"]);
    assert_eq!(request.headers()["host"], "api.example:8443");
    assert_eq!(request.uri(), "/v1/chat?x=1");
}

#[test]
fn http2_has_the_authority_in_its_url_and_no_host() {
    let (prepared, payload) = Prepared::new(&to(), outgoing(&[("host", "elsewhere")])).unwrap();
    let request = prepared.http2(payload).unwrap();
    assert_eq!(request.uri(), "https://api.example:8443/v1/chat?x=1");
    assert!(request.headers().is_empty());
}

#[test]
fn a_request_moves_from_http1_to_http2_after_recovery() {
    let (prepared, payload) = Prepared::new(&to(), outgoing(&[("x-end", "1")])).unwrap();
    let back = Payload::recover(prepared.http1(payload));
    assert_eq!(prepared.http2(back).unwrap().headers().len(), 1);
}

#[test]
fn an_upgrade_keeps_its_connection_headers() {
    let mut request = outgoing(&[("connection", "upgrade"), ("upgrade", "websocket")]);
    request.upgrade = true;
    let (prepared, payload) = Prepared::new(&to(), request).unwrap();
    let request = prepared.http1(payload);
    assert_eq!(
        (&request.headers()["connection"], &request.headers()["upgrade"]),
        (&HeaderValue::from_static("upgrade"), &HeaderValue::from_static("websocket"))
    );
}

#[test]
fn paths_that_cannot_be_sent_are_refused() {
    for path in ["v1", "", "http://other/", "/a b", "/a\r\nx: y"] {
        let request = Outgoing { path: path.into(), ..outgoing(&[]) };
        assert_eq!(Prepared::new(&to(), request).err().unwrap().kind(), "bad_request", "{path:?}");
    }
}
