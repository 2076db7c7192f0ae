//! Each dialect's fixtures, translated to OpenAI chat and to Anthropic, and compared with what stands beside them.
//!
//! `fixtures/<dialect>/{requests,answers,streams,faults}/<case>.<kind>`; the translation is `<case>.to-<other>.<kind>`.
//! `UPDATE_FIXTURES=1` writes them anew: read the difference before it is committed.

#![expect(clippy::expect_used, reason = "a test may fail")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use claviger_dialects::{Context, Protocol, Translation};
use proptest::prelude::{Strategy, any};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;

/// What every dialect is translated to and from here.
const SPINE: [Protocol; 2] = [Protocol::OpenAiChat, Protocol::Anthropic];

/// The fixtures of one kind, without their translations.
fn cases(protocol: Protocol, kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(protocol.name()).join(kind);
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path());
    let mut cases: Vec<_> = files.filter(|path| !path.to_string_lossy().contains(".to-")).collect();
    cases.sort();
    cases
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("a fixture")
}

fn translation(client: Protocol, upstream: Protocol, asked: &str) -> Option<Translation> {
    // DeepL has plans instead of models.
    let model = (upstream == Protocol::DeepL).then(|| "Free".to_owned());
    let context = Context { model, now: 1_764_000_000, nonce: 42, ..Context::default() };
    let mut translation = Translation::new(client, upstream, context)?;
    if client == Protocol::OpenAiChat || client == Protocol::Anthropic {
        translation.request(asked.as_bytes()).expect("a request");
    }
    Some(translation)
}

/// A request that both dialects of the spine understand; streams are wanted with their usage.
const ASKED: &str = r#"{"model":"asked-model","max_tokens":100,"stream":true,"stream_options":{"include_usage":true},
    "messages":[{"role":"user","content":"Hi"}]}"#;

/// Compares with the file beside the fixture, or writes it. The problem, if there is one.
fn compare(path: &Path, other: Protocol, got: &[u8], is_stream: bool) -> Option<String> {
    let kind = if is_stream { "sse" } else { "json" };
    let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
    let expected = path.with_file_name(format!("{stem}.to-{}.{kind}", other.name()));
    let got = match serde_json::from_slice::<Value>(got) {
        Ok(value) => serde_json::to_string_pretty(&value).expect("JSON") + "\n",
        Err(_) => String::from_utf8_lossy(got).into_owned(),
    };
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(&expected, got).expect("a file");
        return None;
    }
    let want = String::from_utf8(std::fs::read(&expected).unwrap_or_default()).expect("UTF-8");
    (want != got).then(|| format!("{}:\n{got}", expected.display()))
}

fn partners(protocol: Protocol) -> impl Iterator<Item = Protocol> {
    SPINE.into_iter().filter(move |other| *other != protocol)
}

#[test]
fn fixtures_are_translated_as_written_beside_them() {
    let mut problems = String::new();
    let mut note = |problem: Option<String>| problem.into_iter().for_each(|p| writeln!(problems, "{p}").expect("text"));
    for &protocol in Protocol::ALL {
        for other in partners(protocol) {
            for path in cases(protocol, "requests") {
                let context = Context { named_model: Some("path-model".to_owned()), ..Context::default() };
                let Some(mut translation) = Translation::new(protocol, other, context) else { continue };
                let out = match translation.request(&read(&path)) {
                    Ok(outgoing) => {
                        let mut body: Value = serde_json::from_slice(&outgoing.body).expect("JSON");
                        if !outgoing.dropped.is_empty() {
                            body["x-claviger-dropped"] = outgoing.dropped.to_string().into();
                        }
                        body.to_string().into_bytes()
                    }
                    Err(refused) => translation.refusal(&refused).body.to_vec(),
                };
                note(compare(&path, other, &out, false));
            }
            let Some(translation) = translation(other, protocol, ASKED) else { continue };
            for path in cases(protocol, "answers") {
                note(compare(&path, other, &translation.answer(200, &read(&path)).body, false));
            }
            for path in cases(protocol, "faults") {
                let name = path.file_name().expect("a name").to_string_lossy().into_owned();
                let status = name.split('-').next().and_then(|status| status.parse().ok()).expect("<status>-<case>");
                note(compare(&path, other, &translation.answer(status, &read(&path)).body, false));
            }
            for path in cases(protocol, "streams") {
                let out = play(&translation, std::iter::once(read(&path).into()));
                note(compare(&path, other, &out, true));
            }
        }
    }
    assert!(problems.is_empty(), "{problems}");
}

fn play(translation: &Translation, chunks: impl Iterator<Item = Bytes>) -> Vec<u8> {
    let (mut stream, mut out) = (translation.stream(), Vec::new());
    chunks.for_each(|chunk| stream.push(chunk, &mut out));
    stream.finish(&mut out);
    out
}

/// The bytes in pieces of these sizes, over and over.
fn cut(bytes: &Bytes, sizes: &[usize]) -> Vec<Bytes> {
    let (mut rest, mut pieces) = (bytes.clone(), Vec::new());
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        pieces.push(rest.split_to((*size).clamp(1, rest.len())));
    }
    pieces
}

/// Calls `check` with each stream fixture and each translation of it.
fn each_stream(mut check: impl FnMut(&Path, &Translation, Bytes)) {
    for &protocol in Protocol::ALL {
        for other in partners(protocol) {
            let Some(translation) = translation(other, protocol, ASKED) else { continue };
            for path in cases(protocol, "streams") {
                check(&path, &translation, read(&path).into());
            }
        }
    }
}

#[test]
fn a_stream_is_the_same_however_its_bytes_are_cut() {
    let mut runner = runner(12);
    each_stream(|path, translation, bytes| {
        let whole = play(translation, std::iter::once(bytes.clone()));
        for size in [1, 2, 3, 7, 61] {
            assert!(play(translation, cut(&bytes, &[size]).into_iter()) == whole, "{} by {size}", path.display());
        }
        let sizes = proptest::collection::vec(1_usize..200, 1..20);
        let same = runner.run(&sizes, |sizes| {
            assert!(play(translation, cut(&bytes, &sizes).into_iter()) == whole, "{}", path.display());
            Ok(())
        });
        same.expect("the same stream");
    });
}

#[test]
fn a_stream_that_breaks_off_ends_once_and_with_an_error() {
    each_stream(|path, translation, bytes| {
        for end in (0..bytes.len()).step_by(11) {
            let (mut stream, mut out) = (translation.stream(), Vec::new());
            stream.push(bytes.slice(..end), &mut out);
            let was_complete = stream.has_ended();
            stream.finish(&mut out);
            assert!(stream.has_ended());
            let length = out.len();
            stream.finish(&mut out);
            stream.push(bytes.clone(), &mut out);
            assert_eq!(out.len(), length, "{} goes on after its end", path.display());
            let text = String::from_utf8(out).expect("UTF-8");
            let ends = ["data: [DONE]\n", "event: message_stop\n", "data: {\"error\"", "event: error\n"];
            let count: usize = ends.iter().map(|end| text.matches(end).count()).sum();
            assert_eq!(count, 1, "{} cut at {end} ({was_complete}): {text}", path.display());
        }
    });
}

/// The same cases in each run.
fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Fixtures with some bytes changed, and bytes that are nothing at all.
fn garbage() -> impl Strategy<Value = (usize, Vec<(usize, u8)>, Vec<u8>)> {
    let changes = proptest::collection::vec((any::<usize>(), any::<u8>()), 0..6);
    (any::<usize>(), changes, proptest::collection::vec(any::<u8>(), 0..200))
}

#[test]
fn whatever_comes_in_json_and_whole_streams_come_out() {
    let mut runner = runner(200);
    for &client in Protocol::ALL {
        for &upstream in Protocol::ALL {
            let kinds = ["answers", "streams", "faults"].map(|kind| cases(upstream, kind));
            let fixtures: Vec<Vec<u8>> =
                cases(client, "requests").iter().chain(kinds.iter().flatten()).map(|path| read(path)).collect();
            let Some(translation) = Translation::new(client, upstream, Context::default()) else { continue };
            let unharmed = runner.run(&garbage(), |(which, changes, noise)| {
                let mut bytes = fixtures.get(which % (fixtures.len() + 1)).cloned().unwrap_or(noise);
                for (at, byte) in changes {
                    let length = bytes.len().max(1);
                    if let Some(place) = bytes.get_mut(at % length) {
                        *place = byte;
                    }
                }
                let mut own = translation.clone();
                let said = own.request(&bytes).map_or_else(|refused| own.refusal(&refused).body, |sent| sent.body);
                for body in [said, own.answer(200, &bytes).body, own.answer(500, &bytes).body] {
                    assert!(serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_ok(), "no JSON: {body:?}");
                }
                own.answer_as_stream(&bytes, &mut Vec::new());
                let bytes = Bytes::from(bytes);
                let whole = play(&own, std::iter::once(bytes.clone()));
                assert!(play(&own, cut(&bytes, &[5, 50, 1]).into_iter()) == whole, "the stream depends on its cuts");
                Ok(())
            });
            unharmed.expect("no panic");
        }
    }
}
