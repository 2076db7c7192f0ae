//! Lengths of time in scenario files, in seconds: fixed, or by chance.

use serde::Deserialize;
use serde_json::Value;

/// A length of time, perhaps by chance.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "Value")]
pub enum Span {
    /// Always the same.
    Fixed(f64),
    /// Any between the two alike.
    Uniform {
        /// The shortest.
        min: f64,
        /// The longest.
        max: f64,
    },
    /// Half of them longer than the median.
    LogNormal {
        /// See above.
        median: f64,
        /// Of the logarithm.
        sigma: f64,
    },
}

impl TryFrom<Value> for Span {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let at = |key: &str| value.get(key).and_then(Value::as_f64);
        if let Some(seconds) = value.as_f64() {
            return Ok(Self::Fixed(seconds));
        }
        if let (Some(min), Some(max)) = (at("min"), at("max")) {
            return Ok(Self::Uniform { min, max });
        }
        match (at("median"), at("sigma")) {
            (Some(median), Some(sigma)) => Ok(Self::LogNormal { median, sigma }),
            _ => Err(format!("{value} is no length of time")),
        }
    }
}

impl Span {
    /// What stands for it where chance is not asked.
    pub const fn usual(self) -> f64 {
        match self {
            Self::Fixed(seconds) => seconds,
            Self::Uniform { min, .. } => min,
            Self::LogNormal { median, .. } => median,
        }
    }
}
