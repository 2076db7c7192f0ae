//! Translation between wire protocols: requests, answers, streams and errors, by way of one common model.
//!
//! In: bytes of one dialect. Out: bytes of another, and the names of the fields that could not be carried. Each dialect
//! is a folder that reads and writes the [`model`]; none knows another, so `n` dialects cost `n` folders and not `n²`.
//! The same dialect on both sides is never translated. This crate must never do I/O, read a clock, know a provider by
//! name, or drop a field in silence.

mod anthropic;
pub mod audio;
mod bedrock;
mod codec;
mod cohere;
mod cohere_v1;
mod count;
mod coze;
mod deepl;
mod dify;
pub mod embeddings;
mod gather;
mod gemini;
mod hunyuan;
mod hygiene;
pub mod images;
mod json;
mod kept;
mod minimax;
pub mod model;
pub mod models;
mod openai_chat;
mod openai_custom;
mod openai_responses;
mod plain;
mod protocol;
mod qwen;
mod replay;
pub mod rerank;
mod sequence;
mod settings;
mod spark;
mod sse;
mod teller;
mod text;
mod translation;
mod triton;

pub use anthropic::with_claude_code;
pub use bedrock::{BedrockSettings, CachePoints};
pub use codec::{
    Asked, CacheForm, Client, Context, Profile, ReasoningForm, Refused, Sink, StreamReader, StreamWriter, ThoughtsBack,
    Unreadable, Upstream,
};
pub use deepl::DeepLSettings;
pub use dify::{DifyBot, DifySettings, conversation as dify_conversation};
pub use gemini::GeminiSettings;
pub use hygiene::Hygiene;
pub use kept::Kept;
pub use protocol::Protocol;
pub use qwen::{QwenSettings, QwenThoughts, is_multimodal as is_multimodal_qwen};
pub use settings::Settings;
pub use text::{Number, Text};
pub use translation::{Outgoing, Reply, StreamTranslation, Translation};
