//! HTTP/1.1 as a client: one request at a time on one connection (RFC 9112).
//!
//! The request's own task writes and reads the socket: no task per connection, no channel, no buffer that outlives what
//! it holds, which is what a gateway with thousands of open streams pays for
//! ([why](../../../docs/decisions/010-own-http1-client.md)). Heads are parsed by `httparse`; framing is decided in
//! [`response`], undone in [`decode`]. Whatever does not follow the rules ends the connection, never the next reply.

mod connection;
mod decode;
mod exchange;
mod request;
mod response;

use bytes::Bytes;
use http::Method;

pub(crate) use connection::Connection;
pub use connection::Upgraded;
pub(crate) use exchange::{Answer, Download, Failure, send};

/// Reads a reply to a GET from `pieces`, which are how the peer's bytes arrived; nothing is sent. Its status and content, and
/// whether the reply ended and how many bytes behind it are left. `None`: no reply, or one that breaks the rules.
///
/// For those who check the reading of foreign bytes: what comes out must not depend on the cuts.
pub fn replay<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Option<(u16, Vec<u8>, bool, usize)> {
    let mut pieces = pieces.into_iter();
    let mut ahead = Vec::new();
    let (head, mut decoder) = loop {
        let mut from = Bytes::from(ahead);
        if let Some((head, rest)) = response::Head::take(&mut from, &Method::GET).ok()? {
            ahead = from.into();
            if !head.interim() {
                break (head, rest.body);
            }
        } else {
            ahead = [&from, pieces.next()?].concat();
        }
    };
    let mut content = Vec::new();
    loop {
        let mut from = &ahead[..];
        loop {
            let more = decoder.take(&mut from).ok()?;
            if more.is_empty() {
                break;
            }
            content.extend_from_slice(&more);
        }
        match pieces.next() {
            Some(piece) => ahead = [from, piece].concat(),
            None => return Some((head.status.as_u16(), content, decoder.ended(), from.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::replay;

    fn words() -> impl Strategy<Value = Vec<u8>> {
        let word = prop::sample::select(vec![
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.0 204 x\r\n",
            "transfer-encoding: chunked\r\n",
            "content-length: 3\r\n",
            "connection: close\r\n",
            "\r\n",
            "3\r\nabc\r\n",
            "0\r\n\r\n",
            "abc",
            "x",
            "\n",
        ]);
        prop::collection::vec(word, 0..10).prop_map(|words| words.concat().into_bytes())
    }

    #[test]
    fn a_reply_is_read_with_what_stands_before_and_behind_it() {
        let reply = b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nxyz";
        assert_eq!(replay([&reply[..]]), Some((200, b"ok".to_vec(), true, 3)));
        assert_eq!(replay([&b"HTTP/1.1 200 OK\r\n\r\nok"[..]]), Some((200, b"ok".to_vec(), false, 0)));
    }

    proptest! {
        #[test]
        fn any_cut_of_a_reply_reads_the_same(reply in words(), size in 1_usize..30) {
            prop_assert_eq!(replay(reply.chunks(size)), replay([&reply[..]]));
        }
    }
}
