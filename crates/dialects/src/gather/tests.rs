use crate::codec::Asked;
use crate::protocol::Protocol;
use crate::replay::replay;

use super::*;

macro_rules! fixture {
    ($protocol:ident, $folder:literal, $case:literal) => {
        (Protocol::$protocol, include_str!(concat!("../../fixtures/", $folder, "/streams/", $case, ".sse")))
    };
}

const WHOLE: [(Protocol, &str); 18] = [
    fixture!(Anthropic, "anthropic", "thinking"),
    fixture!(Anthropic, "anthropic", "tools"),
    fixture!(Cohere, "cohere", "thinking-and-citation"),
    fixture!(Coze, "coze", "text"),
    fixture!(Coze, "coze", "tools"),
    fixture!(Dify, "dify", "agent"),
    fixture!(Gemini, "gemini", "grounding"),
    fixture!(Gemini, "gemini", "thinking"),
    fixture!(Gemini, "gemini", "two-candidates"),
    fixture!(OpenAiChat, "openai-chat", "interleaved-tools"),
    fixture!(OpenAiChat, "openai-chat", "sealed"),
    fixture!(OpenAiChat, "openai-chat", "two-choices"),
    fixture!(OpenAiResponses, "openai-responses", "hidden-thinking"),
    fixture!(OpenAiResponses, "openai-responses", "logprobs"),
    fixture!(OpenAiResponses, "openai-responses", "refusal"),
    fixture!(OpenAiResponses, "openai-responses", "web-search"),
    fixture!(Qwen, "qwen", "parallel-tools"),
    fixture!(Spark, "spark", "tools"),
];

const FAILED: [(Protocol, &str); 4] = [
    fixture!(Anthropic, "anthropic", "error"),
    fixture!(Coze, "coze", "failed"),
    fixture!(Gemini, "gemini", "error"),
    fixture!(OpenAiResponses, "openai-responses", "rate-limit"),
];

fn reader(protocol: Protocol) -> Box<dyn StreamReader> {
    protocol.upstream().unwrap().stream_reader(&Asked::default())
}

fn written(answer: &Answer<'_>) -> serde_json::Value {
    let mut out = Vec::new();
    Protocol::OpenAiChat.client().unwrap().write_answer(answer, &Asked::default(), &mut out);
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn a_gathered_answer_told_as_a_stream_and_gathered_anew_is_the_same() {
    for (protocol, stream) in WHOLE {
        let kept = Kept::default();
        let whole = answer(reader(protocol), stream, &kept).unwrap();
        assert!(whole.choices.iter().all(|choice| !choice.parts.is_empty() && choice.finish.is_some()), "{protocol:?}");
        let mut again = Gathered::default();
        replay(&whole, &mut |event| again.take(event));
        assert!(again.is_complete);
        let kept = Kept::default();
        assert_eq!(written(&again.answer(&kept)), written(&whole), "{protocol:?}");
    }
}

#[test]
fn a_failure_in_the_stream_is_the_answers() {
    for (protocol, stream) in FAILED {
        assert!(answer(reader(protocol), stream, &Kept::default()).is_err(), "{protocol:?}");
        assert!(fault(reader(protocol), stream).is_some_and(|fault| !fault.message.is_empty()), "{protocol:?}");
    }
}

#[test]
fn a_stream_cut_before_the_reason_of_its_end_is_no_answer() {
    let (protocol, stream) = WHOLE[0];
    let end = stream.find("event: message_delta").unwrap();
    for cut in (0..end).filter(|cut| stream.is_char_boundary(*cut)) {
        assert!(answer(reader(protocol), &stream[..cut], &Kept::default()).is_err(), "{cut}");
    }
}
