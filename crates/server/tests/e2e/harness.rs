//! What every test needs: a gateway as a child process, a client that can send odd bytes, a provider that can be
//! stepped, and a way to wait for things to become true.

mod config;
mod gateway;
pub(crate) mod google;
mod request;
mod stepped;
mod trail;
mod until;
mod wire;

pub(crate) use config::{Config, Provider};
pub(crate) use gateway::{Folder, Gateway, check, launch};
pub(crate) use request::{Request, chat, embed, form, get, post, post_bytes, stream};
pub(crate) use stepped::Stepped;
pub(crate) use trail::{asked_for, never_twice, token, tokens};
pub(crate) use until::{soon, until};
pub(crate) use wire::{Answer, Ended, Io, Stream, Wire};
