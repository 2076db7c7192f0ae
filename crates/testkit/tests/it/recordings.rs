//! Recorded exchanges come back byte for byte. They lie beside the project; without them there is nothing to check.

use std::path::PathBuf;

use claviger_testkit::{FaultKind, Script, ScriptedUpstream, TokenScript, recordings};
use serde_json::json;

use crate::client::{post, request, send};

fn recorded() -> Option<Vec<recordings::Recording>> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/openai-recordings");
    if !dir.is_dir() {
        println!("skipped: ../shared/data/openai-recordings is not there");
        return None;
    }
    Some(recordings::load(&dir).expect("recordings"))
}

#[tokio::test]
async fn every_recording_is_played_back_exactly() {
    let Some(recorded) = recorded() else { return };
    assert_eq!(recorded.len(), 43);
    let upstream = ScriptedUpstream::start(Script::accepting_all().playback(&recorded)).await.expect("a port");
    for recording in &recorded {
        let ask = &recording.request;
        let kind = ask.headers.get("content-type").unwrap_or_default();
        let reply = send(upstream.addr(), request(&ask.method, &ask.path, "sk-a", kind, ask.body.clone())).await;
        let reply = reply.expect("an answer");
        assert_eq!(reply.status, recording.response.status, "{}", recording.name);
        assert!(reply.body == recording.response.body, "{}: other bytes", recording.name);
        assert_eq!(Some(reply.header("content-type")), recording.response.headers.get("content-type"));
    }
}

#[tokio::test]
async fn a_token_fault_comes_before_a_recording_and_added_stream_options_do_not_matter() {
    let Some(recorded) = recorded() else { return };
    let script = Script::accepting_all()
        .token("sk-bad", TokenScript::status(401))
        .token("sk-cut", TokenScript::broken(FaultKind::RoleOnlyThenCut))
        .playback(&recorded);
    let upstream = ScriptedUpstream::start(script).await.expect("a port");
    let stream = recorded.iter().find(|recording| recording.name == "chat-streaming").expect("the recording");
    let mut body = stream.request.json();
    assert_eq!(
        send(upstream.addr(), post(&stream.request.path, "sk-bad", &body)).await.expect("an answer").status,
        401
    );
    assert!(send(upstream.addr(), post(&stream.request.path, "sk-cut", &body)).await.expect("a head").cut.is_some());
    body["stream_options"] = json!({ "include_usage": true });
    let reply = send(upstream.addr(), post(&stream.request.path, "sk-a", &body)).await.expect("an answer");
    assert!(reply.body == stream.response.body);
}

#[test]
fn binary_bodies_and_several_exchanges_in_a_file_are_read() {
    let dir = std::env::temp_dir().join(format!("claviger-recordings-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a directory");
    let exchange = "- request: {method: POST, url: 'https://a.example/v1/audio/speech?x=1', body: '{}'}\n  response:\n    code: 200\n    headers: {Content-Type: [audio/mpeg]}\n    body: !!binary |\n      //uQ\n      AA==\n";
    std::fs::write(dir.join("speech.yaml"), format!("version: 2\ninteractions:\n{exchange}{exchange}"))
        .expect("a file");
    let read = recordings::load(&dir);
    std::fs::remove_dir_all(&dir).expect("removed");
    let read = read.expect("recordings");
    let names: Vec<&str> = read.iter().map(|recording| recording.name.as_str()).collect();
    assert_eq!(names, ["speech-0", "speech-1"]);
    assert_eq!(&read[0].response.body[..], b"\xff\xfb\x90\x00");
    assert_eq!(read[0].request.path, "/v1/audio/speech?x=1");
}
