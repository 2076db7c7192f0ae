//! What the target cannot express.

use std::collections::BTreeSet;
use std::fmt;

use super::{Media, Part, Request, Tool, WebSearch};

/// The names of the caller's fields that did not reach the provider. Sorted, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dropped(BTreeSet<String>);

/// Longer names are cut: they come from the caller and go into a header.
const MAX_NAME: usize = 64;

/// More names are not kept, for the same reason.
const MAX_NAMES: usize = 64;

impl Dropped {
    /// Notes a field, by its path in the caller's words: `seed`, `messages.image`.
    pub fn note(&mut self, name: &str) {
        if self.0.len() < MAX_NAMES && !self.0.contains(name) {
            let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            self.0.insert(name.chars().filter(plain).take(MAX_NAME).collect());
        }
    }

    /// Notes a field if it is set.
    pub fn note_if(&mut self, is_set: bool, name: &str) {
        if is_set {
            self.note(name);
        }
    }

    /// Notes the extras of a request that the writer did not take, and what no writer takes: extras of its functions, and
    /// what earlier answers cited.
    pub fn note_extras(&mut self, request: &Request<'_>, taken: &[&str]) {
        for extra in &request.extras {
            self.note_if(!taken.contains(&extra.name.as_str()), &extra.name);
        }
        for tool in &request.tools {
            if let Tool::Function(function) = tool {
                function.extras.iter().for_each(|extra| self.note(&format!("tools.{}", extra.name)));
            }
        }
        let cites = |part: &Part<'_>| matches!(part, Part::Text(text) if !text.citations.is_empty());
        self.note_if(request.messages.iter().any(|message| message.parts.iter().any(cites)), "messages.citations");
    }

    /// Notes all that is said about a search in the web, for providers who can but switch it on.
    pub fn note_search(&mut self, search: &WebSearch<'_>) {
        self.note_if(search.max_uses.is_some(), "tools.max_uses");
        self.note_if(!search.allowed_domains.is_empty(), "tools.allowed_domains");
        self.note_if(!search.blocked_domains.is_empty(), "tools.blocked_domains");
        self.note_if(search.context_size.is_some(), "tools.search_context_size");
        self.note_if(search.location.is_some(), "tools.user_location");
        self.note_if(search.cache.is_some(), "tools.cache_control");
    }

    /// Notes an image's wish to be looked at more or less closely.
    pub fn note_detail(&mut self, media: &Media<'_>) {
        self.note_if(media.detail.as_deref().is_some_and(|detail| detail != "auto"), "messages.image_url.detail");
    }

    /// Whether nothing was dropped.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// As the header `x-claviger-dropped` has it: names with commas between.
impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.names().enumerate() {
            write!(f, "{}{name}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
