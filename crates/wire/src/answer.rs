//! What a whole answer tells besides its content: the usage it reports, and whether it is a failure after all.
//!
//! In: the body of a good status. Out: both, from one pass that also proves the body to be JSON. Content is walked over,
//! never read, so that a model's words cannot look like a failure. Odd shapes report nothing and are no failure.

use claviger_types::Usage;

use crate::json::cursor::Cursor;
use crate::raw::{Raw, count, elements, field, fields, is_code, is_truthy, object, text};
use crate::usage::{self, Counts, Metadata};

#[cfg(test)]
mod tests;

/// What an answer tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// LLM tokens as the provider counted them.
    pub usage: Option<Usage>,
    /// Whether it hides a failure under a good status; `fault::in_json` reads it. Means nothing for stored responses:
    /// one that failed earlier has its `error` in a good answer.
    pub is_failure: bool,
}

fields! {
    /// The top level of an answer in any dialect, as far as usage or a failure could show in it.
    struct Answer<'a> {
        usage: Option<Counts<'a>> = "usage",
        /// Gemini.
        usage_metadata: Option<Metadata<'a>> = "usageMetadata",
        /// Events of OpenAI responses.
        event_response: Raw<'a> = "response",
        /// Anthropic's first event; the words of a failure.
        message: Raw<'a> = "message",
        /// Moonshot puts usage into the first choice.
        choices: Raw<'a> = "choices",
        /// Groq's older streams.
        x_groq: Raw<'a> = "x_groq",
        object: Raw<'a> = "object",
        error: Raw<'a> = "error",
        base_resp: Raw<'a> = "base_resp",
        error_code: Raw<'a> = "error_code",
        success: Raw<'a> = "success",
        code: Raw<'a> = "code",
        msg: Raw<'a> = "msg",
        data: Raw<'a> = "data",
        output: Raw<'a> = "output",
        header: Raw<'a> = "header",
        response: Raw<'a> = "Response",
        /// AWS names its exceptions here, where no header does.
        coral: Raw<'a> = "__type",
        prompt_feedback: Raw<'a> = "promptFeedback",
        candidates: Raw<'a> = "candidates",
    }
}

fields! {
    /// Where codes stand below the top level.
    pub(crate) struct Code<'a> {
        pub(crate) code: Raw<'a> = "code",
        pub(crate) status_code: Raw<'a> = "status_code",
        pub(crate) error: Raw<'a> = "Error",
        /// Hunyuan's failures after the beginning, with a `Code`.
        pub(crate) error_message: Raw<'a> = "ErrorMsg",
        pub(crate) capital_code: Raw<'a> = "Code",
        pub(crate) block_reason: Raw<'a> = "blockReason",
    }
}

/// Whether Hunyuan's `ErrorMsg` tells of a failure.
pub(crate) fn is_coded(error: Raw<'_>) -> bool {
    field::<Code<'_>>(error).is_some_and(|error| is_code(error.capital_code))
}

/// Whether a code that stands by itself tells of a failure. 2xx codes and their words are how some say "fine".
pub(crate) fn names_failure(code: Raw<'_>) -> bool {
    const FINE: [&str; 4] = ["ok", "success", "succeeded", "null"];
    if is_code(code) {
        return !(200..300).contains(&count(code));
    }
    // no number is a word for something, but for zero
    text(code)
        .is_some_and(|word| word.parse::<f64>().is_err() && !FINE.iter().any(|fine| word.eq_ignore_ascii_case(fine)))
}

/// Objects that keep the error of a finished job: reading them worked.
const JOBS: [&str; 4] = ["\"fine_tuning.job\"", "\"video\"", "\"batch\"", "\"file\""];

/// Reads an answer. `None` when it is not JSON.
pub fn read(body: &[u8]) -> Option<Reading> {
    let text = std::str::from_utf8(body).ok()?;
    let mut cursor = Cursor::new(text);
    match cursor.peek()? {
        b'{' => {
            let answer = object::<Answer<'_>>(text)?;
            Some(Reading { usage: answer.usage(), is_failure: answer.hides_failure() })
        }
        // A Gemini stream that was not asked for as events is one array; counts grow, the last are the final ones.
        b'[' => {
            let list = cursor.value().filter(|_| cursor.is_over())?;
            let mut answers = elements(Some(list)).filter_map(object::<Answer<'_>>);
            let first = answers.next().unwrap_or_default();
            let usage = answers.filter_map(|answer| answer.usage()).last().or_else(|| first.usage());
            Some(Reading { usage, is_failure: first.hides_failure() })
        }
        _ => cursor.value().filter(|_| cursor.is_over()).map(|_| Reading::default()),
    }
}

impl Answer<'_> {
    fn usage(&self) -> Option<Usage> {
        usage::counts(self.usage.as_ref())
            .or_else(|| usage::metadata(self.usage_metadata.as_ref()))
            .or_else(|| usage::nested(self.event_response))
            .or_else(|| usage::nested(self.message))
            .or_else(|| usage::nested(self.x_groq))
            .or_else(|| usage::nested(elements(self.choices).next()))
    }

    fn hides_failure(&self) -> bool {
        let is_job = self.object.is_some_and(|object| JOBS.contains(&object));
        is_truthy(self.error) && !is_job
            || self.object == Some("\"error\"")
            || field::<Code<'_>>(self.base_resp).is_some_and(|base| is_code(base.status_code))
            || is_code(self.error_code)
            || self.success == Some("false")
            || field::<Code<'_>>(self.header).is_some_and(|header| is_code(header.code))
            || field::<Code<'_>>(self.response)
                .is_some_and(|answer| is_truthy(answer.error) || is_coded(answer.error_message))
            || text(self.coral).is_some()
            || self.is_blocked()
            || self.is_bare_code()
    }

    fn is_blocked(&self) -> bool {
        !is_truthy(self.candidates)
            && field::<Code<'_>>(self.prompt_feedback).is_some_and(|feedback| is_truthy(feedback.block_reason))
    }

    /// `{"code":4101,"msg":"…"}` and nothing that would be an answer.
    fn is_bare_code(&self) -> bool {
        let is_answer = is_truthy(self.choices) || is_truthy(self.data) || is_truthy(self.output);
        let has_message = text(self.message).is_some() || text(self.msg).is_some();
        names_failure(self.code) && !is_answer && has_message
    }
}
