use std::sync::Arc;

use http::HeaderValue;

use super::*;
use crate::endpoint::{Egress, Endpoint};
use crate::message::Outgoing;

fn to() -> Endpoint {
    Endpoint { tls: true, authority: "api.example:8443".into(), egress: Arc::new(Egress::default()) }
}

/// The head of a request with `body`, as written.
fn written(method: Method, headers: &[(&'static str, &'static str)], body: OutBody) -> String {
    let headers = headers.iter().map(|(name, value)| ((*name).parse().unwrap(), HeaderValue::from_static(value)));
    let request = Outgoing { method, path: "/v1/x?a=b".into(), headers: headers.collect(), body, upgrade: false };
    let to = to();
    let (prepared, payload) = Prepared::new(&to, request).unwrap();
    let upload = Upload::new(&prepared, payload);
    upload.pieces.iter().map(|piece| String::from_utf8_lossy(piece).into_owned()).collect()
}

fn whole(text: &'static str) -> OutBody {
    OutBody::Whole(Bytes::from_static(text.as_bytes()))
}

fn stream() -> OutBody {
    OutBody::Stream(Box::pin(http_body_util::StreamBody::new(futures_util::stream::empty())))
}

#[test]
fn a_whole_body_goes_out_with_its_true_length_in_one_piece_with_the_head() {
    assert_eq!(
        written(Method::POST, &[("content-length", "99"), ("x-one", "1")], whole("{}")),
        "POST /v1/x?a=b HTTP/1.1\r\nhost: api.example:8443\r\nx-one: 1\r\ncontent-length: 2\r\n\r\n{}"
    );
}

#[test]
fn requests_without_content_say_so_only_where_content_is_usual() {
    assert!(written(Method::POST, &[], whole("")).contains("content-length: 0\r\n"));
    assert!(!written(Method::GET, &[], whole("")).contains("content-length"));
}

#[test]
fn a_stream_is_chunked_unless_its_length_was_given() {
    assert!(written(Method::POST, &[], stream()).contains("transfer-encoding: chunked\r\n"));
    let given = written(Method::POST, &[("content-length", "7")], stream());
    assert!(given.contains("content-length: 7\r\n") && !given.contains("chunked"), "{given}");
}
