//! What all dialects speak about: one form of requests, answers, stream events and errors.
//!
//! A dialect reads its bytes into these values and writes its bytes from them; it never sees another dialect. Values
//! borrow from the bytes they were read from. A field that only some dialects have is optional here; a field that only
//! the caller's dialect has is an [`Extra`]. From the first use on this model only grows.

mod answer;
mod dropped;
mod event;
mod fault;
mod message;
mod request;
mod seal;
mod tools;
mod usage;

pub use answer::{Answer, Choice, Citation, Finish};
pub use dropped::Dropped;
pub use event::{Delta, Event, Opening, Start};
pub use fault::{Fault, FaultKind};
pub use message::{
    CacheMark, Media, MediaKind, Message, OpaquePart, Part, Role, Source, TextPart, Thinking, ToolCall, ToolResult,
};
pub use request::{Effort, Extra, OutputForm, Reasoning, Request, Sampling};
pub use seal::Vendor;
pub(crate) use seal::{carried, carry};
pub use tools::{CallKind, Function, Location, OpaqueTool, Tool, ToolChoice, WebSearch};
pub use usage::Usage;
