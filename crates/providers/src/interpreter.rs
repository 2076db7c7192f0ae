//! What turns a provider's answer into the caller's dialect: of a conversation, or of embeddings.

use claviger_dialects::{Context, Outgoing, Protocol, Refused, Reply, StreamTranslation, Translation, embeddings};
use claviger_types::Operation;

/// The translation of one exchange.
#[derive(Clone, Debug)]
pub enum Interpreter {
    /// Of a conversation.
    Conversation(Box<Translation>),
    /// Of embeddings, which have no streams.
    Embeddings(Box<embeddings::Translation>),
}

impl Interpreter {
    /// The translation between these two, if there is one.
    pub(crate) fn new(caller: Protocol, provider: Protocol, operation: Operation, context: Context) -> Option<Self> {
        if operation == Operation::Embeddings {
            return Some(Self::Embeddings(Box::new(embeddings::Translation::new(caller, provider, context)?)));
        }
        Some(Self::Conversation(Box::new(Translation::new(caller, provider, context)?)))
    }

    /// Translates the request.
    pub(crate) fn request(&mut self, body: &[u8]) -> Result<Outgoing, Refused> {
        match self {
            Self::Conversation(translation) => translation.request(body),
            Self::Embeddings(translation) => translation.request(body),
        }
    }

    /// Translates a whole answer, good or failed. A good one that cannot be read becomes a failure.
    pub fn answer(&self, status: u16, body: &[u8]) -> Reply {
        match self {
            Self::Conversation(translation) => translation.answer(status, body),
            Self::Embeddings(translation) => translation.answer(status, body),
        }
    }

    /// The conversation, which may be a stream.
    pub fn conversation(&self) -> Option<&Translation> {
        match self {
            Self::Conversation(translation) => Some(translation),
            Self::Embeddings(_) => None,
        }
    }

    /// The media type of the caller's stream, if a stream is wanted.
    pub fn stream_type(&self) -> Option<&'static str> {
        self.conversation().filter(|translation| translation.wants_stream()).map(Translation::stream_type)
    }

    /// What translates the answer as a stream.
    pub fn stream(&self) -> Option<StreamTranslation> {
        self.conversation().map(Translation::stream)
    }
}
