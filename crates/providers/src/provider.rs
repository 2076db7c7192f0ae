//! A provider as the request path uses it: built once per configuration, immutable.

use std::fmt;

use claviger_dialects::Protocol;
use claviger_dialects::models::Shape;
use claviger_types::{Dialect, Operation};
use claviger_wire::Ask;

use crate::arm::{self, Arm};
use crate::classify::Classifier;
use crate::context::ContextFile;
use crate::mapping::Mapping;
use crate::row::Row;
use crate::settings::{self, SettingProblem, Settings};
use crate::speech::caller;
use crate::{check, table};

/// An upstream entry: its row, its settings, and what follows from both.
pub struct Provider {
    pub(crate) row: &'static Row,
    pub(crate) settings: Settings,
    pub(crate) mapping: Mapping,
    pub(crate) classifier: Classifier,
    pub(crate) context: Option<ContextFile>,
    /// The body is not ours.
    pub(crate) is_untouched: bool,
    /// The usual way to ask it.
    usual: Arm,
    /// Those for some models.
    arms: Vec<Arm>,
}

/// Shows which provider it is; its settings may hold secrets.
impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("id", &self.id()).field("kind", &self.kind()).finish_non_exhaustive()
    }
}

impl Provider {
    /// Builds it, or says everything that is wrong: what [`crate::validate`] finds.
    pub fn build(settings: &Settings) -> Result<Self, Vec<SettingProblem>> {
        let problems = check::validate(settings);
        let Some(row) = table::row(&settings.kind) else { return Err(problems) };
        if !problems.is_empty() {
            return Err(problems);
        }
        let (usual, arms) = Arm::all(row, settings);
        let mut provider = Self {
            row,
            context: None,
            is_untouched: arm::chosen(row, settings).untouched_body,
            classifier: Classifier::of(settings, &usual.address.authority),
            mapping: Mapping::new(&settings.model_mapping),
            settings: settings.clone(),
            usual,
            arms,
        };
        provider.context = settings.context.clone().or_else(|| provider.own_file());
        Ok(provider)
    }

    /// The entry's `id`.
    pub fn id(&self) -> &str {
        &self.settings.id
    }

    /// The entry's `type`, which names its row.
    pub fn kind(&self) -> &'static str {
        &self.row.name
    }

    /// Whether this provider can be asked for the operation at all, translated or not.
    pub fn supports(&self, operation: Operation) -> bool {
        let can = |arm: &Arm| arm.passes(operation) || arm.caller(operation).is_some();
        can(&self.usual) || self.arms.iter().any(can)
    }

    /// Whether it is asked as it stands how many LLM tokens a request of this protocol, for this model, is. One that serves
    /// another vendor's protocol beside its own has a path for its conversations alone: where it would count is not known.
    pub fn speaks(&self, protocol: Protocol, model: Option<&str>) -> bool {
        let both = [&self.usual, self.arm(model)];
        let is_its_own = both.iter().all(|arm| arm.speech.protocol == protocol);
        let is_its_own = is_its_own || !self.adapts() || self.row.passes_others;
        is_its_own
            && Operation::ALL
                .iter()
                .any(|operation| caller(*operation) == Some(protocol) && self.usual.passes(*operation))
    }

    /// How it is asked for this model.
    pub(crate) fn arm(&self, model: Option<&str>) -> &Arm {
        let model = model.unwrap_or_default();
        self.arms.iter().find(|arm| arm.fits(model)).unwrap_or(&self.usual)
    }

    /// The model to ask for when the client (or the route's target) asks for `asked`: `modelMapping` applied.
    /// `None`: no model was named and none is mapped to its absence.
    pub fn model_for(&self, asked: Option<&str>) -> Option<String> {
        let mapped = if self.maps() { self.mapping.lookup(asked.unwrap_or_default()) } else { None };
        mapped.or_else(|| asked.map(str::to_owned))
    }

    /// The shape of its lists of models.
    pub fn lists(&self) -> Shape {
        match self.usual.speech.protocol {
            Protocol::Anthropic => Shape::Anthropic,
            Protocol::Gemini => Shape::Gemini,
            _ => Shape::OpenAi,
        }
    }

    /// Whether clients speak OpenAI's dialect to it and the body may be adapted.
    pub(crate) fn adapts(&self) -> bool {
        self.settings.protocol == settings::Protocol::OpenAi && !self.is_untouched
    }

    fn maps(&self) -> bool {
        self.adapts() && !self.mapping.is_empty()
    }
}

/// Whether the operation is Gemini's, whose model stands in the path.
pub(crate) const fn is_gemini(operation: Operation) -> bool {
    matches!(operation, Operation::GeminiGenerateContent | Operation::GeminiStreamGenerateContent)
}

/// What is spoken in a question for the number of LLM tokens, which has no operation of its own.
pub(crate) fn counted_in(ask: &Ask) -> Option<Protocol> {
    match ask.dialect {
        _ if ask.operation != Operation::Other => None,
        Dialect::Anthropic => ask.path.ends_with("/v1/messages/count_tokens").then_some(Protocol::Anthropic),
        Dialect::Gemini => ask.path.ends_with(":countTokens").then_some(Protocol::Gemini),
        Dialect::OpenAi => None,
    }
}

/// Whether `modelMapping` concerns the request: it names a model, wherever it stands.
pub(crate) fn maps_model(ask: &Ask) -> bool {
    let operation = ask.operation;
    let only_tells = || operation == Operation::Other && claviger_wire::operation::only_tells(&ask.path);
    takes_model(operation) || is_gemini(operation) || operation == Operation::Realtime || only_tells()
}

/// Whether the request names its model in the body, where a target's rename is written.
pub(crate) fn names_model(ask: &Ask) -> bool {
    takes_model(ask.operation)
        || matches!(ask.operation, Operation::AnthropicComplete | Operation::QwenAigc)
        || counted_in(ask) == Some(Protocol::Anthropic)
}

/// Whether requests of this operation name a model in their body, so that mapping concerns it.
pub(crate) const fn takes_model(operation: Operation) -> bool {
    match operation {
        Operation::ChatCompletions
        | Operation::Completions
        | Operation::Embeddings
        | Operation::ImageGeneration
        | Operation::ImageVariation
        | Operation::ImageEdit
        | Operation::AudioSpeech
        | Operation::AudioTranscription
        | Operation::AudioTranslation
        | Operation::Moderations
        | Operation::Responses
        | Operation::FineTuningJobs
        | Operation::Videos
        | Operation::Rerank
        | Operation::RerankV2
        | Operation::QwenRerank
        | Operation::AnthropicMessages => true,
        Operation::Realtime
        | Operation::RetrieveResponse
        | Operation::Models
        | Operation::RetrieveModel
        | Operation::Files
        | Operation::RetrieveFile
        | Operation::RetrieveFileContent
        | Operation::Batches
        | Operation::RetrieveBatch
        | Operation::CancelBatch
        | Operation::RetrieveFineTuningJob
        | Operation::FineTuningJobEvents
        | Operation::FineTuningJobCheckpoints
        | Operation::CancelFineTuningJob
        | Operation::ResumeFineTuningJob
        | Operation::PauseFineTuningJob
        | Operation::CheckpointPermissions
        | Operation::DeleteCheckpointPermission
        | Operation::RetrieveVideo
        | Operation::RetrieveVideoContent
        | Operation::VideoRemix
        | Operation::Conversations
        // its models are not mapped, as in Higress
        | Operation::AnthropicComplete
        | Operation::QwenAigc
        | Operation::QwenTasks
        | Operation::GeminiGenerateContent
        | Operation::GeminiStreamGenerateContent
        | Operation::Other => false,
    }
}
