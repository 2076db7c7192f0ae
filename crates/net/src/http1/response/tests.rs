use proptest::prelude::*;

use super::*;

fn read(head: &str) -> Result<Option<(Head, Rest)>, Malformed> {
    Head::take(&mut Bytes::copy_from_slice(head.as_bytes()), &Method::POST)
}

fn rest(lines: &str) -> Rest {
    read(&format!("HTTP/1.1 200 OK\r\n{lines}\r\n")).unwrap().unwrap().1
}

fn refused(lines: &str) -> bool {
    read(&format!("HTTP/1.1 200 OK\r\n{lines}\r\n")).is_err()
}

#[test]
fn a_head_is_taken_off_with_its_fields_as_sent() {
    let mut from = Bytes::from_static(
        b"HTTP/1.1 429 \r\nSet-Cookie: a\r\nset-cookie: b\r\nX-Latin: \xe4\r\ncontent-length: 2\r\n\r\nok",
    );
    let (head, rest) = Head::take(&mut from, &Method::GET).unwrap().unwrap();
    assert_eq!((head.status.as_u16(), head.version), (429, Version::HTTP_11));
    assert_eq!(head.headers.get_all("set-cookie").iter().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(head.headers["x-latin"].as_bytes(), b"\xe4");
    assert_eq!((rest, &from[..]), (Rest { body: Decoder::Length(2), reusable: true }, &b"ok"[..]));
}

#[test]
fn half_a_head_is_not_one_yet() {
    for head in ["", "HTTP/1.1", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nx: y\r\n"] {
        assert!(read(head).unwrap().is_none(), "{head:?}");
    }
}

#[test]
fn the_body_is_framed_as_the_head_says() {
    let reusable = |body| Rest { body, reusable: true };
    assert_eq!(rest("content-length: 7\r\n"), reusable(Decoder::Length(7)));
    assert_eq!(rest("content-length: 7, 7\r\ncontent-length: 7\r\n"), reusable(Decoder::Length(7)));
    assert_eq!(rest("content-length: 0\r\n"), reusable(Decoder::Ended));
    assert_eq!(rest("transfer-encoding: Chunked\r\n"), reusable(Decoder::chunked()));
    assert_eq!(rest(""), Rest { body: Decoder::Close, reusable: false });
}

#[test]
fn no_content_follows_where_there_can_be_none() {
    for status in [204, 304] {
        let head = format!("HTTP/1.1 {status} x\r\ncontent-length: 9\r\n\r\n");
        assert_eq!(read(&head).unwrap().unwrap().1.body, Decoder::Ended);
    }
    let mut from = Bytes::from_static(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n");
    assert_eq!(Head::take(&mut from, &Method::HEAD).unwrap().unwrap().1.body, Decoder::Ended);
}

#[test]
fn interim_responses_are_known_and_101_is_none() {
    let interim = |status| read(&format!("HTTP/1.1 {status} x\r\n\r\n")).unwrap().unwrap().0.interim();
    assert_eq!([100, 103, 101, 200].map(interim), [true, true, false, false]);
}

#[test]
fn framing_with_two_readings_is_refused_or_ends_the_connection() {
    for lines in [
        "content-length: 1\r\ncontent-length: 2\r\n",
        "content-length: 1, 2\r\n",
        "content-length: +1\r\n",
        "content-length: 0x1\r\n",
        "content-length: \r\n",
        "content-length: 99999999999999999999\r\n",
        "transfer-encoding: gzip, chunked\r\n",
        "transfer-encoding: chunked, chunked\r\n",
        "transfer-encoding: identity\r\n",
        "transfer-encoding: \x0bchunked\r\n",
        "x: y\r\n folded: z\r\n",
        "x : y\r\n",
    ] {
        assert!(refused(lines), "{lines:?}");
    }
    let both = rest("transfer-encoding: chunked\r\ncontent-length: 3\r\n");
    assert_eq!(both, Rest { body: Decoder::chunked(), reusable: false });
}

#[test]
fn framing_that_cannot_be_meant_ends_the_connection() {
    let reusable = |head: &str| read(head).unwrap().unwrap().1.reusable;
    assert!(!reusable("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n"));
    assert!(!reusable("HTTP/1.1 204 x\r\ncontent-length: 9\r\n\r\n"));
    assert!(!reusable("HTTP/1.1 204 x\r\ntransfer-encoding: chunked\r\n\r\n"));
    assert!(reusable("HTTP/1.1 204 x\r\ncontent-length: 0\r\n\r\n"));
}

#[test]
fn a_connection_persists_by_version_and_word() {
    let reusable = |version, lines| {
        let head = format!("HTTP/1.{version} 200 OK\r\ncontent-length: 1\r\n{lines}\r\n");
        read(&head).unwrap().unwrap().1.reusable
    };
    assert!(reusable(1, ""));
    assert!(!reusable(1, "connection: x, Close\r\n"));
    assert!(!reusable(0, ""));
    assert!(reusable(0, "connection: Keep-Alive\r\n"));
}

#[test]
fn heads_beyond_the_limits_are_refused() {
    assert!(refused(&"x: y\r\n".repeat(MAX_LINES + 1)));
    assert!(!refused(&"x: y\r\n".repeat(MAX_LINES)));
    assert!(read(&format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(MAX_HEAD))).is_err());
}

proptest! {
    #[test]
    fn foreign_bytes_are_no_panic(wire in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut wire = [b"HTTP/1.1 200 OK\r\n", wire.as_slice()].concat();
        wire.extend_from_slice(b"\r\n\r\n");
        let mut from = Bytes::from(wire);
        drop(Head::take(&mut from, &Method::GET));
    }
}
