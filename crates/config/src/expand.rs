//! `${NAME}` and `${NAME:-default}` in texts: the environment's value. `$${` stands for a literal `${`; every other
//! dollar sign is itself, so that patterns and passwords need no care.

/// Why a text could not be expanded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ExpandError {
    /// The variable is not set and has no default.
    Unset(String),
    /// A `${` without `}`, or with something that cannot be a variable's name.
    Malformed,
}

/// Whether the text refers to the environment at all.
pub(crate) fn refers(text: &str) -> bool {
    text.contains("${")
}

/// The text with every reference replaced.
pub(crate) fn expand(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, ExpandError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if let Some(before) = rest[..at].strip_suffix('$') {
            out.push_str(before);
            out.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        out.push_str(&rest[..at]);
        let (inside, tail) = rest[at + 2..].split_once('}').ok_or(ExpandError::Malformed)?;
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inside, None),
        };
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(ExpandError::Malformed);
        }
        match (env(name).filter(|value| !value.is_empty()), default) {
            (Some(value), _) => out.push_str(&value),
            (None, Some(default)) => out.push_str(default),
            (None, None) => return Err(ExpandError::Unset(name.to_owned())),
        }
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str) -> Option<String> {
        match name {
            "KEY" => Some("sk-1".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn variables_are_replaced_and_other_dollars_stay() {
        for (text, expanded) in [
            ("a${KEY}b", "ask-1b"),
            ("${NONE:-x:y}", "x:y"),
            ("${EMPTY:-d}", "d"),
            ("$${KEY} ${KEY}", "${KEY} sk-1"),
            ("pa$$word $1 $", "pa$$word $1 $"),
        ] {
            assert_eq!(expand(text, &env).as_deref(), Ok(expanded), "{text}");
        }
    }

    #[test]
    fn an_unset_or_empty_variable_and_a_broken_reference_are_errors() {
        assert_eq!(expand("${NONE}", &env), Err(ExpandError::Unset("NONE".to_owned())));
        assert_eq!(expand("${EMPTY}", &env), Err(ExpandError::Unset("EMPTY".to_owned())));
        for text in ["${KEY", "${}", "${a b}"] {
            assert_eq!(expand(text, &env), Err(ExpandError::Malformed), "{text}");
        }
    }
}
