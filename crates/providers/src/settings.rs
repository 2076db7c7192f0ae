//! A provider entry of the configuration, typed: what [`crate::Provider`] is built from.

use std::fmt;

use serde_json::{Map, Value};

use crate::classify::StatusPatterns;
use crate::classify::format::RuleDraft;
use crate::context::ContextFile;

/// One entry of `providers`, with Higress' names and meanings.
///
/// Options may hold secrets (`awsSecretKey`, `vertexAuthKey`), so `Debug` shows their names only.
#[derive(Clone, Default, PartialEq)]
pub struct Settings {
    /// The `id`; unique, made up by the configuration when the file has none.
    pub id: String,
    /// The `type`, such as `openai`: names the row.
    pub kind: String,
    /// How many credentials the entry has (`apiTokens`).
    pub tokens: usize,
    /// `protocol`.
    pub protocol: Protocol,
    /// `modelMapping`, in the order of the file.
    pub model_mapping: Vec<(String, String)>,
    /// `customSettings`, in the order of the file.
    pub custom_settings: Vec<CustomSetting>,
    /// `capabilities`: API name → path, in the order of the file.
    pub capabilities: Vec<(String, String)>,
    /// `basePath`; empty when unset.
    pub base_path: String,
    /// `basePathHandling`.
    pub base_path_handling: BasePathHandling,
    /// `providerBasePath`; empty when unset.
    pub provider_base_path: String,
    /// `providerDomain`; empty when unset.
    pub provider_domain: String,
    /// `contextCleanupCommands`, empty ones dropped.
    pub cleanup_commands: Vec<String>,
    /// `mergeConsecutiveMessages` (or `hiclawMode`).
    pub merge_messages: bool,
    /// `promoteThinkingOnEmpty` (or `hiclawMode`).
    pub promote_thinking: bool,
    /// Whether the entry is in our own form. There, a vendor that knows the `developer` role is sent it, while Higress
    /// turns it into `system`; and what only Higress' plumbing needs may be left out.
    pub own_form: bool,
    /// `responseJsonSchema`, when it is an object.
    pub response_json_schema: Option<Value>,
    /// `context` (some types exclude it).
    pub context: Option<ContextFile>,
    /// `errorRules`: tried before the rules that come with the program.
    pub error_rules: Vec<RuleDraft>,
    /// `failoverOnStatus` and `retryOnStatus`.
    pub statuses: StatusPatterns,
    /// Every other key of the entry, by its Higress name (`azureServiceUrl`, `ollamaServerHost`, …), for the row to
    /// read. Scalars have been coerced to text or number leniently by the reader; absent means unset.
    pub options: Map<String, Value>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("tokens", &self.tokens)
            .field("protocol", &self.protocol)
            .field("options", &self.options.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// The option as text: strings as they are, numbers and booleans written out, `""` when unset.
    pub fn text(&self, key: &str) -> String {
        match self.options.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(flag)) => flag.to_string(),
            Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => String::new(),
        }
    }

    /// The option as a flag: `true`, `"true"` and non-zero numbers are true.
    pub fn flag(&self, key: &str) -> bool {
        let text = self.text(key);
        text == "true" || text.parse::<f64>().is_ok_and(|number| number != 0.0)
    }
}

/// Which dialect clients speak to this provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// OpenAI's, converted where the vendor's differs.
    #[default]
    OpenAi,
    /// The vendor's own, passed through.
    Original,
}

/// What `basePath` does to the request path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BasePathHandling {
    /// Strip it from the client's path.
    #[default]
    RemovePrefix,
    /// Put it before the upstream path.
    Prepend,
    /// An unknown value: `basePath` does nothing, as in Higress.
    Ignore,
}

/// One entry of `customSettings`.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomSetting {
    /// Parameter name: a JSON path, dots nest.
    pub name: String,
    /// The value to write.
    pub value: Value,
    /// Whether the name is translated.
    pub mode: SettingMode,
    /// False: only fill in when the path is absent.
    pub overwrite: bool,
}

/// How the name of a custom setting is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SettingMode {
    /// Translated by the dialect's table; unknown names are dropped.
    #[default]
    Auto,
    /// Taken as it is.
    Raw,
}

/// Something wrong with a provider entry, found when it is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingProblem {
    /// The key it concerns, relative to the entry (`azureServiceUrl`, `context.fileUrl`); empty for the entry itself.
    pub key: String,
    /// What is wrong, one sentence without final stop.
    pub message: String,
    /// What to write instead.
    pub fix: String,
}
