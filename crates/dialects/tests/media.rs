//! Fixtures of what is no conversation: pictures, sound, rankings and vectors, compared with what becomes of them.
//!
//! `fixtures/<provider>/<matter>/requests/<case>.json` is a caller's request for that provider, in OpenAI's form (Cohere's
//! for rankings, Gemini's for embeddings of OpenAI), and `<case>.to-<provider>.json` what is sent. A form is written
//! `{"form": {"field": "text", "file": {"name": "a.mp3", "content": "…"}}}`. `answers/<case>` is the provider's answer to
//! the request of the same name, if there is one, and `<case>.to-<caller>.json` what the caller gets. The first word of
//! a case says what is asked: `edit`, `vary`, `transcribe`, `translate`. `UPDATE_FIXTURES=1` writes them anew: read the
//! difference before it is committed.

#![expect(clippy::expect_used, reason = "a test may fail")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claviger_dialects::{Context, Outgoing, Protocol, Refused, Reply, audio, embeddings, images, rerank};
use claviger_types::Operation;
use proptest::prelude::{Strategy, any};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

const BOUNDARY: &str = "fixture-boundary";

/// One exchange, whatever it is about.
#[derive(Clone)]
enum Exchange {
    Images(images::Translation),
    Audio(audio::Translation),
    Rerank(rerank::Translation),
    Embeddings(embeddings::Translation),
}

impl Exchange {
    fn new(matter: &str, caller: Protocol, provider: Protocol, case: &str) -> Option<Self> {
        let context = Context { named_model: Some("path-model".to_owned()), now: 1_764_000_000, ..Context::default() };
        let word = case.split('-').next().unwrap_or_default();
        Some(match matter {
            "images" => {
                let asked = match word {
                    "edit" => Operation::ImageEdit,
                    "vary" => Operation::ImageVariation,
                    _ => Operation::ImageGeneration,
                };
                Self::Images(images::Translation::new(caller, provider, asked, context)?)
            }
            "audio" => {
                let asked = match word {
                    "transcribe" => Operation::AudioTranscription,
                    "translate" => Operation::AudioTranslation,
                    _ => Operation::AudioSpeech,
                };
                Self::Audio(audio::Translation::new(caller, provider, asked, context)?)
            }
            "rerank" => Self::Rerank(rerank::Translation::new(caller, provider, context)?),
            _ => Self::Embeddings(embeddings::Translation::new(caller, provider, context)?),
        })
    }

    fn request(&mut self, body: &[u8], boundary: Option<&str>) -> Result<Outgoing, Refused> {
        match self {
            Self::Images(exchange) => exchange.request(body, boundary),
            Self::Audio(exchange) => exchange.request(body, boundary),
            Self::Rerank(exchange) => exchange.request(body),
            Self::Embeddings(exchange) => exchange.request(body),
        }
    }

    fn answer(&self, status: u16, body: &[u8]) -> Reply {
        match self {
            Self::Images(exchange) => exchange.answer(status, body),
            Self::Audio(exchange) => exchange.answer(status, body),
            Self::Rerank(exchange) => exchange.answer(status, body),
            Self::Embeddings(exchange) => exchange.answer(status, body),
        }
    }

    fn refusal(&self, refused: &Refused) -> Reply {
        match self {
            Self::Images(exchange) => exchange.failure(&refused.fault()),
            Self::Audio(exchange) => exchange.failure(&refused.fault()),
            Self::Rerank(exchange) => exchange.failure(&refused.fault()),
            Self::Embeddings(exchange) => exchange.failure(&refused.fault()),
        }
    }
}

/// What can be asked of a provider, by the folders' names.
const MATTERS: [&str; 4] = ["images", "audio", "rerank", "embeddings"];

/// Who asks: OpenAI's own is asked by others.
fn caller(provider: Protocol) -> Protocol {
    if provider == Protocol::OpenAiChat { Protocol::Gemini } else { Protocol::OpenAiChat }
}

/// The fixtures of one kind, without their translations.
fn cases(provider: Protocol, matter: &str, kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(provider.name()).join(matter).join(kind);
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path());
    let mut cases: Vec<_> = files.filter(|path| !path.to_string_lossy().contains(".to-")).collect();
    cases.sort();
    cases
}

fn name(path: &Path) -> String {
    path.file_stem().expect("a name").to_string_lossy().into_owned()
}

/// A request's bytes, and the boundary if it is a form.
fn read(path: &Path) -> (Vec<u8>, Option<&'static str>) {
    let bytes = std::fs::read(path).expect("a fixture");
    let value: Value = serde_json::from_slice(&bytes).expect("JSON");
    let Some(form) = value.get("form").and_then(Value::as_object) else { return (bytes, None) };
    let mut body = String::new();
    for (field, value) in form {
        let (file, text) = match value.as_str() {
            Some(text) => (String::new(), text),
            None => {
                let name = value["name"].as_str().expect("a file's name");
                (format!("; filename=\"{name}\""), value["content"].as_str().expect("content"))
            }
        };
        write!(body, "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"{file}\r\n\r\n{text}\r\n")
            .expect("text");
    }
    write!(body, "--{BOUNDARY}--\r\n").expect("text");
    (body.into_bytes(), Some(BOUNDARY))
}

/// Compares with the file beside the fixture, or writes it. The problem, if there is one.
fn compare(path: &Path, to: Protocol, got: &Value) -> Option<String> {
    let expected = path.with_file_name(format!("{}.to-{}.json", name(path), to.name()));
    let got = serde_json::to_string_pretty(got).expect("JSON") + "\n";
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(&expected, got).expect("a file");
        return None;
    }
    let want = String::from_utf8(std::fs::read(&expected).unwrap_or_default()).expect("UTF-8");
    (want != got).then(|| format!("{}:\n{got}", expected.display()))
}

/// What is sent, with what is asked for and what was lost.
fn sent(exchange: &mut Exchange, path: &Path) -> Value {
    let (body, boundary) = read(path);
    match exchange.request(&body, boundary) {
        Ok(out) => {
            let mut value: Value = serde_json::from_slice(&out.body).expect("JSON");
            value["x-claviger-operation"] = out.operation.name().into();
            if !out.further.is_empty() {
                let further = out.further.iter().map(|body| serde_json::from_slice(body).expect("JSON"));
                value["x-claviger-further"] = Value::Array(further.collect());
            }
            if !out.dropped.is_empty() {
                value["x-claviger-dropped"] = out.dropped.to_string().into();
            }
            value
        }
        Err(refused) => serde_json::from_slice(&exchange.refusal(&refused).body).expect("JSON"),
    }
}

/// What the caller gets. What is no JSON is told as such.
fn told(exchange: &Exchange, path: &Path) -> Value {
    let reply = exchange.answer(200, &std::fs::read(path).expect("a fixture"));
    let kind = match exchange {
        Exchange::Audio(exchange) => exchange.media_type(),
        Exchange::Images(_) | Exchange::Rerank(_) | Exchange::Embeddings(_) => "application/json",
    };
    match (serde_json::from_slice::<Value>(&reply.body), std::str::from_utf8(&reply.body)) {
        (Ok(value), _) => value,
        (Err(_), Ok(text)) if kind.starts_with("text/") => json!({ "type": kind, "text": text }),
        (Err(_), Ok(_) | Err(_)) => json!({ "type": kind, "base64": STANDARD.encode(&reply.body) }),
    }
}

/// Calls `check` with each provider, matter and who asks it.
fn each(mut check: impl FnMut(Protocol, &str, Protocol)) {
    for &provider in Protocol::ALL {
        MATTERS.into_iter().for_each(|matter| check(provider, matter, caller(provider)));
    }
}

#[test]
fn fixtures_become_what_is_written_beside_them() {
    let (mut problems, mut count) = (String::new(), 0);
    each(|provider, matter, caller| {
        let mut note = |problem: Option<String>| {
            count += 1;
            problem.into_iter().for_each(|problem| writeln!(problems, "{problem}").expect("text"));
        };
        for path in cases(provider, matter, "requests") {
            let mut exchange = Exchange::new(matter, caller, provider, &name(&path)).expect("a translation");
            note(compare(&path, provider, &sent(&mut exchange, &path)));
        }
        for path in cases(provider, matter, "answers") {
            let mut exchange = Exchange::new(matter, caller, provider, &name(&path)).expect("a translation");
            let asked = path.parent().and_then(Path::parent).expect("a folder").join("requests");
            let asked = asked.join(format!("{}.json", name(&path)));
            if asked.exists() {
                let (body, boundary) = read(&asked);
                exchange.request(&body, boundary).expect("a request");
            }
            note(compare(&path, caller, &told(&exchange, &path)));
        }
    });
    assert!(problems.is_empty(), "{problems}");
    assert!(count > 0);
}

#[test]
fn each_provider_that_can_has_fixtures() {
    let mut missing = Vec::new();
    each(|provider, matter, caller| {
        let is_spoken = Exchange::new(matter, caller, provider, "any").is_some();
        for kind in ["requests", "answers"] {
            if is_spoken && cases(provider, matter, kind).is_empty() {
                missing.push(format!("{}/{matter}/{kind}", provider.name()));
            }
        }
    });
    assert!(missing.is_empty(), "{missing:?}");
}

/// A fixture with some bytes changed, or bytes that are nothing at all.
fn garbage() -> impl Strategy<Value = (usize, Vec<(usize, u8)>, Vec<u8>)> {
    let changes = proptest::collection::vec((any::<usize>(), any::<u8>()), 0..6);
    (any::<usize>(), changes, proptest::collection::vec(any::<u8>(), 0..200))
}

#[test]
fn whatever_comes_in_nothing_panics_and_failures_are_json() {
    let config = Config { cases: 200, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let is_json = |body: &[u8]| serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
    each(|provider, matter, caller| {
        for case in ["any", "edit", "vary", "transcribe", "translate"] {
            let Some(exchange) = Exchange::new(matter, caller, provider, case) else { continue };
            let requests = cases(provider, matter, "requests");
            let answers = cases(provider, matter, "answers").into_iter();
            let fixtures: Vec<_> = requests.iter().map(|path| read(path)).collect();
            let fixtures: Vec<_> = fixtures
                .into_iter()
                .chain(answers.map(|path| (std::fs::read(path).expect("a fixture"), None)))
                .collect();
            let unharmed = runner.run(&garbage(), |(which, changes, noise)| {
                let chosen = fixtures.get(which % (fixtures.len() + 1)).cloned();
                let (mut bytes, boundary) = chosen.unwrap_or((noise, None));
                for (at, byte) in changes {
                    let length = bytes.len().max(1);
                    if let Some(place) = bytes.get_mut(at % length) {
                        *place = byte;
                    }
                }
                let mut own = exchange.clone();
                let said = own.request(&bytes, boundary).map_or_else(|no| own.refusal(&no).body, |sent| sent.body);
                assert!(is_json(&said), "no JSON: {said:?}");
                for status in [200, 500] {
                    let reply = own.answer(status, &bytes);
                    assert!(reply.status < 400 || is_json(&reply.body), "no JSON: {:?}", reply.body);
                }
                Ok(())
            });
            unharmed.expect("no panic");
        }
    });
}
