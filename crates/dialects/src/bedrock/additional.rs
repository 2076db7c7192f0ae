//! `additionalModelRequestFields`: what Converse has no field for and the model knows in its own words.

use crate::anthropic::Version;
use crate::codec::Context;
use crate::json::{Object, record};
use crate::model::{Dropped, Effort, Part, Request, Role, ToolChoice};
use crate::settings::Settings;
use crate::text::Text;

use super::blocks::is_sealed;
use super::family::Family;

/// The least budget for Claude's thoughts ("Extended thinking", 2026-11).
const MIN_BUDGET: u64 = 1024;

record! {
    /// An object of which nothing is known.
    struct AnyFields<'a> {}
}

/// The fields, and what follows from them for others.
#[derive(Debug, Default)]
pub(super) struct Additional<'a> {
    fields: Vec<(Text<'a>, Text<'a>)>,
    /// Most LLM tokens of the answer, thoughts included.
    pub(super) max_tokens: Option<u64>,
    /// Whether Claude thinks, which narrows what sampling may be asked of it.
    pub(super) is_claude_thinking: bool,
    /// Whether Nova thinks as much as it can, which leaves no limit and no sampling to the caller.
    pub(super) is_nova_at_most: bool,
}

impl<'a> Additional<'a> {
    /// The fields for a request. The configuration's win over the caller's, and those over ours.
    pub(super) fn of(request: &Request<'a>, context: &Context, family: Family, dropped: &mut Dropped) -> Self {
        let mut all = Self { max_tokens: request.max_output, ..Self::default() };
        all.reasoning(request, family, dropped);
        if let Some(count) = &request.sampling.top_k {
            match family {
                Family::Claude(version) if !all.is_claude_thinking && version.takes_sampling() => {
                    all.set(Text::fixed("top_k"), count.as_str().to_owned().into());
                }
                Family::Nova { .. } if !all.is_nova_at_most => {
                    all.object("inferenceConfig", |config| config.number("topK", Some(count)))
                }
                Family::Claude(_) | Family::Nova { .. } | Family::OpenAi | Family::Hidden | Family::Other => {
                    dropped.note("top_k");
                }
            }
        }
        if let Some(own) = request.extra("additionalModelRequestFields")
            && let Ok(own) = serde_json::from_str::<AnyFields<'a>>(own.get())
        {
            own.unknown.into_iter().for_each(|field| all.set(field.name, field.value.get().into()));
        }
        if let Settings::Bedrock(settings) = &context.profile.settings {
            for (name, value) in &settings.additional_fields {
                all.set(name.clone().into(), value.get().to_owned().into());
            }
        }
        all
    }

    pub(super) fn write(&self, body: &mut Object<'_>) {
        if !self.fields.is_empty() {
            body.object("additionalModelRequestFields", |object| {
                self.fields.iter().for_each(|(name, value)| object.raw(name, value));
            });
        }
    }

    fn set(&mut self, name: Text<'a>, value: Text<'a>) {
        self.fields.retain(|(known, _)| *known != name);
        self.fields.push((name, value));
    }

    fn object(&mut self, name: &'static str, fill: impl FnOnce(&mut Object<'_>)) {
        let mut json = Vec::new();
        Object::write(&mut json, fill);
        self.set(Text::fixed(name), String::from_utf8(json).unwrap_or_default().into());
    }

    fn reasoning(&mut self, request: &Request<'_>, family: Family, dropped: &mut Dropped) {
        let reasoning = &request.reasoning;
        let effort = reasoning.effort_or_budget();
        match family {
            Family::Claude(version) => self.claude(request, version, dropped),
            _ if reasoning.is_unset() || reasoning.is_off() => {}
            // "Nova 2: extended thinking", 2026-11: `high` is refused together with a limit or sampling.
            Family::Nova { thinks: true } => {
                let word = three_steps(effort);
                self.is_nova_at_most = word == "high";
                if self.is_nova_at_most {
                    dropped.note_if(self.max_tokens.take().is_some(), "max_tokens");
                }
                self.object("reasoningConfig", |config| {
                    config.text("type", "enabled");
                    config.text("maxReasoningEffort", word);
                });
            }
            // "OpenAI models: request", 2026-11.
            Family::OpenAi => {
                self.set(Text::fixed("reasoning_effort"), format!("\"{}\"", three_steps(effort)).into());
            }
            Family::Nova { thinks: false } | Family::Hidden | Family::Other => dropped.note("reasoning_effort"),
        }
    }

    /// "Extended thinking", "Adaptive thinking", 2026-11: Claude's own words, its own limits.
    fn claude(&mut self, request: &Request<'_>, version: Version, dropped: &mut Dropped) {
        let reasoning = &request.reasoning;
        // A forced call leaves no room for thoughts, and a turn that began without them must end without them.
        let is_barred = forces_call(request) && version.can_be_forced() || is_inside_unthought_turn(request);
        let is_wanted = !reasoning.is_unset() && !reasoning.is_off();
        if reasoning.is_off() || is_barred && (is_wanted || version.thinks_by_default()) {
            dropped.note_if(version.always_thinks() || is_wanted, "reasoning_effort");
            if version.thinks_adaptively() && !version.always_thinks() {
                self.object("thinking", |thinking| thinking.text("type", "disabled"));
            }
            return;
        }
        if !is_wanted {
            return;
        }
        self.is_claude_thinking = true;
        if version.thinks_adaptively() {
            let is_shown = reasoning.show.unwrap_or(true);
            self.object("thinking", |thinking| {
                thinking.text("type", "adaptive");
                thinking.text("display", if is_shown { "summarized" } else { "omitted" });
            });
            if let Some(effort) = reasoning.effort_or_budget() {
                let word = match effort {
                    Effort::XHigh if version.has_extra_high() => "xhigh",
                    Effort::Max => "max",
                    other => three_steps(Some(other)),
                };
                self.object("output_config", |config| config.text("effort", word));
            }
            return;
        }
        let wanted = reasoning.budget.unwrap_or_else(|| budget(reasoning.effort)).max(MIN_BUDGET);
        let budget = match self.max_tokens {
            Some(limit) if limit > wanted => wanted,
            // The limit must be above the budget: the caller's limit counts, unless it leaves no room at all.
            Some(limit) if limit > MIN_BUDGET => (limit / 4 * 3).max(MIN_BUDGET),
            Some(limit) => {
                self.max_tokens = Some(limit.saturating_add(MIN_BUDGET));
                MIN_BUDGET
            }
            None => wanted,
        };
        self.object("thinking", |thinking| {
            thinking.text("type", "enabled");
            thinking.count("budget_tokens", budget);
        });
    }
}

/// The budgets that Higress ai-proxy v2.2.1 has for Bedrock; the ends are ours.
const fn budget(effort: Option<Effort>) -> u64 {
    match effort {
        Some(Effort::None | Effort::Minimal | Effort::Low) => 1024,
        Some(Effort::Medium) | None => 4096,
        Some(Effort::High) => 16384,
        Some(Effort::XHigh) => 24576,
        Some(Effort::Max) => 32768,
    }
}

const fn three_steps(effort: Option<Effort>) -> &'static str {
    match effort {
        Some(Effort::None | Effort::Minimal | Effort::Low) => "low",
        Some(Effort::Medium) | None => "medium",
        Some(Effort::High | Effort::XHigh | Effort::Max) => "high",
    }
}

/// A forced call leaves no room for thoughts.
fn forces_call(request: &Request<'_>) -> bool {
    match request.tool_choice {
        Some(ToolChoice::Required | ToolChoice::Named(_) | ToolChoice::Allowed { required: true, .. }) => true,
        Some(ToolChoice::Auto | ToolChoice::None | ToolChoice::Allowed { required: false, .. }) | None => false,
    }
}

/// A turn that began without thoughts must end without them: whether the last message answers a call that no sealed
/// thought came before.
fn is_inside_unthought_turn(request: &Request<'_>) -> bool {
    let mut messages = request.messages.iter().rev().filter(|message| !message.role.instructs());
    let answers_tool =
        messages.next().is_some_and(|message| message.parts.iter().any(|part| matches!(part, Part::ToolResult(_))));
    let is_thought = |part: &Part<'_>| matches!(part, Part::Thinking(thinking) if is_sealed(thinking));
    answers_tool
        && messages
            .find(|message| message.role == Role::Assistant)
            .is_some_and(|message| !message.parts.iter().any(is_thought))
}
