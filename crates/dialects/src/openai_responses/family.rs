//! What OpenAI's models can do, by their names ("Models", 2026-11). Of others' models nothing is assumed.

/// A model's name without its maker's prefix.
fn bare(model: &str) -> &str {
    model.rsplit('/').next().unwrap_or(model)
}

/// The version of a GPT as major and minor number: `gpt-5.1-codex` is 5 and 1.
fn gpt_version(model: &str) -> Option<(u32, u32)> {
    let version = bare(model).strip_prefix("gpt-")?;
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    let mut numbers = version.get(..end)?.split('.').map(str::parse);
    let major = numbers.next()?.ok()?;
    Some((major, numbers.next().and_then(Result::ok).unwrap_or(0)))
}

/// Whether it is one of OpenAI's that reason, and so seals its thoughts.
pub(super) fn reasons(model: &str) -> bool {
    let is_o_series = ["o1", "o3", "o4-"].iter().any(|family| bare(model).starts_with(family));
    let is_gpt = gpt_version(model).is_some_and(|version| version >= (5, 0)) && !bare(model).contains("-chat");
    is_o_series || is_gpt || bare(model).starts_with("codex")
}

/// Whether it is one of OpenAI's that refuse `reasoning`.
pub(super) fn never_reasons(model: &str) -> bool {
    gpt_version(model).is_some_and(|version| version < (5, 0)) || bare(model).starts_with("chatgpt-")
}

/// Whether it knows the effort `xhigh`.
pub(super) fn has_extra_high(model: &str) -> bool {
    gpt_version(model).is_some_and(|version| version >= (5, 2)) || bare(model).contains("codex-max")
}

/// Whether it takes cache marks: "supported for gpt-5.6 and later models" ("Prompt caching: breakpoints", 2026-11).
pub(super) fn takes_breakpoints(model: &str) -> bool {
    gpt_version(model).is_some_and(|version| version >= (5, 6))
}
