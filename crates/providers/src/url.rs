//! The little of URLs that configurations need: scheme, authority, path, query. Nothing is normalised.

/// A URL, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    /// The scheme in lower case, if one is written.
    pub(crate) scheme: Option<String>,
    /// Host with its port as written.
    pub(crate) authority: String,
    /// The path as written; empty when there is none.
    pub(crate) path: String,
    /// The query, without `?`.
    pub(crate) query: Option<String>,
}

impl Url {
    /// Reads a URL with or without scheme. `None` for what no URL can be: control characters or spaces in host or
    /// path, or a bad percent escape.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, text),
        };
        if scheme.as_ref().is_some_and(|scheme| scheme.is_empty() || !scheme.bytes().all(|b| b.is_ascii_alphanumeric()))
        {
            return None;
        }
        let rest = rest.split('#').next().unwrap_or_default();
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query.to_owned())),
            None => (rest, None),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let bad =
            |text: &str| text.chars().any(|letter| letter.is_control() || letter == ' ') || !escapes_are_sound(text);
        if bad(authority) || bad(path) || query.as_deref().is_some_and(|query| query.chars().any(char::is_control)) {
            return None;
        }
        Some(Self { scheme, authority: authority.to_owned(), path: path.to_owned(), query })
    }

    /// Whether TLS is spoken: as the scheme says, `default` without one.
    pub(crate) fn tls(&self, default: bool) -> bool {
        match self.scheme.as_deref() {
            Some("http" | "ws") => false,
            Some(_) => true,
            None => default,
        }
    }

    /// The authority without the scheme's default port.
    pub(crate) fn host(&self, default_tls: bool) -> String {
        let port = if self.tls(default_tls) { ":443" } else { ":80" };
        self.authority.strip_suffix(port).unwrap_or(&self.authority).to_owned()
    }
}

/// Whether `text` can be a URL (with or without scheme); as Higress checks `azureServiceUrl` and `context.fileUrl`.
pub fn is_url(text: &str) -> bool {
    Url::parse(text).is_some()
}

/// Whether the query has a parameter of this name.
pub(crate) fn has_parameter(query: &str, name: &str) -> bool {
    query.split('&').any(|pair| pair.split('=').next() == Some(name))
}

/// `query` with the value of every parameter `name` replaced.
pub(crate) fn with_parameter(query: &str, name: &str, value: &str) -> String {
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((key, _)) if key == name => format!("{key}={}", escaped(value)),
        Some(_) | None => pair.to_owned(),
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// `text` as one path segment or query value.
pub(crate) fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b':' | b'@') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

pub(crate) fn escapes_are_sound(text: &str) -> bool {
    let mut parts = text.split('%');
    parts.next();
    parts.all(|part| part.as_bytes().get(..2).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart_and_nothing_is_normalised() {
        let url = Url::parse("https://h.example:443/a/../b//c?x=1&y").expect("a URL");
        assert_eq!((url.path.as_str(), url.query.as_deref()), ("/a/../b//c", Some("x=1&y")));
        assert_eq!(url.host(true), "h.example");
        assert!(!Url::parse("http://h:80").expect("a URL").tls(true));
        assert_eq!(Url::parse("h.example").expect("a host").host(true), "h.example");
    }

    #[test]
    fn what_no_url_can_be_is_refused() {
        for text in ["https://res 1.example/x", "http://files.lan/%zz", "http://h/%4", "://h"] {
            assert!(!is_url(text), "{text}");
        }
    }

    #[test]
    fn one_parameter_is_replaced_and_others_stay() {
        assert_eq!(with_parameter("a=1&model=x&b", "model", "y z"), "a=1&model=y%20z&b");
        assert!(has_parameter("a=1&api-version=2", "api-version") && !has_parameter("xapi-version=2", "api-version"));
    }
}
