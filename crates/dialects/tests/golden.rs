//! Plays the recorded exchanges of Higress' ai-proxy through the translation and compares both sides.
//!
//! The recordings lie beside the repository (`../shared/reference/higress-golden`); without them the test says so and
//! passes. Streams are played as recorded and byte by byte: the result must be the same.

#![expect(clippy::expect_used, reason = "a test says what it skips and may fail")]

#[path = "golden/compare.rs"]
mod compare;
#[path = "golden/settings.rs"]
mod settings;
#[path = "golden/summary.rs"]
mod summary;

use std::path::Path;

use base64::Engine as _;
use bytes::Bytes;
use claviger_dialects::{Context, Profile, Protocol, ReasoningForm, Reply, Translation, embeddings, images};
use claviger_types::Operation;
use serde_json::Value;

fn recordings() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/higress-golden");
    let Ok(files) = std::fs::read_dir(&folder) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = files.flatten().map(|file| file.path()).collect();
    paths.sort();
    let is_cases = |path: &&std::path::PathBuf| path.extension().is_some_and(|kind| kind == "json");
    let read = |path| serde_json::from_slice::<Vec<Value>>(&std::fs::read(path).expect("a file")).expect("a list");
    paths.iter().filter(is_cases).flat_map(read).collect()
}

/// The dialect of a path. Providers whose native path is not recognised by it are played elsewhere.
fn protocol(path: &str) -> Option<Protocol> {
    let path = path.split('?').next().unwrap_or_default();
    match path {
        _ if path.ends_with("/messages") => Some(Protocol::Anthropic),
        _ if path.ends_with("/chat/completions") => Some(Protocol::OpenAiChat),
        _ if path.ends_with("/responses") => Some(Protocol::OpenAiResponses),
        _ if path.ends_with("/chatcompletion_v2") => Some(Protocol::OpenAiChat),
        _ if path.contains("/services/aigc/") => Some(Protocol::Qwen),
        _ if path.ends_with("/v1/chat") => Some(Protocol::CohereV1),
        _ if path.contains(":generateContent") || path.contains(":streamGenerateContent") => Some(Protocol::Gemini),
        _ if path.ends_with("/converse") || path.ends_with("/converse-stream") => Some(Protocol::Bedrock),
        _ if path.ends_with("/chatcompletion_pro") => Some(Protocol::MiniMaxPro),
        _ if path == "/" => Some(Protocol::Hunyuan),
        _ if path.ends_with("/chat-messages") || path.ends_with("/completion-messages") => Some(Protocol::Dify),
        _ if path.ends_with("/workflows/run") => Some(Protocol::Dify),
        _ if path.ends_with("/v2/translate") => Some(Protocol::DeepL),
        _ if path.ends_with("/generate") || path.ends_with("/generate_stream") => Some(Protocol::Triton),
        _ => None,
    }
}

/// What stands in the plugin's configuration about the provider's ways.
fn profile(case: &Value) -> Profile {
    let provider = &case["config"]["provider"];
    Profile {
        reasoning_form: match provider["type"].as_str() {
            Some("zhipuai") => ReasoningForm::Switch,
            Some("openrouter") => ReasoningForm::Budget,
            _ => ReasoningForm::Effort,
        },
        claude_code: provider["claudeCodeMode"] == true,
        settings: settings::of(provider),
        ..Profile::default()
    }
}

/// Recordings that demand a flaw. The first wants the output tokens of `message_start` added to the final count, which
/// the sibling `claude-stream-text` calls a defect. The second wants a function without arguments sent without a schema,
/// which Bedrock refuses ("ToolSpecification": `inputSchema` is required, and its type must be `object`).
/// The third leaves thoughts out of the completion, so that prompt and completion do not add up to the total; the last
/// wants the finish reason `STOP`, which its siblings call a defect.
/// `triton-chat2-plain` leaves the limit of output out, which its sibling `triton-chat-params` calls a defect.
const MISJUDGED: [&str; 5] = [
    "claude-code-mode-stream",
    "bedrock-stream-text-tool-split",
    "vertex-chat-thought",
    "vertex-chat-toolres2",
    "triton-chat2-plain",
];

/// Settings whose work is done before or after the translation.
fn needs_more(case: &Value) -> bool {
    let text = case["config"].to_string();
    let elsewhere = ["\"context\"", "customSettings", "promoteThinking", "mergeConsecutive", "Cleanup", "\"protocol\""];
    elsewhere.iter().any(|word| text.contains(word))
        || case["side_calls"].as_array().is_some_and(|calls| !calls.is_empty())
}

fn bytes(side: &Value) -> Bytes {
    if let Some(packed) = side["body_base64"].as_str() {
        return base64::engine::general_purpose::STANDARD.decode(packed).expect("base64").into();
    }
    match (side.get("body"), side["body_text"].as_str()) {
        (Some(body), _) => Bytes::from(body.to_string()),
        (None, text) => Bytes::from(text.unwrap_or_default().to_owned()),
    }
}

/// The model after mapping: in the body, in the path, or as the only mapping says.
fn model_sent(case: &Value) -> Option<String> {
    let sent = &case["upstream_request"];
    let in_body = ["model", "Model"].iter().find_map(|key| sent["body"][*key].as_str());
    let in_path = || {
        let path = sent["path"].as_str()?.split('?').next()?;
        let after = path.split_once("/model/").or_else(|| path.split_once("/models/"))?.1;
        after.split(['/', ':']).next()
    };
    let mapped = || case["config"]["provider"]["modelMapping"]["*"].as_str();
    Some(in_body.or_else(in_path).or_else(mapped)?.replace("%3A", ":").replace("%2F", "/"))
}

fn chunks(answer: &Value) -> Option<Vec<Bytes>> {
    let decode = |chunk: &str| base64::engine::general_purpose::STANDARD.decode(chunk).expect("base64");
    match (answer["chunks"].as_array(), answer["chunks_base64"].as_array()) {
        (Some(chunks), _) => Some(chunks.iter().filter_map(Value::as_str).map(|c| c.to_owned().into()).collect()),
        (None, Some(chunks)) => Some(chunks.iter().filter_map(Value::as_str).map(|c| decode(c).into()).collect()),
        (None, None) => None,
    }
}

fn play(case: &Value, client: Protocol, upstream: Protocol) -> Vec<String> {
    let model = model_sent(case);
    let conversation = case["client_request"]["headers"]["ConversationId"].as_str().map(str::to_owned);
    let base = Context { model, conversation, profile: profile(case), ..Context::default() };
    let context = Context { now: 1_733_900_000, nonce: 7, ..base };
    let mut translation = Translation::new(client, upstream, context).expect("a pair");
    let outgoing = match translation.request(&bytes(&case["client_request"])) {
        Ok(outgoing) => outgoing,
        Err(refused) => {
            let reply = translation.refusal(&refused);
            let mut problems = compare::request(case, None);
            problems.extend(compare::reply(case, &reply));
            return problems;
        }
    };
    let mut problems = compare::request(case, Some(&outgoing.body));
    let answer = &case["upstream_response"];
    let status = u16::try_from(answer["status"].as_u64().unwrap_or(200)).expect("a status");
    let Some(chunks) = chunks(answer) else {
        problems.extend(compare::reply(case, &translation.answer(status, &bytes(answer))));
        return problems;
    };
    let whole = stream(&translation, chunks.iter().cloned());
    let single = chunks.concat();
    let bytewise = stream(&translation, single.iter().map(|byte| Bytes::copy_from_slice(&[*byte])));
    if whole != bytewise {
        problems.push("the stream depends on its cuts".to_owned());
    }
    problems.extend(compare::reply(case, &Reply { status, body: whole.into() }));
    problems
}

/// Pictures have a translation of their own.
fn play_images(case: &Value, asked: Operation, provider: Protocol) -> Vec<String> {
    let context = Context { model: model_sent(case), profile: profile(case), ..Context::default() };
    let mut translation = images::Translation::new(Protocol::OpenAiChat, provider, asked, context).expect("a pair");
    let kind = case["client_request"]["headers"]["content-type"].as_str().unwrap_or_default();
    let boundary = claviger_wire::multipart::boundary(kind);
    let outgoing = translation.request(&bytes(&case["client_request"]), boundary.as_deref());
    let answer = &case["upstream_response"];
    let status = u16::try_from(answer["status"].as_u64().unwrap_or(200)).expect("a status");
    let (sent, reply) = match &outgoing {
        Ok(outgoing) => (Some(outgoing.body.as_ref()), translation.answer(status, &bytes(answer))),
        Err(refused) => (None, translation.failure(&refused.fault())),
    };
    let mut problems = compare::request(case, sent);
    problems.extend(compare::reply(case, &reply));
    problems
}

/// What is asked of a provider that draws in a dialect of its own.
fn drawers(case: &Value) -> Option<(Operation, Protocol)> {
    let path = case["client_request"]["path"].as_str()?;
    let asked = match () {
        () if path.ends_with("/images/generations") => Operation::ImageGeneration,
        () if path.ends_with("/images/edits") => Operation::ImageEdit,
        () if path.ends_with("/images/variations") => Operation::ImageVariation,
        () => return None,
    };
    match case["provider"].as_str()? {
        "bedrock" => Some((asked, Protocol::Bedrock)),
        "gemini" | "vertex" => Some((asked, Protocol::Gemini)),
        _ => None,
    }
}

/// Embeddings have a translation of their own.
fn play_embeddings(case: &Value, client: Protocol, upstream: Protocol) -> Vec<String> {
    let context = Context { model: model_sent(case), profile: profile(case), ..Context::default() };
    let mut translation = embeddings::Translation::new(client, upstream, context).expect("a pair");
    let outgoing = translation.request(&bytes(&case["client_request"])).expect("a request");
    let mut problems = compare::request(case, Some(&outgoing.body));
    let answer = &case["upstream_response"];
    let status = u16::try_from(answer["status"].as_u64().unwrap_or(200)).expect("a status");
    problems.extend(compare::reply(case, &translation.answer(status, &bytes(answer))));
    problems
}

/// The dialects of an exchange about embeddings.
fn embedders(case: &Value) -> Option<(Protocol, Protocol)> {
    let path = |side: &str| case[side]["path"].as_str().unwrap_or_default().to_owned();
    let is_asked = path("client_request").ends_with("/embeddings");
    let is_googles = [":batchEmbedContents", ":predict"].iter().any(|action| path("upstream_request").contains(action));
    let is_qwens = path("upstream_request").contains("/services/embeddings/");
    let provider = if is_qwens { Protocol::Qwen } else { Protocol::Gemini };
    (is_asked && (is_googles || is_qwens)).then_some((Protocol::OpenAiChat, provider))
}

fn stream(translation: &Translation, chunks: impl Iterator<Item = Bytes>) -> Vec<u8> {
    let (mut stream, mut out) = (translation.stream(), Vec::new());
    chunks.for_each(|chunk| stream.push(chunk, &mut out));
    stream.finish(&mut out);
    out
}

#[test]
fn recorded_exchanges_are_translated_as_recorded_or_better() {
    let (mut passed, mut all, mut wrong) = (0, 0, Vec::new());
    let cases = recordings();
    if cases.is_empty() {
        println!("skipped: there is no ../shared/reference/higress-golden");
    }
    for case in cases {
        let id = case["id"].as_str().unwrap_or_default();
        let caller = protocol(case["client_request"]["path"].as_str().unwrap_or_default());
        let provider = protocol(case["upstream_request"]["path"].as_str().unwrap_or_default());
        let provider = match case["provider"].as_str() {
            Some("claude") => provider.or(Some(Protocol::Anthropic)),
            Some("spark") => Some(Protocol::Spark),
            Some("deepl") => Some(Protocol::DeepL),
            _ => provider,
        };
        let embedders = embedders(&case);
        let drawers = drawers(&case);
        let drawn = drawers.map(|(_, provider)| (Protocol::OpenAiChat, provider));
        let Some((caller, provider)) = drawn.or(embedders).or(caller.zip(provider)) else { continue };
        if caller == provider || case["judgement"] == "skip" || needs_more(&case) || MISJUDGED.contains(&id) {
            continue;
        }
        all += 1;
        let problems = match (drawers, embedders) {
            (Some((asked, provider)), _) => play_images(&case, asked, provider),
            (None, Some(_)) => play_embeddings(&case, caller, provider),
            (None, None) => play(&case, caller, provider),
        };
        passed += usize::from(problems.is_empty());
        if !problems.is_empty() {
            wrong.push(format!("{id} ({}): {}", case["judgement"], problems.join("; ")));
        }
    }
    println!("{passed} of {all} as recorded or better");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
