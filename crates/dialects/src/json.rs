//! JSON written and read without a tree.
//!
//! [`Object`] and [`List`] write straight into the body that leaves; brackets and commas are theirs, so what comes out
//! is well-formed. [`record!`](crate::json::record) makes a type that reads an object in one pass and keeps the fields
//! it does not know, so that nothing is lost unseen.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use read::{Loose, TextOr, json_of, record, text_of};
pub(crate) use write::{List, Object};
