use serde_json::{Value, json};

use super::*;

const BOUNDARY: &str = "b";

fn translation(operation: Operation) -> Translation {
    Translation::new(Protocol::OpenAiChat, Protocol::Gemini, operation, Context::default()).unwrap()
}

fn speech(body: &Value) -> (Translation, Value, String) {
    let mut translation = translation(Operation::AudioSpeech);
    let out = translation.request(body.to_string().as_bytes(), None).unwrap();
    assert_eq!((out.operation, out.stream), (Operation::GeminiGenerateContent, false));
    (translation, serde_json::from_slice(&out.body).unwrap(), out.dropped.to_string())
}

fn form(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, text) in fields {
        let file = if *name == "file" { "; filename=\"a.mp3\"" } else { "" };
        let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{text}\r\n");
        out.extend_from_slice(part.as_bytes());
    }
    out.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    out
}

fn said(parts: &Value) -> Vec<u8> {
    json!({ "candidates": [{ "content": { "parts": parts }, "finishReason": "STOP" }],
        "usageMetadata": { "promptTokenCount": 7, "candidatesTokenCount": 2, "totalTokenCount": 9 } })
    .to_string()
    .into_bytes()
}

fn heard() -> Vec<u8> {
    said(&json!([{ "inlineData": { "mimeType": "audio/L16;codec=pcm;rate=24000", "data": "AQACAA==" } }]))
}

#[test]
fn speech_is_asked_for_with_a_voice_and_a_manner() {
    let body =
        json!({ "model": "tts", "input": "Hello", "voice": "alloy", "instructions": "Say it gladly.", "speed": 1.5 });
    let (_, sent, dropped) = speech(&body);
    assert_eq!(sent["contents"][0]["parts"], json!([{ "text": "Say it gladly:\nHello" }]));
    let config = &sent["generationConfig"];
    assert_eq!(config["responseModalities"], json!(["AUDIO"]));
    assert_eq!(config["speechConfig"]["voiceConfig"]["prebuiltVoiceConfig"]["voiceName"], "Kore");
    assert_eq!(dropped, "response_format, speed, voice");
    let (_, sent, dropped) =
        speech(&json!({ "model": "tts", "input": "Hi", "voice": "Puck", "response_format": "wav" }));
    assert_eq!(sent["generationConfig"]["speechConfig"]["voiceConfig"]["prebuiltVoiceConfig"]["voiceName"], "Puck");
    assert_eq!(dropped, "");
}

#[test]
fn sound_comes_as_samples_as_a_file_and_in_events() {
    let asked = |more: Value| {
        let mut body = json!({ "model": "tts", "input": "Hi", "voice": "Puck" });
        body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        speech(&body).0
    };
    let pcm = asked(json!({ "response_format": "pcm" }));
    assert_eq!((pcm.media_type(), pcm.answer(200, &heard()).body.as_ref()), ("audio/pcm", [1, 0, 2, 0].as_slice()));
    let wav = asked(json!({}));
    let file = wav.answer(200, &heard()).body;
    assert_eq!(
        (wav.media_type(), &file[..4], &file[8..16], file.len()),
        ("audio/wav", &b"RIFF"[..], &b"WAVEfmt "[..], 48)
    );
    assert_eq!(
        (&file[4..8], &file[24..28], &file[40..]),
        (&[40, 0, 0, 0][..], &[0xc0, 0x5d, 0, 0][..], &[4, 0, 0, 0, 1, 0, 2, 0][..])
    );
    let events = asked(json!({ "response_format": "pcm", "stream_format": "sse" }));
    let text = String::from_utf8(events.answer(200, &heard()).body.to_vec()).unwrap();
    assert_eq!(events.media_type(), "text/event-stream");
    assert!(text.starts_with("data: {\"type\":\"speech.audio.delta\",\"audio\":\"AQACAA==\"}\n\n"), "{text}");
    assert!(text.contains("speech.audio.done") && text.contains("\"total_tokens\":9"), "{text}");
}

#[test]
fn a_recording_is_sent_with_what_is_to_be_done_and_written_down() {
    let fields =
        [("model", "m"), ("file", "sound"), ("language", "et"), ("prompt", "Valga"), ("temperature", "0"), ("x", "y")];
    let mut transcription = translation(Operation::AudioTranscription);
    let out = transcription.request(&form(&fields), Some(BOUNDARY)).unwrap();
    let sent: Value = serde_json::from_slice(&out.body).unwrap();
    let parts = &sent["contents"][0]["parts"];
    assert_eq!(parts[0]["inlineData"], json!({ "mimeType": "audio/mpeg", "data": "c291bmQ=" }));
    let words = parts[1]["text"].as_str().unwrap();
    assert!(words.contains("word for word") && words.contains("et.") && words.ends_with("Valga"), "{words}");
    assert_eq!((&sent["generationConfig"]["temperature"], out.dropped.to_string().as_str()), (&json!(0), "x"));
    let answer = transcription.answer(200, &said(&json!([{ "text": " Next stop: " }, { "text": "Valga.\n" }])));
    let usage = json!({ "type": "tokens", "input_tokens": 7, "output_tokens": 2, "total_tokens": 9 });
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(
        (transcription.media_type(), body),
        ("application/json", json!({ "text": "Next stop: Valga.", "usage": usage }))
    );

    let mut translated = translation(Operation::AudioTranslation);
    let fields = [("model", "m"), ("file", "sound"), ("response_format", "text")];
    let out = translated.request(&form(&fields), Some(BOUNDARY)).unwrap();
    assert!(String::from_utf8_lossy(&out.body).contains("into English"));
    let answer = translated.answer(200, &said(&json!([{ "text": "Hello" }])));
    assert_eq!((translated.media_type(), answer.body.as_ref()), ("text/plain; charset=utf-8", b"Hello\n".as_slice()));
}

#[test]
fn mistakes_and_answers_without_sound_are_told_in_openais_words() {
    let refused = |operation, body: &[u8], boundary| translation(operation).request(body, boundary).unwrap_err().param;
    assert_eq!(refused(Operation::AudioSpeech, br#"{"model":"m"}"#, None), Some("input"));
    assert_eq!(refused(Operation::AudioTranscription, &form(&[("model", "m")]), Some(BOUNDARY)), Some("file"));
    let times = form(&[("file", "s"), ("response_format", "srt")]);
    assert_eq!(refused(Operation::AudioTranscription, &times, Some(BOUNDARY)), Some("response_format"));
    let (speaks, ..) = speech(&json!({ "model": "m", "input": "Hi" }));
    let held = json!({ "candidates": [{ "finishReason": "PROHIBITED_CONTENT" }] }).to_string();
    let answer = speaks.answer(200, held.as_bytes());
    assert_eq!((answer.status, answer.body.starts_with(b"{\"error\"")), (400, true));
    assert_eq!(speaks.answer(200, &said(&json!([{ "text": "no" }]))).status, 502);
    assert_eq!(speaks.answer(200, b"no JSON").status, 502);
}
