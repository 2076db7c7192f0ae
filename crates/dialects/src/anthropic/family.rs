//! What differs between Claude models, told by their name.

/// A Claude model's version; zero for a name that tells none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    major: u32,
    minor: u32,
}

impl Version {
    /// Reads it from a name such as `claude-opus-4-1-20250805`, `claude-3-7-sonnet-latest` or
    /// `eu.anthropic.claude-sonnet-4-20250514-v1:0`.
    pub(crate) fn of(model: &str) -> Self {
        let Some((_, name)) = model.split_once("claude-") else { return Self::default() };
        // Dates are long, versions are short.
        let number = |word: &str| word.parse::<u32>().ok().filter(|_| word.len() <= 2);
        let mut words = name.split(['-', '.', '@', ':']).skip_while(|word| number(word).is_none());
        let Some(major) = words.next().and_then(number) else { return Self::default() };
        Self { major, minor: words.next().and_then(number).unwrap_or(0) }
    }

    /// Whether it decides by itself how much to think and takes an effort instead of a budget. Budgets are deprecated
    /// from 4.6 on and refused from 4.7 on ("Adaptive thinking", 2026-11).
    pub(crate) const fn thinks_adaptively(self) -> bool {
        self.major > 4 || self.major == 4 && self.minor >= 6
    }

    /// Whether `xhigh` is among its efforts ("Effort", 2026-11).
    pub(crate) const fn has_extra_high(self) -> bool {
        self.major > 4 || self.major == 4 && self.minor >= 7
    }

    /// Whether it is this version or a later one.
    pub(crate) const fn is_at_least(self, major: u32, minor: u32) -> bool {
        self.major > major || self.major == major && self.minor >= minor
    }

    /// Whether it takes a schema for its answer and strict tools: from 4.1 on ("Structured outputs", 2026-11).
    pub(crate) const fn takes_schema(self) -> bool {
        self.major > 4 || self.major == 4 && self.minor >= 1
    }
}
