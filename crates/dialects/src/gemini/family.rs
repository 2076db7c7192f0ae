//! What differs between Gemini models, told by their name.

/// A Gemini model's version; zero for a name that tells none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    major: u32,
    minor: u32,
    tier: Tier,
}

/// A model's size, which decides how little and how much it can think.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Tier {
    Lite,
    #[default]
    Flash,
    Pro,
}

impl Version {
    /// Reads it from a name such as `gemini-2.5-flash-lite`, `models/gemini-3-pro-preview` or
    /// `publishers/google/models/gemini-2.0-flash-001`. Names without a number (`gemini-flash-latest`) mean the newest.
    pub(super) fn of(model: &str) -> Self {
        let Some((_, name)) = model.rsplit_once("gemini-") else { return Self::default() };
        let tier = match () {
            () if name.contains("lite") => Tier::Lite,
            () if name.contains("pro") => Tier::Pro,
            () => Tier::Flash,
        };
        let mut numbers = name.split('-').next().unwrap_or_default().split('.').map(str::parse);
        match (numbers.next(), numbers.next()) {
            // Those of 2.5 that draw or speak do not think.
            (Some(Ok(2)), _) if name.contains("image") || name.contains("tts") => Self { major: 2, minor: 0, tier },
            (Some(Ok(major)), minor) => Self { major, minor: minor.and_then(Result::ok).unwrap_or(0), tier },
            _ if name.ends_with("latest") => Self { major: 3, minor: 0, tier },
            _ => Self { tier, ..Self::default() },
        }
    }

    /// Whether it thinks at all: from 2.5 on ("Thinking", 2026-11).
    pub(super) const fn thinks(self) -> bool {
        self.major > 2 || self.major == 2 && self.minor >= 5
    }

    /// Whether it is of the third generation: takes a level of thinking instead of a budget, media within results of
    /// functions, functions beside Google's tools, a schema beside functions; wants signatures of thoughts back
    /// ("Gemini 3", 2026-11).
    pub(super) const fn is_third(self) -> bool {
        self.major >= 3
    }

    /// The least and the greatest budget of thoughts, in LLM tokens ("Thinking: thinking budgets", 2026-11).
    pub(super) const fn budgets(self) -> (u64, u64) {
        match self.tier {
            Tier::Pro => (128, 32768),
            Tier::Flash => (1, 24576),
            Tier::Lite => (512, 24576),
        }
    }

    /// Whether its thoughts can be switched off ("Thinking: thinking budgets", 2026-11).
    pub(super) const fn can_rest(self) -> bool {
        !self.is_third() && !matches!(self.tier, Tier::Pro)
    }

    /// Whether `minimal` is among its levels of thinking ("Thinking: thinking levels", 2026-11).
    pub(super) const fn has_minimal(self) -> bool {
        !matches!(self.tier, Tier::Pro)
    }

    /// Whether `medium` is: all but the first Pro of the third generation (same page).
    pub(super) const fn has_medium(self) -> bool {
        !matches!(self.tier, Tier::Pro) || self.minor >= 1 || self.major > 3
    }
}
