//! Any bytes about pictures, sound, rankings or vectors are translated or refused for any provider: no panic, what is sent
//! is JSON, and so is every failure.
#![no_main]

use claviger_dialects::{Context, Outgoing, Protocol, Refused, Reply, audio, embeddings, images, rerank};
use claviger_types::Operation;
use libfuzzer_sys::fuzz_target;

/// The boundary of requests that are forms.
const BOUNDARY: &str = "b";

enum Exchange {
    Images(images::Translation),
    Audio(audio::Translation),
    Rerank(rerank::Translation),
    Embeddings(embeddings::Translation),
}

impl Exchange {
    fn new(asked: Operation, caller: Protocol, provider: Protocol) -> Option<Self> {
        let context = Context { named_model: Some("m".to_owned()), ..Context::default() };
        Some(match asked {
            Operation::Rerank => Self::Rerank(rerank::Translation::new(caller, provider, context)?),
            Operation::Embeddings => Self::Embeddings(embeddings::Translation::new(caller, provider, context)?),
            Operation::AudioSpeech | Operation::AudioTranscription | Operation::AudioTranslation => {
                Self::Audio(audio::Translation::new(caller, provider, asked, context)?)
            }
            _ => Self::Images(images::Translation::new(caller, provider, asked, context)?),
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

const OPERATIONS: [Operation; 8] = [
    Operation::ImageGeneration,
    Operation::ImageEdit,
    Operation::ImageVariation,
    Operation::AudioSpeech,
    Operation::AudioTranscription,
    Operation::AudioTranslation,
    Operation::Rerank,
    Operation::Embeddings,
];

// The first bytes choose what is asked, by whom and of whom; the rest is up to a zero a request, then an answer to it.
fuzz_target!(|input: &[u8]| {
    let [asked, caller, provider, form, rest @ ..] = input else { return };
    let pick = |byte: &u8| Protocol::ALL[usize::from(*byte) % Protocol::ALL.len()];
    let asked = OPERATIONS[usize::from(*asked) % OPERATIONS.len()];
    // pictures, sound and rankings are asked for in OpenAI's words, and so are most vectors
    let caller = if caller % 4 == 0 { Protocol::Gemini } else { Protocol::OpenAiChat };
    let Some(mut exchange) = Exchange::new(asked, caller, pick(provider)) else { return };
    let is_json = |body: &[u8]| serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
    let mut parts = rest.splitn(2, |byte| *byte == 0);
    let (request, answer) = (parts.next().unwrap_or_default(), parts.next().unwrap_or(rest));
    match exchange.request(request, (form % 2 == 1).then_some(BOUNDARY)) {
        Ok(outgoing) => assert!(is_json(&outgoing.body)),
        Err(refused) => assert!(is_json(&exchange.refusal(&refused).body)),
    }
    for status in [200, 400, 529] {
        let reply = exchange.answer(status, answer);
        assert!(reply.status < 400 || is_json(&reply.body));
    }
});
