//! Lists of models: OpenAI's, Anthropic's and Google's, each read from and written as any other.
//!
//! In: the body of a list, or of one model. Out: the same in another shape. OpenAI's keeps what it came with.

use serde_json::value::RawValue;

use crate::json::{Object, record};
use crate::text::{Number, Text};

mod date;
#[cfg(test)]
mod tests;

/// Whose shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `data` of objects with `id`, and all who copy it ("List models", 2026-11).
    OpenAi,
    /// `data` with pages and display names (Anthropic, "List models", 2026-11).
    Anthropic,
    /// `models` with names like paths (Gemini API, "models.list", 2026-11).
    Gemini,
}

record! {
    /// A list in any shape; Cohere's is like Google's.
    struct List<'a> {
        data: Vec<Entry<'a>> = "data",
        models: Vec<Entry<'a>> = "models",
    }
}

record! {
    /// A model in any shape.
    struct Entry<'a> {
        id: Text<'a> = "id",
        name: Text<'a> = "name",
        kind: &'a RawValue = "object" | "type",
        created: Number<'a> = "created",
        created_at: Text<'a> = "created_at",
        owner: Text<'a> = "owned_by",
        title: Text<'a> = "display_name" | "displayName",
    }
}

impl Entry<'_> {
    /// Google writes `models/` before the name.
    fn id(&self) -> Option<&str> {
        let id = self.id.as_deref().or(self.name.as_deref())?;
        Some(id.strip_prefix("models/").unwrap_or(id)).filter(|id| !id.is_empty())
    }

    /// Unix seconds; zero is not known.
    fn created(&self) -> u64 {
        let told = self.created.as_ref().map(Number::count);
        told.or_else(|| date::read(self.created_at.as_deref()?)).unwrap_or(0)
    }

    fn write(&self, shape: Shape, owner: &str, object: &mut Object<'_>) {
        let id = self.id().unwrap_or_default();
        match shape {
            Shape::OpenAi => {
                object.text("id", id);
                object.text("object", "model");
                object.count("created", self.created());
                object.text("owned_by", self.owner.as_deref().unwrap_or(owner));
                object.maybe_text("display_name", self.title.as_deref());
                self.unknown.iter().for_each(|extra| object.raw(&extra.name, extra.value.get()));
            }
            Shape::Anthropic => {
                object.text("type", "model");
                object.text("id", id);
                object.text("display_name", self.title.as_deref().unwrap_or(id));
                object.text("created_at", &date::write(self.created()));
            }
            Shape::Gemini => {
                object.joined("name", &["models/", id]);
                object.text("displayName", self.title.as_deref().unwrap_or(id));
            }
        }
    }
}

/// A list in this shape; `owner` is named where the list names none. `None`: it is no list.
pub fn list(body: &[u8], shape: Shape, owner: &str) -> Option<Vec<u8>> {
    let List { data, models, .. } = serde_json::from_slice(body).ok()?;
    let entries: Vec<Entry<'_>> = data.or(models)?.into_iter().filter(|entry| entry.id().is_some()).collect();
    let mut out = Vec::with_capacity(body.len() + 64);
    Object::write(&mut out, |object| {
        if shape == Shape::OpenAi {
            object.text("object", "list");
        }
        object.list(if shape == Shape::Gemini { "models" } else { "data" }, |list| {
            entries.iter().for_each(|entry| list.object(|object| entry.write(shape, owner, object)));
        });
        if shape == Shape::Anthropic {
            object.flag("has_more", false);
            for (key, entry) in [("first_id", entries.first()), ("last_id", entries.last())] {
                match entry.and_then(Entry::id) {
                    Some(id) => object.text(key, id),
                    None => object.null(key),
                }
            }
        }
    });
    Some(out)
}

/// One model in this shape. `None`: it is none.
pub fn one(body: &[u8], shape: Shape, owner: &str) -> Option<Vec<u8>> {
    let entry: Entry<'_> = serde_json::from_slice(body).ok()?;
    entry.id()?;
    let mut out = Vec::with_capacity(body.len() + 64);
    Object::write(&mut out, |object| entry.write(shape, owner, object));
    Some(out)
}
