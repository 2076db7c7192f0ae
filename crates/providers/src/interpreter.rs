//! What turns a provider's answer into the caller's dialect: of a conversation, or of one of the things that have no
//! streams.

use claviger_dialects::{
    Context, Outgoing, Protocol, Refused, Reply, StreamTranslation, Translation, audio, embeddings, images, rerank,
};
use claviger_types::Operation;
use claviger_wire::BodyForm;

/// The translation of one exchange.
#[derive(Clone, Debug)]
pub enum Interpreter {
    /// Of a conversation.
    Conversation(Box<Translation>),
    /// Of embeddings.
    Embeddings(Box<embeddings::Translation>),
    /// Of pictures.
    Images(Box<images::Translation>),
    /// Of speech or a transcript.
    Audio(Box<audio::Translation>),
    /// Of a ranking.
    Rerank(Box<rerank::Translation>),
}

impl Interpreter {
    /// The translation between these two, if there is one.
    pub(crate) fn new(caller: Protocol, provider: Protocol, operation: Operation, context: Context) -> Option<Self> {
        Some(match Matter::of(operation) {
            Matter::Embeddings => Self::Embeddings(Box::new(embeddings::Translation::new(caller, provider, context)?)),
            Matter::Images => Self::Images(Box::new(images::Translation::new(caller, provider, operation, context)?)),
            Matter::Audio => Self::Audio(Box::new(audio::Translation::new(caller, provider, operation, context)?)),
            Matter::Rerank => Self::Rerank(Box::new(rerank::Translation::new(caller, provider, context)?)),
            Matter::Conversation => Self::Conversation(Box::new(Translation::new(caller, provider, context)?)),
        })
    }

    /// Translates the request.
    pub(crate) fn request(&mut self, body: &[u8], form: &BodyForm) -> Result<Outgoing, Refused> {
        let boundary = match form {
            BodyForm::Multipart { boundary } => Some(boundary.as_str()),
            BodyForm::Empty | BodyForm::Json | BodyForm::Opaque => None,
        };
        match self {
            Self::Conversation(translation) => translation.request(body),
            Self::Embeddings(translation) => translation.request(body),
            Self::Images(translation) => translation.request(body, boundary),
            Self::Audio(translation) => translation.request(body, boundary),
            Self::Rerank(translation) => translation.request(body),
        }
    }

    /// Translates a whole answer, good or failed. A good one that cannot be read becomes a failure.
    pub fn answer(&self, status: u16, body: &[u8]) -> Reply {
        match self {
            Self::Conversation(translation) => translation.answer(status, body),
            Self::Embeddings(translation) => translation.answer(status, body),
            Self::Images(translation) => translation.answer(status, body),
            Self::Audio(translation) => translation.answer(status, body),
            Self::Rerank(translation) => translation.answer(status, body),
        }
    }

    /// The conversation, which may be a stream.
    pub fn conversation(&self) -> Option<&Translation> {
        match self {
            Self::Conversation(translation) => Some(translation),
            Self::Embeddings(_) | Self::Images(_) | Self::Audio(_) | Self::Rerank(_) => None,
        }
    }

    /// Whether the caller's whole answer is made of a stream that is over.
    pub fn gathers(&self) -> bool {
        match self {
            Self::Conversation(translation) => translation.gathers(),
            Self::Audio(translation) => translation.gathers(),
            Self::Embeddings(_) | Self::Images(_) | Self::Rerank(_) => false,
        }
    }

    /// The media type of the caller's stream, if a stream is wanted.
    pub fn stream_type(&self) -> Option<&'static str> {
        match self {
            Self::Conversation(translation) => translation.wants_stream().then(|| translation.stream_type()),
            Self::Images(translation) => translation.wants_stream().then_some("text/event-stream"),
            Self::Embeddings(_) | Self::Audio(_) | Self::Rerank(_) => None,
        }
    }

    /// The media type of a good answer to the caller.
    pub fn media_type(&self) -> &'static str {
        match self {
            Self::Audio(translation) => translation.media_type(),
            Self::Conversation(_) | Self::Images(_) | Self::Embeddings(_) | Self::Rerank(_) => {
                self.stream_type().unwrap_or("application/json")
            }
        }
    }

    /// What translates the answer as a stream.
    pub fn stream(&self) -> Option<StreamTranslation> {
        self.conversation().map(Translation::stream)
    }
}

/// What an operation is about, as far as translation goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Matter {
    /// A conversation, or nothing that is translated.
    Conversation,
    /// Texts to vectors.
    Embeddings,
    /// Pictures.
    Images,
    /// Speech and transcripts.
    Audio,
    /// Texts in order.
    Rerank,
}

impl Matter {
    /// That of an operation.
    pub(crate) const fn of(operation: Operation) -> Self {
        match operation {
            Operation::Embeddings => Self::Embeddings,
            Operation::ImageGeneration | Operation::ImageEdit | Operation::ImageVariation => Self::Images,
            Operation::AudioSpeech | Operation::AudioTranscription | Operation::AudioTranslation => Self::Audio,
            Operation::Rerank | Operation::RerankV2 | Operation::QwenRerank => Self::Rerank,
            _ => Self::Conversation,
        }
    }

    /// Whether it is asked for in this form.
    pub(crate) fn takes(self, form: &BodyForm) -> bool {
        match form {
            BodyForm::Json => true,
            BodyForm::Multipart { .. } => matches!(self, Self::Images | Self::Audio),
            BodyForm::Empty | BodyForm::Opaque => false,
        }
    }
}
