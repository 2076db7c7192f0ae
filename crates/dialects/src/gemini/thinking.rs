//! How much Gemini shall think ("Thinking", 2026-11).

use crate::json::Object;
use crate::model::{Dropped, Effort, Reasoning};

use super::family::Version;

/// What is sent as `thinkingConfig`.
#[derive(Debug, Default)]
pub(super) struct Plan {
    show: Option<bool>,
    /// In LLM tokens; -1 leaves it to the model.
    budget: Option<i64>,
    level: Option<&'static str>,
}

/// Decides, and notes what cannot be had.
pub(super) fn plan(
    reasoning: &Reasoning<'_>,
    version: Version,
    default_budget: Option<u64>,
    dropped: &mut Dropped,
) -> Plan {
    if !version.thinks() {
        dropped.note_if(!reasoning.is_unset() && !reasoning.is_off(), "reasoning_effort");
        return Plan::default();
    }
    // A summary is what is shown of the thoughts.
    let show = reasoning.show.or(reasoning.summary.as_ref().map(|_| true));
    if reasoning.is_unset() {
        return match default_budget {
            Some(0) => off(version, dropped),
            Some(budget) => measured(show, budget, version, dropped),
            None => Plan { show, ..Plan::default() },
        };
    }
    if reasoning.is_off() {
        return off(version, dropped);
    }
    let show = Some(show.unwrap_or(true));
    match (version.is_third(), reasoning.budget, reasoning.effort) {
        // A budget is taken for the sake of older callers, but not beside a level.
        (true, _, Some(effort)) => Plan { show, level: Some(level(effort, version)), budget: None },
        (_, Some(budget), _) => measured(show, budget, version, dropped),
        (false, None, Some(effort)) => measured(show, budget_of(effort, version), version, dropped),
        (true, None, None) => Plan { show, ..Plan::default() },
        (false, None, None) => Plan { show, budget: Some(-1), level: None },
    }
}

fn measured(show: Option<bool>, budget: u64, version: Version, dropped: &mut Dropped) -> Plan {
    let (least, most) = version.budgets();
    dropped.note_if(!(least..=most).contains(&budget), "reasoning.budget");
    let budget = i64::try_from(budget.clamp(least, most)).ok();
    Plan { show: Some(show.unwrap_or(true)), budget, level: None }
}

/// As little as the model can.
fn off(version: Version, dropped: &mut Dropped) -> Plan {
    dropped.note_if(!version.can_rest(), "reasoning_effort");
    if version.is_third() {
        return Plan { level: Some(level(Effort::None, version)), ..Plan::default() };
    }
    let least = if version.can_rest() { 0 } else { version.budgets().0 };
    Plan { budget: i64::try_from(least).ok(), ..Plan::default() }
}

/// The steps of Higress ai-proxy v2.2.1 for Vertex; those beyond `high` reach to the top.
const fn budget_of(effort: Effort, version: Version) -> u64 {
    match effort {
        Effort::None => 0,
        Effort::Minimal | Effort::Low => 1024,
        Effort::Medium => 4096,
        Effort::High => 16384,
        Effort::XHigh => 24576,
        Effort::Max => version.budgets().1,
    }
}

/// "Thinking: thinking levels"; "OpenAI compatibility: thinking", 2026-11.
const fn level(effort: Effort, version: Version) -> &'static str {
    match effort {
        Effort::None | Effort::Minimal if version.has_minimal() => "minimal",
        Effort::None | Effort::Minimal | Effort::Low => "low",
        Effort::Medium if version.has_medium() => "medium",
        Effort::Medium | Effort::High | Effort::XHigh | Effort::Max => "high",
    }
}

impl Plan {
    pub(super) fn write(&self, config: &mut Object<'_>) {
        if self.show.is_none() && self.budget.is_none() && self.level.is_none() {
            return;
        }
        config.object("thinkingConfig", |thinking| {
            if let Some(show) = self.show {
                thinking.flag("includeThoughts", show);
            }
            if let Some(budget) = self.budget {
                thinking.number("thinkingBudget", Some(&budget.into()));
            }
            thinking.maybe_text("thinkingLevel", self.level);
        });
    }
}
