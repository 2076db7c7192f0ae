//! What a provider speaks, and who has to be translated for it.
//!
//! From row and settings, worked out once per configuration.

use std::sync::Arc;

use claviger_dialects::{
    BedrockSettings, CachePoints, DeepLSettings, DifyBot, DifySettings, GeminiSettings, Hygiene, Profile, Protocol,
    QwenSettings, QwenThoughts, ReasoningForm, Settings as DialectSettings, ThoughtsBack,
};
use claviger_types::{Dialect, Operation};
use serde_json::Value;

use crate::interpreter::Matter;
use crate::row::{ReasoningWord, Row, ThoughtsWord};
use crate::settings::{self, Settings};

/// What is spoken in conversations, and how.
#[derive(Debug)]
pub(crate) struct Speech {
    /// The provider's side.
    pub(crate) protocol: Protocol,
    /// Its deviations.
    pub(crate) profile: Profile,
    /// Whether others are translated for it at all: not where the operator wants the vendor's own untouched.
    translates: bool,
    /// Whether callers of Anthropic's messages are, whoever else is not: Higress takes them for OpenAI's everywhere.
    converts: bool,
}

impl Speech {
    /// A row's name of a protocol has been found to exist by the tests.
    pub(crate) fn new(row: &Row, settings: &Settings) -> Self {
        Self {
            protocol: Protocol::from_name(&row.speaks).unwrap_or(Protocol::OpenAiChat),
            profile: profile(row, settings),
            translates: settings.protocol == settings::Protocol::OpenAi && !row.untouched_body,
            converts: converts(row, settings),
        }
    }

    /// How the headers begin that callers write for this vendor alone.
    pub(crate) fn vendor(&self) -> &'static str {
        match caller_of(self.protocol) {
            Some(Dialect::OpenAi) => "openai-",
            Some(Dialect::Anthropic) => "anthropic-",
            Some(Dialect::Gemini) => "x-goog-",
            None => "",
        }
    }

    /// What the provider speaks when this is asked for. Beside its conversations, who speaks OpenAI's responses speaks as
    /// all others of OpenAI's do.
    pub(crate) fn spoken(&self, operation: Operation) -> Protocol {
        match self.protocol {
            Protocol::OpenAiResponses if Matter::of(operation) != Matter::Conversation => Protocol::OpenAiChat,
            protocol => protocol,
        }
    }

    /// Whether the operation is a conversation in the provider's own dialect, whose bytes pass.
    pub(crate) fn is_own(&self, operation: Operation) -> bool {
        self.translates && caller(operation) == Some(self.spoken(operation))
    }

    /// Whether the operation is the provider's own, or none that is translated: bytes pass.
    pub(crate) fn is_native(&self, operation: Operation) -> bool {
        let theirs = || [false, true].into_iter().any(|stream| self.operation(operation, stream) == Some(operation));
        !self.translates || caller(operation) == Some(self.spoken(operation)) || !theirs()
    }

    /// What a caller speaks who can be translated for this provider.
    pub(crate) fn caller(&self, operation: Operation) -> Option<Protocol> {
        let is_translated = |caller: &Protocol| self.translates || self.converts && *caller == Protocol::Anthropic;
        let caller = caller(operation).filter(is_translated)?;
        (caller != self.spoken(operation) && self.operation(operation, false).is_some()).then_some(caller)
    }

    /// Where embeddings for callers of another protocol are asked for.
    pub(crate) fn embeds_for(&self, caller: Protocol) -> Option<Operation> {
        let is_foreign = caller != self.spoken(Operation::Embeddings);
        (self.translates && is_foreign).then(|| self.operation(Operation::Embeddings, false))?
    }

    /// What is spoken on both sides when the operation is a conversation whose bytes pass.
    pub(crate) fn passed(&self, operation: Operation) -> Option<Protocol> {
        caller(operation).filter(|_| self.translates)
    }

    /// Where the provider serves what is asked for: conversations, whole or streamed, embeddings, images, rankings.
    pub(crate) fn operation(&self, asked: Operation, stream: bool) -> Option<Operation> {
        let spoken = self.spoken(asked);
        match Matter::of(asked) {
            Matter::Embeddings => Some(spoken.embeddings_upstream()?.operation()),
            Matter::Images => spoken.images()?.operation(asked),
            Matter::Audio => spoken.audio()?.operation(asked),
            Matter::Rerank => Some(spoken.rerank()?.operation()),
            Matter::Conversation => Some(spoken.upstream()?.operation(stream)),
        }
    }
}

/// Whether callers of Anthropic's messages are translated for a provider that gets everybody else's body untouched.
pub(crate) fn converts(row: &Row, settings: &Settings) -> bool {
    row.untouched_body && !settings.own_form && settings.protocol == settings::Protocol::OpenAi
}

/// What the callers of an operation speak, if it is one that is translated.
pub(crate) fn caller(operation: Operation) -> Option<Protocol> {
    if Matter::of(operation) != Matter::Conversation {
        return Some(Protocol::OpenAiChat);
    }
    let dialects = [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini];
    dialects.into_iter().find_map(|dialect| Protocol::of_caller(dialect, operation))
}

/// The dialect of the callers who speak it.
fn caller_of(protocol: Protocol) -> Option<Dialect> {
    let spoken = Operation::ALL.iter().filter(|operation| caller(**operation) == Some(protocol));
    let dialects = [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini];
    let of = |operation: &Operation| {
        dialects.into_iter().find(|dialect| Protocol::of_caller(*dialect, *operation) == Some(protocol))
    };
    spoken.copied().find_map(|operation| of(&operation))
}

fn profile(row: &Row, settings: &Settings) -> Profile {
    Profile {
        thoughts_back: match row.profile.thoughts {
            ThoughtsWord::No => ThoughtsBack::No,
            ThoughtsWord::Content => ThoughtsBack::Content,
            ThoughtsWord::Details => ThoughtsBack::Details,
        },
        reasoning_form: match row.profile.reasoning {
            ReasoningWord::Effort => ReasoningForm::Effort,
            ReasoningWord::Budget => ReasoningForm::Budget,
            ReasoningWord::Switch => ReasoningForm::Switch,
        },
        claude_code: settings.flag("claudeCodeMode"),
        unnamed: row.unnamed,
        settings: dialect_settings(&row.speaks, &row.name, settings),
        hygiene: hygiene(row, settings),
        ..Profile::default()
    }
}

/// What is tidied on the way to others than OpenAI chat, whose bodies are tidied themselves.
fn hygiene(row: &Row, settings: &Settings) -> Option<Arc<Hygiene>> {
    let hygiene = Hygiene {
        commands: settings.cleanup_commands.clone(),
        merges: settings.merge_messages,
        promotes: settings.promote_thinking,
    };
    (row.speaks != Protocol::OpenAiChat.name() && hygiene != Hygiene::default()).then(|| Arc::new(hygiene))
}

/// What the dialect alone reads, by its name.
fn dialect_settings(speaks: &str, kind: &str, settings: &Settings) -> DialectSettings {
    match speaks {
        "bedrock" => DialectSettings::Bedrock(Arc::new(bedrock(settings))),
        "gemini" => DialectSettings::Gemini(Arc::new(gemini(settings, kind == "vertex"))),
        "qwen" => DialectSettings::Qwen(Arc::new(qwen(settings))),
        "dify" => DialectSettings::Dify(Arc::new(dify(settings))),
        "deepl" => DialectSettings::DeepL(Arc::new(DeepLSettings { target_lang: settings.text("targetLang") })),
        _ => DialectSettings::None,
    }
}

fn qwen(settings: &Settings) -> QwenSettings {
    let files = settings.options.get("qwenFileIds").and_then(Value::as_array).into_iter().flatten();
    QwenSettings {
        enable_search: settings.flag("qwenEnableSearch"),
        file_ids: files.filter_map(Value::as_str).map(str::to_owned).collect(),
        thoughts: match settings.text("reasoningContentMode").as_str() {
            "ignore" => QwenThoughts::Ignore,
            "concat" => QwenThoughts::Concat,
            _ => QwenThoughts::Passthrough,
        },
    }
}

fn dify(settings: &Settings) -> DifySettings {
    DifySettings {
        bot: match settings.text("botType").as_str() {
            "Agent" => DifyBot::Agent,
            "Completion" => DifyBot::Completion,
            "Workflow" => DifyBot::Workflow,
            _ => DifyBot::Chat,
        },
        input_variable: settings.text("inputVariable"),
        output_variable: settings.text("outputVariable"),
    }
}

fn gemini(settings: &Settings, is_vertex: bool) -> GeminiSettings {
    let safety = settings.options.get("geminiSafetySetting").and_then(Value::as_object).into_iter().flatten();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    GeminiSettings {
        is_vertex,
        thinking_budget: settings.text("geminiThinkingBudget").parse().ok(),
        safety: safety.filter_map(|(category, threshold)| Some((category.clone(), text(threshold)?))).collect(),
    }
}

fn bedrock(settings: &Settings) -> BedrockSettings {
    let map = |key: &str| settings.options.get(key).and_then(Value::as_object);
    let raw = |(name, value): (&String, &Value)| Some((name.clone(), serde_json::value::to_raw_value(value).ok()?));
    let points = map("bedrockPromptCachePointPositions");
    // Higress takes any spelling of the names
    let plain = |key: &str| key.replace(['_', '-'], "");
    let is_on = |wanted: &str| {
        points
            .is_some_and(|points| points.iter().any(|(key, on)| plain(key).eq_ignore_ascii_case(wanted) && on == true))
    };
    BedrockSettings {
        additional_fields: map("bedrockAdditionalFields").into_iter().flatten().filter_map(raw).collect(),
        cache_retention: Some(settings.text("promptCacheRetention")).filter(|text| !text.is_empty()),
        cache_points: match points {
            None => CachePoints::default(),
            Some(_) => CachePoints {
                system: is_on("systemprompt"),
                last_user_message: is_on("lastusermessage"),
                last_message: is_on("lastmessage"),
            },
        },
    }
}
