//! Speech and transcripts.

use bytes::Bytes;
use serde_json::json;

use super::{Answer, Call, errors::bad_request};

/// Bytes that are not text in any encoding, with the content type of the format asked for, and the input's length.
pub(crate) fn speech(call: &Call) -> Answer {
    let content_type = match call.json["response_format"].as_str().unwrap_or("mp3") {
        "opus" => "audio/opus",
        "aac" => "audio/aac",
        "flac" => "audio/flac",
        "wav" => "audio/wav",
        "pcm" => "audio/pcm",
        _ => "audio/mpeg",
    };
    let mut sound = vec![0xff, 0xfb, 0x90, 0x00]; // the head of an MPEG frame
    sound.extend((0..=255_u8).cycle().take(1024 + call.json["input"].as_str().map_or(0, str::len)));
    Answer::status(200).with_bytes(sound.into(), content_type)
}

/// Says name and length of the file sent, in the format asked for.
pub(crate) fn transcript(call: &Call) -> Answer {
    let Some(file) = call.file() else {
        return bad_request(call.framing(), "Missing required parameter: 'file'.", Some("file"), None);
    };
    let text = format!("Heard {} of {} bytes.", file.filename.unwrap_or_default(), file.content.len());
    let plain = |text: String| Answer::status(200).with_bytes(Bytes::from(text), "text/plain; charset=utf-8");
    match call.field("response_format").as_deref() {
        Some("text") => plain(format!("{text}\n")),
        Some("srt") => plain(format!("1\n00:00:00,000 --> 00:00:01,000\n{text}\n\n")),
        Some("vtt") => plain(format!("WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n{text}\n\n")),
        Some("verbose_json") => Answer::json(&json!({
            "task": "transcribe", "language": "english", "duration": 1.0, "text": text, "segments": [],
            "usage": { "type": "duration", "seconds": 1 },
        })),
        _ => Answer::json(&json!({ "text": text, "usage": { "type": "duration", "seconds": 1 } })),
    }
}
