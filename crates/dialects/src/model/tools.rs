//! Tools and their choice.

use serde_json::value::RawValue;

use super::{CacheMark, Vendor};
use crate::text::Text;

/// Something the model may call.
#[derive(Debug)]
pub enum Tool<'a> {
    /// The caller's function.
    Function(Function<'a>),
    /// A search in the web that the provider does by itself.
    WebSearch(WebSearch<'a>),
    /// A tool that only its own dialect understands.
    Opaque(OpaqueTool<'a>),
}

/// The caller's function.
#[derive(Debug, Default)]
pub struct Function<'a> {
    /// Its name.
    pub name: Text<'a>,
    /// What it does.
    pub description: Option<Text<'a>>,
    /// JSON schema of its arguments. `None`: it takes none.
    pub schema: Option<&'a RawValue>,
    /// Whether calls must fit the schema exactly.
    pub strict: Option<bool>,
    /// The prompt may be cached up to here.
    pub cache: Option<CacheMark<'a>>,
    /// What only the caller's dialect knows.
    pub extras: Vec<super::Extra<'a>>,
}

/// Search in the web.
#[derive(Debug, Default)]
pub struct WebSearch<'a> {
    /// Most searches per request.
    pub max_uses: Option<u64>,
    /// Look only there.
    pub allowed_domains: Vec<Text<'a>>,
    /// Do not look there.
    pub blocked_domains: Vec<Text<'a>>,
    /// How much of the pages to read: `low`, `medium`, `high`.
    pub context_size: Option<Text<'a>>,
    /// Where the caller is, roughly.
    pub location: Option<Location<'a>>,
    /// The prompt may be cached up to here.
    pub cache: Option<CacheMark<'a>>,
}

/// Where a caller is, roughly.
#[derive(Debug, Default)]
pub struct Location<'a> {
    /// The city.
    pub city: Option<Text<'a>>,
    /// The region within the country.
    pub region: Option<Text<'a>>,
    /// ISO 3166-1 code of the country, two letters.
    pub country: Option<Text<'a>>,
    /// IANA name of the time zone.
    pub timezone: Option<Text<'a>>,
}

/// A tool that only its own dialect understands: written back only by a dialect of the same vendor.
#[derive(Debug)]
pub struct OpaqueTool<'a> {
    /// Its type word.
    pub kind: Text<'a>,
    /// Whose.
    pub vendor: Vendor,
    /// All of it.
    pub json: Option<&'a RawValue>,
}

/// Whether and what the model must call.
#[derive(Debug, PartialEq, Eq)]
pub enum ToolChoice<'a> {
    /// As it likes.
    Auto,
    /// Nothing.
    None,
    /// Something.
    Required,
    /// This.
    Named(Text<'a>),
    /// One of these, or (`required` false) nothing.
    Allowed {
        /// The names.
        names: Vec<Text<'a>>,
        /// Whether one must be called.
        required: bool,
    },
}

/// Which kind of tool is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallKind {
    /// The caller's function: arguments are JSON.
    #[default]
    Function,
    /// OpenAI's custom tool: arguments are free text.
    Custom,
    /// A tool the provider runs by itself; the caller only watches.
    Server,
}
