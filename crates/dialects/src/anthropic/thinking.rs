//! How much Claude shall think ("Extended thinking", "Adaptive thinking", "Effort", 2026-11).

use crate::json::Object;
use crate::model::{Dropped, Effort, Part, Request, Role, ToolChoice};

use super::family::Version;
use super::write_request::{DEFAULT_MAX_TOKENS, is_sealed};

/// The least budget.
const MIN_BUDGET: u64 = 1024;

/// What is sent.
#[derive(Debug)]
pub(super) struct Plan {
    kind: Kind,
    effort: Option<Effort>,
    /// Whether thoughts are to be shown. Newer models leave their text out unless they are told.
    show: Option<bool>,
    /// `max_tokens`, which counts thoughts too.
    pub(super) max_tokens: u64,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// Nothing is said.
    Default,
    Off,
    Budget(u64),
    Adaptive,
}

/// Decides, and notes what cannot be had.
pub(super) fn plan(request: &Request<'_>, model: Version, dropped: &mut Dropped) -> Plan {
    let reasoning = &request.reasoning;
    let limit = request.max_output;
    let quiet = |kind| Plan { kind, effort: None, show: None, max_tokens: limit.unwrap_or(default_limit(model)) };
    // A forced call leaves no room for thoughts, and a turn that began without them must end without them.
    let is_barred = forces_call(request) && model.can_be_forced() || is_inside_unthought_turn(request);
    let is_off = reasoning.is_off() || is_barred && (model.thinks_by_default() || !reasoning.is_unset());
    if is_off {
        let cannot = model.always_thinks() || is_barred && !reasoning.is_unset() && !reasoning.is_off();
        dropped.note_if(cannot, "reasoning_effort");
        return quiet(match (model.always_thinks(), model.thinks_adaptively()) {
            (false, true) => Kind::Off,
            (true, _) | (_, false) => Kind::Default,
        });
    }
    if reasoning.is_unset() {
        return quiet(Kind::Default);
    }
    if model.thinks_adaptively() {
        let effort = reasoning.effort_or_budget();
        return Plan {
            kind: Kind::Adaptive,
            effort,
            show: Some(reasoning.show.unwrap_or(true)),
            ..quiet(Kind::Adaptive)
        };
    }
    let wanted = reasoning.budget_or_effort().unwrap_or(8192).max(MIN_BUDGET);
    let (budget, max_tokens) = match limit {
        None => (wanted, wanted.saturating_add(DEFAULT_MAX_TOKENS)),
        Some(limit) if limit > wanted => (wanted, limit),
        // The limit must be above the budget: the caller's limit counts, unless it leaves no room at all.
        Some(limit) if limit > MIN_BUDGET => ((limit / 4 * 3).max(MIN_BUDGET), limit),
        Some(limit) => (MIN_BUDGET, limit + MIN_BUDGET),
    };
    Plan { kind: Kind::Budget(budget), effort: None, show: None, max_tokens }
}

/// What is sent when the caller named no limit. Models that think unasked need room for it.
const fn default_limit(model: Version) -> u64 {
    if model.thinks_adaptively() { 4 * DEFAULT_MAX_TOKENS } else { DEFAULT_MAX_TOKENS }
}

fn forces_call(request: &Request<'_>) -> bool {
    match request.tool_choice {
        Some(ToolChoice::Required | ToolChoice::Named(_) | ToolChoice::Allowed { required: true, .. }) => true,
        Some(ToolChoice::Auto | ToolChoice::None | ToolChoice::Allowed { required: false, .. }) | None => false,
    }
}

/// Whether the last message answers a tool call that no sealed thought came before.
fn is_inside_unthought_turn(request: &Request<'_>) -> bool {
    let mut messages = request.messages.iter().rev().filter(|message| !message.role.instructs());
    let answers_tool =
        messages.next().is_some_and(|message| message.parts.iter().any(|part| matches!(part, Part::ToolResult(_))));
    answers_tool
        && messages.find(|message| message.role == Role::Assistant).is_some_and(|message| {
            !message.parts.iter().any(|part| matches!(part, Part::Thinking(thinking) if is_sealed(thinking)))
        })
}

impl Plan {
    pub(super) const fn is_on(&self) -> bool {
        match self.kind {
            Kind::Default | Kind::Off => false,
            Kind::Budget(_) | Kind::Adaptive => true,
        }
    }

    pub(super) fn write(&self, body: &mut Object<'_>) {
        let (word, budget) = match self.kind {
            Kind::Default => return,
            Kind::Off => ("disabled", None),
            Kind::Budget(budget) => ("enabled", Some(budget)),
            Kind::Adaptive => ("adaptive", None),
        };
        body.object("thinking", |thinking| {
            thinking.text("type", word);
            if let Some(budget) = budget {
                thinking.count("budget_tokens", budget);
            }
            thinking.maybe_text("display", self.show.map(|show| if show { "summarized" } else { "omitted" }));
        });
    }

    /// The effort in a word the model knows.
    pub(super) const fn effort(&self, model: Version) -> Option<&'static str> {
        match self.effort {
            None | Some(Effort::None) => None,
            Some(Effort::Minimal | Effort::Low) => Some("low"),
            Some(Effort::Medium) => Some("medium"),
            Some(Effort::High) => Some("high"),
            Some(Effort::XHigh) => Some(if model.has_extra_high() { "xhigh" } else { "high" }),
            Some(Effort::Max) => Some("max"),
        }
    }
}
