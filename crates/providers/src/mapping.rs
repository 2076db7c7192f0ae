//! `modelMapping`: which model is asked for upstream when the client names another.
//!
//! Exact names first, then prefixes (the longest first), then expressions in the order of the file, then `*`. Higress
//! tries prefixes and expressions in random order; here the same name always maps the same way.

use std::collections::HashMap;

use regex::Regex;

use crate::check::problem;
use crate::settings::SettingProblem;

/// A compiled `modelMapping`.
#[derive(Debug, Default)]
pub(crate) struct Mapping {
    exact: HashMap<String, String>,
    /// Longest first.
    prefixes: Vec<(String, String)>,
    /// In the order of the file; the replacement applies to every match inside the name.
    expressions: Vec<(Regex, String)>,
    star: Option<String>,
}

impl Mapping {
    /// Compiles the entries. Broken expressions are left out ([`broken`] reports them), so that `*` still applies.
    pub(crate) fn new(entries: &[(String, String)]) -> Self {
        let mut mapping = Self::default();
        for (key, target) in entries {
            if key == "*" {
                mapping.star = Some(target.clone());
            } else if let Some(expression) = key.strip_prefix('~') {
                if let Ok(expression) = Regex::new(expression) {
                    mapping.expressions.push((expression, target.clone()));
                }
            } else if let Some(prefix) = key.strip_suffix('*') {
                mapping.prefixes.push((prefix.to_owned(), target.clone()));
            } else {
                mapping.exact.insert(key.clone(), target.clone());
            }
        }
        mapping.prefixes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        mapping
    }

    /// Whether nothing is ever mapped.
    pub(crate) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.prefixes.is_empty() && self.expressions.is_empty() && self.star.is_none()
    }

    /// The name to ask for instead of `name`; `None`: unchanged. A missing model is looked up as `""`.
    pub(crate) fn lookup(&self, name: &str) -> Option<String> {
        let target = self.target(name)?;
        (!target.is_empty() && target != name).then_some(target)
    }

    fn target(&self, name: &str) -> Option<String> {
        if let Some(target) = self.exact.get(name) {
            return Some(target.clone());
        }
        if let Some((_, target)) = self.prefixes.iter().find(|(prefix, _)| name.starts_with(prefix.as_str())) {
            return Some(target.clone());
        }
        if let Some((expression, target)) = self.expressions.iter().find(|(expression, _)| expression.is_match(name)) {
            return Some(expression.replace_all(name, target.as_str()).into_owned());
        }
        self.star.clone()
    }
}

/// The entries that do nothing because their expression does not compile.
pub(crate) fn broken(entries: &[(String, String)]) -> Vec<SettingProblem> {
    let broken = entries.iter().filter_map(|(key, _)| {
        Regex::new(key.strip_prefix('~')?).err()?;
        Some(problem(
            &format!("modelMapping.{key}"),
            format!("{key:?} is not a valid expression, so it is left out"),
            "correct the expression after `~`",
        ))
    });
    broken.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mapping(entries: &[(&str, &str)]) -> Mapping {
        let entries: Vec<_> = entries.iter().map(|(key, target)| ((*key).to_owned(), (*target).to_owned())).collect();
        Mapping::new(&entries)
    }

    #[test]
    fn exact_then_longest_prefix_then_expression_then_star() {
        let mapping = mapping(&[
            ("*", "rest"),
            ("gpt-*", "short"),
            ("gpt-4*", "long"),
            ("~^team/(.+)$", "$1"),
            ("~^o(\\d)", "never-$1"),
            ("gpt-4o", "exact"),
            ("o1*", "prefix"),
        ]);
        for (name, target) in [
            ("gpt-4o", "exact"),
            ("gpt-4o-mini", "long"),
            ("gpt-3.5", "short"),
            ("team/phi", "phi"),
            ("o1-mini", "prefix"),
            ("other", "rest"),
            ("", "rest"),
        ] {
            assert_eq!(mapping.lookup(name).as_deref(), Some(target), "{name}");
        }
    }

    #[test]
    fn every_match_inside_the_name_is_replaced_and_the_rest_stays() {
        assert_eq!(mapping(&[("~gpt(.*)", "openai/gpt$1")]).lookup("my-gpt-4o").as_deref(), Some("my-openai/gpt-4o"));
        assert_eq!(mapping(&[("~a", "b")]).lookup("aXa").as_deref(), Some("bXb"));
        assert_eq!(mapping(&[("~^t/(?P<m>.+)$", "${m}")]).lookup("t/x").as_deref(), Some("x"));
    }

    #[test]
    fn an_empty_target_keeps_the_name_and_stops_the_search() {
        let mapping = mapping(&[("phi", ""), ("*", "Phi-4")]);
        assert_eq!(mapping.lookup("phi"), None);
        assert_eq!(mapping.lookup("psi").as_deref(), Some("Phi-4"));
    }

    #[test]
    fn a_broken_expression_is_left_out_and_reported() {
        let entries = [("~[".to_owned(), "x".to_owned()), ("*".to_owned(), "y".to_owned())];
        assert_eq!(Mapping::new(&entries).lookup("abc").as_deref(), Some("y"));
        assert_eq!(broken(&entries).len(), 1);
    }

    proptest! {
        #[test]
        fn any_mapping_and_any_name_is_answered(
            entries in proptest::collection::vec((".{0,12}", ".{0,12}"), 0..6),
            name in ".{0,24}",
        ) {
            let mapping = Mapping::new(&entries);
            let first = mapping.lookup(&name);
            prop_assert_eq!(&first, &mapping.lookup(&name));
            prop_assert_ne!(first.as_deref(), Some(name.as_str()));
        }
    }
}
