use proptest::prelude::*;

use super::*;

/// Feeds `wire` cut into pieces; the content, whether it ended, and what was left over.
fn decode<'a>(
    mut decoder: Decoder,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<(Vec<u8>, bool, Vec<u8>), Broken> {
    let (mut content, mut left) = (Vec::new(), Vec::new());
    for piece in pieces {
        let mut piece = piece;
        loop {
            let found = decoder.take(&mut piece)?;
            content.extend_from_slice(&found);
            if found.is_empty() {
                break;
            }
        }
        left.extend_from_slice(piece);
    }
    Ok((content, decoder.ended(), left))
}

fn whole(decoder: Decoder, wire: &[u8]) -> Result<(Vec<u8>, bool, Vec<u8>), Broken> {
    decode(decoder, [wire])
}

#[test]
fn chunks_with_extensions_and_trailers_give_their_content_only() {
    let wire = b"5;a=\"b\"\r\nhello\r\n6 \r\n world\r\n0\r\nx-sum: 1\r\n\r\nHTTP/1.1";
    assert_eq!(whole(Decoder::chunked(), wire), Ok((b"hello world".to_vec(), true, b"HTTP/1.1".to_vec())));
}

#[test]
fn what_arrived_together_is_one_piece_and_the_end_is_seen_with_it() {
    let mut wire = &b"2\r\nok\r\n1\r\n!\r\n0\r\n\r\n"[..];
    let mut decoder = Decoder::chunked();
    assert_eq!(decoder.take(&mut wire), Ok(Bytes::from_static(b"ok!")));
    assert!(decoder.ended() && wire.is_empty());
}

#[test]
fn content_before_a_break_is_not_lost() {
    let mut wire = &b"2\r\nok\r\nxyz"[..];
    let mut decoder = Decoder::chunked();
    assert_eq!(decoder.take(&mut wire), Ok(Bytes::from_static(b"ok")));
    assert!(decoder.take(&mut wire).is_err());
}

#[test]
fn a_length_ends_where_it_says_and_close_never() {
    assert_eq!(whole(Decoder::length(2), b"okHTTP"), Ok((b"ok".to_vec(), true, b"HTTP".to_vec())));
    assert_eq!(whole(Decoder::length(0), b"HTTP"), Ok((vec![], true, b"HTTP".to_vec())));
    assert_eq!(whole(Decoder::Close, b"all of it"), Ok((b"all of it".to_vec(), false, vec![])));
}

#[test]
fn sizes_that_are_padded_break_no_long_stream() {
    let wire = b"1     \r\nx\r\n".repeat(EXTRAS as usize);
    assert_eq!(whole(Decoder::chunked(), &wire).map(|(content, ..)| content.len()), Ok(EXTRAS as usize));
}

#[test]
fn framing_that_others_could_read_differently_is_broken() {
    let long = format!("1;{}\r\n", "x".repeat(EXTRAS as usize + 1));
    let wires: [&[u8]; 10] = [
        b"xyz\r\n",
        b"\r\n",
        b" 2\r\nok",
        b"2\nok\r\n",
        b"2\r\nokay\r\n",
        b"2\r\nok\n0\r\n\r\n",
        b"2;x\ny\r\nok\r\n",
        b"fffffffffffffffff\r\n",
        b"0\r\nx: 1\n\r\n",
        long.as_bytes(),
    ];
    for wire in wires {
        assert!(whole(Decoder::chunked(), wire).is_err(), "{:?}", String::from_utf8_lossy(wire));
    }
}

proptest! {
    #[test]
    fn any_cut_of_chunks_gives_the_same(
        contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let mut wire = Vec::new();
        for content in &contents {
            wire.extend_from_slice(format!("{:x};x\r\n", content.len()).as_bytes());
            wire.extend_from_slice(content);
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(b"0\r\n\r\n");
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(wire.len())).collect();
        at.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for to in at.into_iter().chain([wire.len()]) {
            pieces.push(&wire[from..to]);
            from = to;
        }
        prop_assert_eq!(decode(Decoder::chunked(), pieces), Ok((contents.concat(), true, vec![])));
    }

    #[test]
    fn foreign_bytes_break_or_decode_the_same_for_any_cut(wire in prop::collection::vec(prop::sample::select(
        b"0123af \t;\r\nx".to_vec()), 0..60), at in any::<prop::sample::Index>()) {
        let at = at.index(wire.len() + 1);
        let (first, second) = wire.split_at(at);
        prop_assert_eq!(decode(Decoder::chunked(), [first, second]), whole(Decoder::chunked(), &wire));
    }
}
