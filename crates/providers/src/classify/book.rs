//! The rule files: which exist, which one reads whom.

use std::sync::LazyLock;

use claviger_types::Scope;

use super::format::{self, RuleDraft};
use super::rules::Rule;

include!(concat!(env!("OUT_DIR"), "/errors.rs"));

/// A provider's rules.
#[derive(Debug)]
pub(super) struct Book {
    /// The file's name.
    pub(super) name: &'static str,
    /// The file's version.
    pub(super) version: u32,
    /// Where a rate limit holds whose rule does not say.
    pub(super) limits_per: Scope,
    /// Hours east of UTC of times in messages.
    pub(super) zone: i64,
    pub(super) trailing_code: bool,
    pub(super) rules: Vec<Rule>,
    updated: String,
    sources: Vec<String>,
    aliases: Vec<String>,
    hosts: Vec<String>,
}

/// What is known of a provider's failures.
#[derive(Clone, Copy, Debug)]
pub struct KnownErrors {
    /// The rule file's name: the provider's type, where there is one.
    pub name: &'static str,
    /// Other names it answers to.
    pub aliases: &'static [String],
    /// Hosts it reads.
    pub hosts: &'static [String],
    /// The file's version.
    pub version: u32,
    /// The day it was last compared with its sources.
    pub updated: &'static str,
    /// What it follows.
    pub sources: &'static [String],
    /// How many rules it has of its own.
    pub rules: usize,
    /// Whether rates are counted by model.
    pub limits_per_model: bool,
}

/// The providers whose failures are known, in alphabetical order.
pub fn known_errors() -> impl Iterator<Item = KnownErrors> {
    own().map(|book| KnownErrors {
        name: book.name,
        aliases: &book.aliases,
        hosts: &book.hosts,
        version: book.version,
        updated: &book.updated,
        sources: &book.sources,
        rules: book.rules.len(),
        limits_per_model: book.limits_per == Scope::TokenModel,
    })
}

/// The files that read whatever the provider's own leaves unread, in this order; the last one reads everything.
const COMMON: [&str; 3] = ["_edges", "_openai", "_status"];

/// All files. The build has checked them, so each parses.
static BOOKS: LazyLock<Vec<Book>> =
    LazyLock::new(|| FILES.iter().filter_map(|(name, text)| parse(name, text)).collect());

static SHARED: LazyLock<Vec<&'static Book>> =
    LazyLock::new(|| COMMON.iter().filter_map(|name| BOOKS.iter().find(|book| book.name == *name)).collect());

/// For providers that no file is about.
static EMPTY: Book = Book {
    name: "",
    version: 0,
    limits_per: Scope::TokenModel,
    zone: 0,
    trailing_code: false,
    rules: Vec::new(),
    updated: String::new(),
    sources: Vec::new(),
    aliases: Vec::new(),
    hosts: Vec::new(),
};

fn parse(name: &'static str, text: &str) -> Option<Book> {
    let file: format::Book<RuleDraft> = toml::from_str(text).ok().filter(|file| wrong(file).is_none())?;
    Some(Book {
        name,
        version: file.version,
        limits_per: if file.limits_per == "token" { Scope::Token } else { Scope::TokenModel },
        zone: i64::from(file.zone),
        trailing_code: file.trailing_code,
        rules: file.rule.iter().filter_map(Rule::new).collect(),
        updated: file.updated,
        sources: file.sources,
        aliases: file.aliases,
        hosts: file.hosts,
    })
}

fn wrong(file: &format::Book<RuleDraft>) -> Option<format::RuleProblem> {
    file.problems().into_iter().chain(file.rule.iter().flat_map(RuleDraft::problems)).next()
}

/// Those that are about a provider.
pub(super) fn own() -> impl Iterator<Item = &'static Book> {
    BOOKS.iter().filter(|book| !book.name.starts_with('_'))
}

/// The file for this type, or known by this name.
pub(super) fn named(name: &str) -> Option<&'static Book> {
    let known = |book: &&Book| book.name == name || book.aliases.iter().any(|alias| alias == name);
    own().find(known)
}

/// The file for an entry of this type that talks to this host: types that any address may be given to are read by
/// whom they talk to.
pub(super) fn of(kind: &str, authority: &str) -> &'static Book {
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let there = own().find(|book| book.hosts.iter().any(|known| format::fits(known, host)));
    there.or_else(|| named(kind)).unwrap_or(&EMPTY)
}

/// What reads errors that no provider's own rule takes.
pub(super) fn shared() -> &'static [&'static Book] {
    &SHARED
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table;

    #[test]
    fn every_file_parses_whole_and_every_type_has_one() {
        for (name, text) in FILES {
            let file: format::Book<RuleDraft> = toml::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(wrong(&file), None, "{name}");
            assert_eq!(parse(name, text).map(|book| book.rules.len()), Some(file.rule.len()), "{name}");
        }
        for kind in table::supported_types() {
            assert!(named(kind).is_some(), "{kind} has no rules");
        }
        assert_eq!(shared().len(), COMMON.len());
    }

    #[test]
    fn an_entry_is_read_by_whom_it_talks_to() {
        assert_eq!(of("openai", "api.perplexity.ai:443").name, "perplexity");
        assert_eq!(of("openai", "api.openai.com").name, "openai");
        assert_eq!(of("openai", "10.0.0.1:80").name, "openai");
        assert_eq!(of("openai", "r.openai.azure.com").name, "azure");
    }
}
