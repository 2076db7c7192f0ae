//! A provider as the request path uses it: built once per configuration, immutable.

use std::fmt;

use claviger_dialects::Protocol;
use claviger_types::Operation;

use crate::address::Address;
use crate::classify::Classifier;
use crate::headers::{self, Added};
use crate::mapping::Mapping;
use crate::row::{Auth, Row};
use crate::settings::{self, SettingProblem, Settings};
use crate::speech::Speech;
use crate::{check, table};

/// An upstream entry: its row, its settings, and what follows from both.
pub struct Provider {
    pub(crate) row: &'static Row,
    pub(crate) settings: Settings,
    pub(crate) address: Address,
    pub(crate) mapping: Mapping,
    pub(crate) classifier: Classifier,
    pub(crate) speech: Speech,
    pub(crate) auth: &'static Auth,
    pub(crate) headers: Vec<Added>,
}

/// Shows which provider it is; its settings may hold secrets.
impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("id", &self.id()).field("kind", &self.kind()).finish_non_exhaustive()
    }
}

impl Provider {
    /// Builds it, or says everything that is wrong: what [`crate::validate`] finds, and a dialect that this version
    /// does not translate yet.
    pub fn build(settings: &Settings) -> Result<Self, Vec<SettingProblem>> {
        let mut problems = check::validate(settings);
        let Some(row) = table::row(&settings.kind) else { return Err(problems) };
        problems.extend(check::dialect(row, settings));
        if !problems.is_empty() {
            return Err(problems);
        }
        let address = Address::new(row, settings);
        Ok(Self {
            row,
            classifier: Classifier::of(settings, &address.authority),
            address,
            mapping: Mapping::new(&settings.model_mapping),
            speech: Speech::new(row, settings),
            auth: {
                let variants = row.variants.iter().filter(|variant| check::holds_all(&variant.r#if, settings));
                variants.filter_map(|variant| variant.auth.as_ref()).last().unwrap_or(&row.auth)
            },
            headers: headers::added(row, settings),
            settings: settings.clone(),
        })
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
        self.passes(operation) || self.caller(operation).is_some()
    }

    /// Whether the operation's bytes pass as they are.
    pub(crate) fn passes(&self, operation: Operation) -> bool {
        self.address.place(operation).is_some() && self.speech.is_native(operation)
    }

    /// What the caller speaks, if it has to be translated and can be.
    pub(crate) fn caller(&self, operation: Operation) -> Option<Protocol> {
        let caller = self.speech.caller(operation).filter(|_| !self.passes(operation))?;
        let theirs = self.speech.operation(false)?;
        self.address.place(theirs).map(|_| caller)
    }

    /// The model to ask for when the client (or the route's target) asks for `asked`: `modelMapping` applied.
    /// `None`: no model was named and none is mapped to its absence.
    pub fn model_for(&self, asked: Option<&str>) -> Option<String> {
        let mapped = if self.maps() { self.mapping.lookup(asked.unwrap_or_default()) } else { None };
        mapped.or_else(|| asked.map(str::to_owned))
    }

    /// Whether clients speak OpenAI's dialect to it and the body may be adapted.
    pub(crate) fn adapts(&self) -> bool {
        self.settings.protocol == settings::Protocol::OpenAi && !self.row.untouched_body
    }

    fn maps(&self) -> bool {
        self.adapts() && !self.mapping.is_empty()
    }
}

/// Whether the operation is Gemini's, whose model stands in the path.
pub(crate) const fn is_gemini(operation: Operation) -> bool {
    matches!(operation, Operation::GeminiGenerateContent | Operation::GeminiStreamGenerateContent)
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
