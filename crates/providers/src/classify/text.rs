//! Messages made comparable: lower case, without what stands in quotes, blanks run together.

/// The longest text that is compared, in bytes. Providers say what is wrong first and quote afterwards.
const LONGEST: usize = 2048;

/// The part of `text` that is looked at.
pub(super) fn capped(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST.min(text.len()))]
}

/// Appends `text`, made comparable. What stands in quotes is left out: it may be the caller's own words, and those
/// decide nothing.
pub(super) fn append(out: &mut String, text: &str) {
    let mut rest = capped(text);
    if !out.is_empty() {
        put(out, " ");
    }
    while let Some(at) = rest.find(['`', '"', '\'', '“']) {
        let (before, quoted) = rest.split_at(at);
        put(out, before);
        let Some(mark) = quoted.chars().next() else { break };
        let close = if mark == '“' { '”' } else { mark };
        let inner = &quoted[mark.len_utf8()..];
        // an apostrophe inside a word opens nothing
        let opens = mark != '\'' || !before.ends_with(char::is_alphanumeric);
        rest = match inner.find(close).filter(|_| opens) {
            Some(end) => &inner[end + close.len_utf8()..],
            None => {
                out.push(mark);
                inner
            }
        };
    }
    put(out, rest);
}

fn put(out: &mut String, text: &str) {
    for letter in text.chars() {
        if letter.is_whitespace() {
            if !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            out.extend(letter.to_lowercase());
        }
    }
}

/// Whether `text` holds `word`, not as part of a longer one before it.
pub(super) fn names(text: &str, word: &str) -> bool {
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_'))
}

/// `Limit N, … Requested M` with M above N.
pub(super) fn above_limit(message: &str) -> bool {
    let number = |word: &str| {
        message.match_indices(word).find_map(|(at, _)| {
            let rest = message[at + word.len()..].trim_start_matches([' ', ':']);
            let digits: String = rest.chars().take_while(|letter| letter.is_ascii_digit() || *letter == ',').collect();
            digits.replace(',', "").parse::<u64>().ok()
        })
    };
    matches!((number("Limit"), number("Requested")), (Some(limit), Some(asked)) if asked > limit)
}

/// The number in parentheses at the end of a message.
pub(super) fn trailing_code(message: &str) -> Option<&str> {
    let (_, code) = message.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    (!code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit())).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_text_is_left_out_and_apostrophes_are_not_quotes() {
        for (text, seen) in [
            ("Model `a b` isn't \"x\" 'y', it's", "model isn't , it's"),
            ("you've `open", "you've `open"),
            ("“x” 模型  不存在", " 模型 不存在"),
        ] {
            let mut out = String::new();
            append(&mut out, text);
            assert_eq!(out, seen);
        }
    }

    #[test]
    fn numbers_in_messages_are_found() {
        assert!(above_limit("TPM: Limit 30,000, Requested 48211. Reduce"));
        assert!(above_limit("Limit reached. Limit: 6000, Requested: 8121"));
        assert!(!above_limit("Limit 30000, Used 100, Requested 200") && !above_limit("Limit x, Requested y"));
        assert_eq!(trailing_code("invalid api key (2049)"), Some("2049"));
        assert_eq!(trailing_code("limit (of 3) reached"), None);
        assert!(names("the model is", "model") && !names("invokemodel", "model"));
    }
}
