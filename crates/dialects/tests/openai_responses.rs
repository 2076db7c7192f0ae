//! OpenAI responses as they are written: the fixtures of OpenAI chat and of Anthropic, translated to it.
//!
//! `fixtures/openai-responses/from-<other>/{requests,answers,faults,streams}/<case>`. `UPDATE_FIXTURES=1` writes them
//! anew: read the difference before it is committed. Each stream is also put together again by the rules of the
//! dialect, and must give what its last event says.

#![expect(clippy::expect_used, reason = "a test may fail")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use claviger_dialects::{Context, Protocol, Translation};
use serde_json::{Value, json};

const OTHERS: [Protocol; 2] = [Protocol::OpenAiChat, Protocol::Anthropic];

const ASKED: &str = r#"{"model":"asked-model","stream":true,"input":"Hi"}"#;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// The fixtures of one kind, without their translations.
fn cases(protocol: Protocol, kind: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder(protocol.name()).join(kind)).into_iter().flatten().flatten();
    let mut cases: Vec<_> =
        files.map(|file| file.path()).filter(|path| !path.to_string_lossy().contains(".to-")).collect();
    cases.sort();
    assert!(!cases.is_empty(), "{} has no {kind}", protocol.name());
    cases
}

fn context() -> Context {
    Context { now: 1_764_000_000, nonce: 42, ..Context::default() }
}

/// A translation for a caller of responses who asked for a stream.
fn asked(upstream: Protocol) -> Translation {
    let mut translation = Translation::new(Protocol::OpenAiResponses, upstream, context()).expect("a pair");
    translation.request(ASKED.as_bytes()).expect("a request");
    translation
}

fn pretty(json: &[u8]) -> String {
    match serde_json::from_slice::<Value>(json) {
        Ok(value) => serde_json::to_string_pretty(&value).expect("JSON") + "\n",
        Err(_) => String::from_utf8_lossy(json).into_owned(),
    }
}

/// Compares with what is written down, or writes it down. The problem, if there is one.
fn compare(from: Protocol, kind: &str, path: &Path, got: &str) -> Option<String> {
    let expected = folder("openai-responses").join(format!("from-{}", from.name())).join(kind);
    let file = expected.join(path.file_name().expect("a name"));
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::create_dir_all(&expected).expect("a folder");
        std::fs::write(&file, got).expect("a file");
        return None;
    }
    (std::fs::read(&file).unwrap_or_default() != got.as_bytes()).then(|| format!("{}:\n{got}", file.display()))
}

fn play(translation: &Translation, bytes: Vec<u8>) -> String {
    let (mut stream, mut out) = (translation.stream(), Vec::new());
    stream.push(bytes.into(), &mut out);
    stream.finish(&mut out);
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn fixtures_of_others_are_written_as_set_down() {
    let mut problems = String::new();
    let mut note = |problem: Option<String>| problem.into_iter().for_each(|p| writeln!(problems, "{p}").expect("text"));
    for other in OTHERS {
        for path in cases(other, "requests") {
            let mut translation = Translation::new(other, Protocol::OpenAiResponses, context()).expect("a pair");
            let got = match translation.request(&std::fs::read(&path).expect("a fixture")) {
                Ok(outgoing) => {
                    let mut body: Value = serde_json::from_slice(&outgoing.body).expect("JSON");
                    if !outgoing.dropped.is_empty() {
                        body["x-claviger-dropped"] = outgoing.dropped.to_string().into();
                    }
                    body.to_string().into_bytes()
                }
                Err(refused) => translation.refusal(&refused).body.to_vec(),
            };
            note(compare(other, "requests", &path, &pretty(&got)));
        }
        let translation = asked(other);
        for path in cases(other, "answers") {
            let reply = translation.answer(200, &std::fs::read(&path).expect("a fixture"));
            note(compare(other, "answers", &path, &pretty(&reply.body)));
        }
        for path in cases(other, "faults") {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let status = name.split('-').next().and_then(|status| status.parse().ok()).expect("<status>-<case>");
            let reply = translation.answer(status, &std::fs::read(&path).expect("a fixture"));
            note(compare(other, "faults", &path, &pretty(&reply.body)));
        }
        for path in cases(other, "streams") {
            note(compare(other, "streams", &path, &play(&translation, std::fs::read(&path).expect("a fixture"))));
        }
    }
    assert!(problems.is_empty(), "{problems}");
}

#[test]
fn events_add_up_to_what_the_last_one_says() {
    for other in OTHERS {
        let translation = asked(other);
        for path in cases(other, "streams") {
            let stream = play(&translation, std::fs::read(&path).expect("a fixture"));
            assemble(&stream).unwrap_or_else(|problem| panic!("{}: {problem}\n{stream}", path.display()));
        }
    }
}

#[test]
fn whole_answers_told_as_streams_add_up_too() {
    for other in OTHERS {
        let translation = asked(other);
        for path in cases(other, "answers") {
            let mut out = Vec::new();
            translation.answer_as_stream(&std::fs::read(&path).expect("a fixture"), &mut out);
            let stream = String::from_utf8(out).expect("UTF-8");
            let told = assemble(&stream).unwrap_or_else(|problem| panic!("{}: {problem}\n{stream}", path.display()));
            let reply = translation.answer(200, &std::fs::read(&path).expect("a fixture"));
            let whole: Value = serde_json::from_slice(&reply.body).expect("JSON");
            assert_eq!(without_logprobs(told), without_logprobs(whole["output"].clone()), "{}", path.display());
        }
    }
}

#[test]
fn a_stream_that_breaks_off_ends_once_and_with_an_error() {
    for other in OTHERS {
        let translation = asked(other);
        for path in cases(other, "streams") {
            let bytes = std::fs::read(&path).expect("a fixture");
            for end in (0..bytes.len()).step_by(17) {
                let stream = play(&translation, bytes.iter().take(end).copied().collect());
                let last = ["response.completed", "response.incomplete", "response.failed", "error"];
                let ends = last.iter().map(|name| stream.matches(&format!("event: {name}\n")).count());
                assert_eq!(ends.sum::<usize>(), 1, "{} cut at {end}: {stream}", path.display());
            }
        }
    }
}

/// An answer told as a stream comes without them.
fn without_logprobs(mut output: Value) -> Value {
    for item in output.as_array_mut().into_iter().flatten() {
        for part in item.get_mut("content").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(logprobs) = part.get_mut("logprobs") {
                *logprobs = json!([]);
            }
        }
    }
    output
}

/// Puts a stream together as the vendor's libraries do, and checks each event's place. Gives the output.
fn assemble(stream: &str) -> Result<Value, String> {
    let mut output: Vec<Value> = Vec::new();
    let mut is_done: Vec<bool> = Vec::new();
    let mut events = stream.split("\n\n").filter(|block| !block.is_empty() && !block.starts_with(':')).peekable();
    let mut number = 0_u64;
    while let Some(block) = events.next() {
        let (name, data) = block.split_once("\ndata: ").ok_or("no data")?;
        let event: Value = serde_json::from_str(data).map_err(|error| error.to_string())?;
        let kind = event["type"].as_str().unwrap_or_default().to_owned();
        expect(name == format!("event: {kind}"), "the name is not the type")?;
        expect(event["sequence_number"] == number, "the sequence number is wrong")?;
        let first = ["response.created", "response.in_progress"].get(usize::try_from(number).unwrap_or(2));
        expect(first.is_none_or(|first| *first == kind) || kind == "error", "the start is wrong")?;
        number += 1;
        match kind.as_str() {
            "response.created" | "response.in_progress" => {
                expect(event["response"]["status"] == "in_progress", "the status is wrong")?;
            }
            "error" => {
                expect(events.peek().is_none(), "it goes on after the error")?;
                return Ok(Value::Null);
            }
            "response.completed" | "response.incomplete" | "response.failed" => {
                expect(events.peek().is_none(), "it goes on after the end")?;
                expect(kind.ends_with(event["response"]["status"].as_str().unwrap_or("?")), "the status is wrong")?;
                expect(is_done.iter().all(|is_done| *is_done), "an item is not done")?;
                expect(event["response"]["output"] == json!(output), "the output is not what was told")?;
                return Ok(json!(output));
            }
            _ => item_event(&kind, &event, &mut output, &mut is_done)?,
        }
    }
    Err("it does not end".to_owned())
}

fn expect(holds: bool, problem: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(problem.to_owned()) }
}

fn item_event(kind: &str, event: &Value, output: &mut Vec<Value>, is_done: &mut Vec<bool>) -> Result<(), String> {
    let index = usize::try_from(event["output_index"].as_u64().ok_or("no output_index")?).unwrap_or(usize::MAX);
    if kind == "response.output_item.added" {
        expect(index == output.len(), "an item is not the next one")?;
        output.push(event["item"].clone());
        is_done.push(false);
        return Ok(());
    }
    let item = output.get_mut(index).ok_or("an item nobody announced")?;
    expect(!is_done[index], "an item goes on after it is done")?;
    if kind == "response.output_item.done" {
        is_done[index] = true;
        let done = &event["item"];
        for key in ["id", "type", "call_id", "name", "arguments", "input", "content", "summary"] {
            expect(item[key] == done[key], &format!("{key} is not what was told"))?;
        }
        *item = done.clone();
        return Ok(());
    }
    expect(item["id"] == event["item_id"], "the id changed")?;
    let at = |key: &str| usize::try_from(event[key].as_u64().unwrap_or(0)).unwrap_or(usize::MAX);
    let (list, key) =
        if kind.contains("summary") { ("summary", "summary_index") } else { ("content", "content_index") };
    match kind {
        "response.content_part.added" | "response.reasoning_summary_part.added" => {
            let parts = item[list].as_array_mut().ok_or("no list of parts")?;
            expect(parts.len() == at(key), "a part is not the next one")?;
            parts.push(event["part"].clone());
        }
        "response.output_text.delta" | "response.reasoning_summary_text.delta" => {
            append(&mut item[list][at(key)]["text"], &event["delta"]);
            let more = event["logprobs"].as_array().cloned().unwrap_or_default();
            if let Some(list) = item[list][at(key)].get_mut("logprobs").and_then(Value::as_array_mut) {
                list.extend(more);
            }
        }
        "response.refusal.delta" => append(&mut item["content"][at(key)]["refusal"], &event["delta"]),
        "response.function_call_arguments.delta" => append(&mut item["arguments"], &event["delta"]),
        "response.custom_tool_call_input.delta" => append(&mut item["input"], &event["delta"]),
        "response.output_text.annotation.added" => {
            let sources = item["content"][at(key)]["annotations"].as_array_mut().ok_or("no annotations")?;
            expect(sources.len() == at("annotation_index"), "a source is not the next one")?;
            sources.push(event["annotation"].clone());
        }
        "response.output_text.done" | "response.reasoning_summary_text.done" => {
            expect(item[list][at(key)]["text"] == event["text"], "the text is not what was told")?;
        }
        "response.content_part.done" | "response.reasoning_summary_part.done" => {
            expect(item[list][at(key)] == event["part"], "the part is not what was told")?;
        }
        "response.refusal.done" => expect(item["content"][at(key)]["refusal"] == event["refusal"], "another refusal")?,
        "response.function_call_arguments.done" => expect(item["arguments"] == event["arguments"], "other arguments")?,
        "response.custom_tool_call_input.done" => expect(item["input"] == event["input"], "another input")?,
        _ if kind.starts_with("response.web_search_call.") => {}
        _ => return Err(format!("an unknown event: {kind}")),
    }
    Ok(())
}

fn append(to: &mut Value, text: &Value) {
    *to = Value::from(to.as_str().unwrap_or_default().to_owned() + text.as_str().unwrap_or_default());
}
