//! Rules that can never be reached, because an earlier one takes all they could take.

use super::{RuleDraft, contains, fits, statuses};

/// Why `later` is dead when it stands after `earlier`: wholly, or one entry of one of its lists. `None`: it lives.
pub(crate) fn unreachable(earlier: &RuleDraft, later: &RuleDraft) -> Option<String> {
    if takes(earlier, later) {
        return Some("it can never be reached".to_owned());
    }
    for (key, list) in later.lists().into_iter().filter(|(_, list)| list.len() > 1) {
        for entry in list {
            let mut alone = later.clone();
            let place = match key {
                "transport" => &mut alone.transport,
                "status" => &mut alone.status,
                "code" => &mut alone.code,
                "type" => &mut alone.r#type,
                "reason" => &mut alone.reason,
                "any" => &mut alone.any,
                "says" => &mut alone.says,
                _ => &mut alone.body,
            };
            *place = vec![entry.clone()];
            if takes(earlier, &alone) {
                return Some(format!("`{entry}` in `{key}` can never be reached"));
            }
        }
    }
    None
}

/// Whether `earlier` holds wherever `later` does. Errs on the side of no.
fn takes(earlier: &RuleDraft, later: &RuleDraft) -> bool {
    let flags =
        [(earlier.param, later.param), (earlier.above_limit, later.above_limit), (earlier.embedded, later.embedded)];
    let headers = earlier.header.iter().all(|(name, pattern)| {
        later.header.get(name).is_some_and(|given| fits(&pattern.to_lowercase(), &given.to_lowercase()))
    });
    let word = |pattern: &String, given: &String| fits(&pattern.to_lowercase(), &given.to_lowercase());
    let any_fits = earlier.any.is_empty()
        || [&later.any, &later.code, &later.r#type, &later.reason]
            .into_iter()
            .any(|list| !list.is_empty() && covers(&earlier.any, list, word));
    flags.iter().all(|(earlier, later)| earlier.is_none() || earlier == later)
        && headers
        && any_fits
        && covers(&earlier.transport, &later.transport, |a, b| a == b)
        && covers(&earlier.status, &later.status, |a, b| match (statuses(a), statuses(b)) {
            (Some(a), Some(b)) => a.0 <= b.0 && b.1 <= a.1,
            _ => false,
        })
        && covers(&earlier.code, &later.code, word)
        && covers(&earlier.r#type, &later.r#type, word)
        && covers(&earlier.reason, &later.reason, word)
        && covers(&earlier.says, &later.says, |phrase, given| contains(given, phrase))
        && reads_the_same(earlier, later)
}

/// Whether what every entry of `later` takes is taken by some entry of `earlier`; an empty list takes everything.
fn covers(earlier: &[String], later: &[String], one: impl Fn(&String, &String) -> bool) -> bool {
    earlier.is_empty()
        || !later.is_empty() && later.iter().all(|given| earlier.iter().any(|pattern| one(pattern, given)))
}

/// Phrases of a rule without `body` are looked for in JSON errors only.
fn reads_the_same(earlier: &RuleDraft, later: &RuleDraft) -> bool {
    let reads = |rule: &RuleDraft| {
        let json = rule.body.is_empty() && !rule.says.is_empty();
        if json { vec!["json".to_owned()] } else { rule.body.clone() }
    };
    covers(&reads(earlier), &reads(later), |a, b| a == b)
}
