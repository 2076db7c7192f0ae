//! What differs between Claude models, told by their name.

/// A Claude model's family and version; zero for a name that tells none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Version {
    family: Family,
    major: u32,
    minor: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Family {
    Opus,
    /// Fable and Mythos, which differ in who may use them.
    Fable,
    /// Sonnet, Haiku and those not known here.
    #[default]
    Other,
}

impl Version {
    /// Reads it from a name such as `claude-opus-4-1-20250805`, `claude-3-7-sonnet-latest` or
    /// `eu.anthropic.claude-sonnet-4-20250514-v1:0`.
    pub(crate) fn of(model: &str) -> Self {
        let Some((_, name)) = model.split_once("claude-") else { return Self::default() };
        let family = match () {
            () if name.contains("opus") => Family::Opus,
            () if name.contains("fable") || name.contains("mythos") => Family::Fable,
            () => Family::Other,
        };
        // Dates are long, versions are short.
        let number = |word: &str| word.parse::<u32>().ok().filter(|_| word.len() <= 2);
        let mut words = name.split(['-', '.', '@', ':']).skip_while(|word| number(word).is_none());
        let Some(major) = words.next().and_then(number) else { return Self { family, ..Self::default() } };
        Self { family, major, minor: words.next().and_then(number).unwrap_or(0) }
    }

    /// Whether it is this version or a later one.
    pub(crate) const fn is_at_least(self, major: u32, minor: u32) -> bool {
        self.major > major || self.major == major && self.minor >= minor
    }

    /// Whether it decides by itself how much to think and takes an effort instead of a budget. Budgets are deprecated
    /// from 4.6 on and refused from 4.7 on ("Adaptive thinking", 2026-11).
    pub(crate) const fn thinks_adaptively(self) -> bool {
        self.is_at_least(4, 6)
    }

    /// Whether it thinks when nothing is said ("Migrating to Claude Opus 5", 2026-11).
    pub(crate) const fn thinks_by_default(self) -> bool {
        self.is_at_least(5, 0)
    }

    /// Whether thinking cannot be switched off ("What's new in Claude Opus 5.5", "Migrating to Claude Fable 5", 2026-11).
    pub(crate) const fn always_thinks(self) -> bool {
        match self.family {
            Family::Opus => self.is_at_least(5, 5),
            Family::Fable => self.is_at_least(5, 0),
            Family::Other => false,
        }
    }

    /// Whether a call of a tool can be forced ("Forced tool use is not supported", Opus 5.5 and Fable 5.1, 2026-11).
    pub(crate) const fn can_be_forced(self) -> bool {
        match self.family {
            Family::Opus => !self.is_at_least(5, 5),
            Family::Fable => !self.is_at_least(5, 1),
            Family::Other => true,
        }
    }

    /// Whether it takes `temperature`, `top_p` and `top_k`: no longer from 4.7 on ("Migrating to Claude Opus 4.7",
    /// 2026-11).
    pub(crate) const fn takes_sampling(self) -> bool {
        !self.is_at_least(4, 7)
    }

    /// Whether `xhigh` is among its efforts ("Effort", 2026-11).
    pub(crate) const fn has_extra_high(self) -> bool {
        self.is_at_least(4, 7)
    }

    /// Whether it takes a schema for its answer and strict tools: from 4.1 on ("Structured outputs", 2026-11).
    pub(crate) const fn takes_schema(self) -> bool {
        self.is_at_least(4, 1)
    }
}
