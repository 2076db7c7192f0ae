//! All rows, parsed once.
//!
//! The rows are part of the program, so a row that does not parse is left out and the tests fail; nothing here
//! panics.

use std::sync::LazyLock;

use crate::row::Row;

include!(concat!(env!("OUT_DIR"), "/rows.rs"));

static TABLE: LazyLock<Vec<Row>> =
    LazyLock::new(|| ROWS.iter().filter_map(|(_, text)| toml::from_str(text).ok()).collect());

/// The row of a type.
pub(crate) fn row(name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.name == name)
}

/// All rows, in alphabetical order.
pub(crate) fn rows() -> impl Iterator<Item = &'static Row> {
    TABLE.iter()
}

/// The types this version serves, in alphabetical order: all of them.
pub fn supported_types() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|row| row.name.as_str())
}

/// Whether `name` is one of the 36 types of Higress' ai-proxy v2.2.1.
pub fn is_known_type(name: &str) -> bool {
    row(name).is_some()
}

#[cfg(test)]
mod tests {
    use claviger_dialects::Protocol;
    use claviger_types::Operation;

    use super::*;
    use crate::check;

    #[test]
    fn every_row_parses_and_is_named_after_its_file() {
        for (stem, text) in ROWS {
            let row: Row = toml::from_str(text).unwrap_or_else(|error| panic!("{stem}: {error}"));
            assert_eq!(row.name, *stem);
        }
        assert_eq!(ROWS.len(), 36);
    }

    #[test]
    fn every_operation_and_condition_a_row_names_exists() {
        for row in TABLE.iter() {
            let all = || row.variants.iter().chain(row.models.iter().map(|model| &model.then));
            let variants = all().flat_map(|variant| variant.paths.keys().chain(variant.stream_paths.keys()));
            let spoken = all().filter_map(|variant| variant.speaks.as_ref()).chain([&row.speaks]);
            for name in spoken {
                assert!(Protocol::from_name(name).is_some_and(|spoken| spoken.upstream().is_some()), "{}", row.name);
            }
            let paths = row.paths.keys().chain(row.stream_paths.keys());
            for api in row.apis.iter().chain(paths).chain(&row.without_deployment).chain(variants) {
                assert!(Operation::from_name(api).is_some(), "{}: {api}", row.name);
            }
            let conditions = row.checks.iter().chain(&row.warnings).flat_map(|check| &check.r#if);
            let conditions = conditions.chain(all().flat_map(|variant| &variant.r#if));
            for text in conditions {
                assert!(check::is_condition(text), "{}: {text}", row.name);
            }
        }
    }

    #[test]
    fn types_are_known_by_their_exact_name() {
        assert!(is_known_type("openai") && !is_known_type("OpenAI"));
        assert_eq!(supported_types().count(), 36);
    }
}
