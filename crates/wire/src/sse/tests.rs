use proptest::prelude::*;

use super::*;

fn split(chunks: &[&[u8]]) -> (Vec<Event>, Option<Bytes>) {
    let mut splitter = Splitter::default();
    let mut events = Vec::new();
    for chunk in chunks {
        splitter.push(Bytes::copy_from_slice(chunk)).unwrap();
        events.extend(std::iter::from_fn(|| splitter.next()));
    }
    (events, splitter.finish())
}

fn one(raw: &str) -> Event {
    Event::new(Bytes::copy_from_slice(raw.as_bytes()))
}

#[test]
fn events_keep_their_exact_bytes_whatever_ends_a_line() {
    let (events, rest) = split(&[b"data: a\n\n: ping\r\n\r\ndata: b\r\rdata: c\n\r\ndata: cut"]);
    let raws: Vec<&[u8]> = events.iter().map(|event| &event.raw[..]).collect();
    assert_eq!(raws, [&b"data: a\n\n"[..], b": ping\r\n\r\n", b"data: b\r\r", b"data: c\n\r\n"]);
    assert_eq!(rest.unwrap(), "data: cut");
}

#[test]
fn a_blank_line_cut_between_cr_and_lf_stays_with_its_event() {
    let (events, rest) = split(&[b"data: a\r\n\r", b"\ndata: b\r", b"\n", b"\r\n"]);
    let raws: Vec<&[u8]> = events.iter().map(|event| &event.raw[..]).collect();
    assert_eq!((raws, rest), (vec![&b"data: a\r\n\r\n"[..], b"data: b\r\n\r\n"], None));
}

#[test]
fn fields_are_read_as_the_standard_says() {
    assert_eq!(one("data:a\ndata: b\ndata\ndata:  c\n\n").data(), "a\nb\n\n c");
    assert_eq!(one("data: a\r\nevent: x\r\nevent:y\r\n\r\n").data(), "a");
    assert_eq!(one("event: x\r\nevent:y\r\ndata: a\r\n\r\n").name().unwrap(), "y");
    assert_eq!(one("\u{feff}data: a\n\n").data(), "a");
    assert_eq!((one(": data: a\ndatax: b\n\n").data().as_ref(), one("event:\n\n").name()), ("", None));
    assert!(matches!(one("data: one line\n\n").data(), Cow::Borrowed("one line")));
    assert_eq!(Event::new(Bytes::from_static(b"data: \xff\n\n")).data(), "\u{fffd}");
}

#[test]
fn an_event_inside_one_chunk_is_not_copied() {
    let chunk = Bytes::from_static(b"data: a\n\ndata: b\n\n");
    let mut splitter = Splitter::default();
    splitter.push(chunk.clone()).unwrap();
    assert_eq!(splitter.next().unwrap().raw.as_ptr(), chunk.as_ptr());
    assert_eq!(splitter.next().unwrap().raw.as_ptr(), chunk[9..].as_ptr());
}

#[test]
fn an_event_over_the_limit_is_refused_and_the_ones_before_it_are_not_lost() {
    let mut splitter = Splitter::new(10);
    splitter.push(Bytes::from_static(b"data: 1\n\ndata: 12")).unwrap();
    assert_eq!(splitter.push(Bytes::from_static(b"345\n\n")), Err(EventTooLong { max_event: 10 }));
    assert_eq!(splitter.push(Bytes::from_static(b"\n\n")), Err(EventTooLong { max_event: 10 }));
    assert_eq!(splitter.next().unwrap().data(), "1");
    assert_eq!(splitter.next(), None);
    assert_eq!(splitter.finish().unwrap(), "data: 12345\n\n");
    let mut splitter = Splitter::new(10);
    assert!(splitter.push(Bytes::from_static(b"data: 12345\n\n")).is_err());
}

#[test]
fn a_long_line_in_small_chunks_is_looked_at_once() {
    let mut splitter = Splitter::default();
    let chunk = Bytes::from(vec![b'x'; 1024]);
    splitter.push(Bytes::from_static(b"data: ")).unwrap();
    // Were each push to look again at what came before, these 10 MB would be 50 GB and this test would not end.
    for _ in 0..10_240 {
        splitter.push(chunk.clone()).unwrap();
        assert_eq!(splitter.next(), None);
    }
    splitter.push(Bytes::from_static(b"\n\n")).unwrap();
    assert_eq!(splitter.next().unwrap().raw.len(), 10_240 * 1024 + 8);
}

proptest! {
    #![proptest_config(crate::testing::fixed_cases())]

    #[test]
    fn any_cut_gives_the_same_events(
        words in prop::collection::vec(
            prop::sample::select(vec!["data: ", "data", "\n", "\r", "\r\n", "\n\n", ":", "x", "event:", "\u{feff}"]), 0..40,
        ),
        cuts in prop::collection::vec(0_usize..120, 0..10),
    ) {
        let stream = words.concat().into_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
        let whole = split(&[&stream]);
        let (events, rest) = split(&chunks);
        prop_assert_eq!(&whole, &(events.clone(), rest.clone()));
        let mut together: Vec<u8> = events.iter().flat_map(|event| event.raw.to_vec()).collect();
        together.extend_from_slice(&rest.unwrap_or_default());
        prop_assert_eq!(together, stream);
        for event in events {
            let _ = (event.name(), event.data());
        }
    }
}
