//! Recorded exchanges with OpenAI, played back behind the gateway: what arrives is what was recorded.
//!
//! The recordings are not part of the project; without them the tests say so and pass.

use std::path::PathBuf;

use claviger_testkit::recordings::{Recording, load};
use claviger_testkit::{Fault, FaultKind, Running, Script, ScriptedUpstream, TokenScript};
use serde_json::Value;

use crate::harness::{Answer, Config, Gateway, Provider, Request, launch, token, tokens};

fn recordings() -> Option<Vec<Recording>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/openai-recordings");
    if !folder.is_dir() {
        println!("skipped: no recordings at ../shared/data/openai-recordings");
        return None;
    }
    let all = load(&folder).unwrap();
    assert!(!all.is_empty());
    Some(all)
}

fn is_azure(recording: &Recording) -> bool {
    recording.request.path.starts_with("/openai/deployments/")
}

fn config(recording: &Recording, provider: &Running, count: usize) -> Config {
    if !is_azure(recording) {
        return Config::one(&provider.url(), &tokens(count));
    }
    let url = format!("https://recorded.openai.azure.com{}?api-version=2024-10-21", recording.request.path);
    Config::default().provider(Provider::azure("main", &url, provider.addr()).tokens(&tokens(count)))
}

/// The recorded request; a multipart body, which recorders leave out, is made up.
fn request(recording: &Recording) -> Request {
    let recorded = &recording.request;
    let kind = recorded.headers.get("content-type").unwrap_or_default().to_owned();
    if kind.starts_with("multipart/") {
        let model = if recorded.path.contains("/images/") { "gpt-image-1" } else { "whisper-1" };
        let file: (&str, &str, &[u8]) = ("file", "speech.wav", b"RIFF\x00\xff");
        return crate::harness::form(&recorded.path, &[("model", "", model.as_bytes()), file]);
    }
    // callers of an Azure deployment ask us in OpenAI's paths
    let path = if is_azure(recording) { "/v1/chat/completions" } else { &recorded.path };
    let mut request = crate::harness::post_bytes(path, &kind, recorded.body.to_vec());
    request.method.clone_from(&recorded.method);
    if request.body.is_empty() {
        request.headers.clear();
    }
    request
}

/// Input and output of the last usage that the recorded answer names; `None` when it names none.
fn usage(recording: &Recording) -> Option<(u64, u64)> {
    let text = String::from_utf8_lossy(&recording.response.body).into_owned();
    let whole = serde_json::from_str::<Value>(&text).ok();
    let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
    let mut found = whole.into_iter().chain(events).filter_map(|json| {
        let usage = [&json["usage"], &json["response"]["usage"]].into_iter().find(|usage| usage.is_object())?.clone();
        let field = |names: [&str; 2]| names.iter().find_map(|name| usage[*name].as_u64());
        let input = field(["prompt_tokens", "input_tokens"])?;
        Some((input, field(["completion_tokens", "output_tokens"]).unwrap_or(0)))
    });
    found.next_back()
}

async fn check(gateway: &Gateway, recording: &Recording) -> Result<(), String> {
    let answer: Answer = gateway.ask(&request(recording)).await;
    let recorded = &recording.response;
    if answer.status != recorded.status {
        return Err(format!("status {} instead of {}: {}", answer.status, recorded.status, answer.text()));
    }
    if answer.body != recorded.body {
        let at = answer.body.iter().zip(&recorded.body).take_while(|(a, b)| a == b).count();
        let around =
            |body: &[u8]| String::from_utf8_lossy(&body[at.min(body.len())..(at + 80).min(body.len())]).into_owned();
        return Err(format!(
            "bytes differ at {at}: `{}` instead of `{}`",
            around(&answer.body),
            around(&recorded.body)
        ));
    }
    if answer.header("content-type") != recorded.headers.get("content-type") {
        return Err(format!("content type {:?}", answer.header("content-type")));
    }
    let receipt = gateway.receipt(&answer).await;
    let (input, output) = (receipt["usage"]["input"].as_u64(), receipt["usage"]["output"].as_u64());
    let want = usage(recording);
    if want.is_some_and(|want| (Some(want.0), Some(want.1)) != (input, output)) {
        return Err(format!("usage {input:?}+{output:?} instead of {want:?}"));
    }
    Ok(())
}

async fn play(what: &str, all: &[Recording], behaviours: &[TokenScript]) {
    let mut failures = Vec::new();
    for recording in all {
        let numbered = behaviours.iter().enumerate();
        let script = numbered.fold(Script::new(), |script, (n, one)| script.token(token(n), one.clone()));
        let provider = ScriptedUpstream::start(script.playback(std::slice::from_ref(recording))).await.unwrap();
        let gateway = launch(&config(recording, &provider, behaviours.len())).await;
        if let Err(why) = check(&gateway, recording).await {
            failures.push(format!("{}: {why}", recording.name));
        }
    }
    println!("recordings, {what}: {}/{} passed", all.len() - failures.len(), all.len());
    assert!(failures.is_empty(), "{what}:\n{}", failures.join("\n"));
}

#[tokio::test]
async fn recordings_pass_unchanged_with_their_usage_read() {
    let Some(all) = recordings() else { return };
    play("all tokens healthy", &all, &[TokenScript::healthy(), TokenScript::healthy()]).await;
}

#[tokio::test]
async fn recordings_pass_unchanged_with_two_of_three_tokens_broken() {
    let Some(all) = recordings() else { return };
    let limited = TokenScript::healthy().fault(Fault::status(429).header("retry-after", "600"));
    play("two of three refused", &all, &[TokenScript::status(401), limited, TokenScript::healthy()]).await;
}

#[tokio::test]
async fn recordings_that_may_be_repeated_pass_unchanged_past_resets_and_errors() {
    let Some(all) = recordings() else { return };
    let creates = |path: &str| path.contains("/images/") || path.contains("/audio/speech");
    let repeatable: Vec<Recording> = all.into_iter().filter(|one| !creates(&one.request.path)).collect();
    let broken = [TokenScript::broken(FaultKind::Reset), TokenScript::status(500), TokenScript::healthy()];
    play("a reset, an error, a healthy one", &repeatable, &broken).await;
}
