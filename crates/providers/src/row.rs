//! The shape of a row: everything that tells one provider from another, as data.
//!
//! A row holds no behaviour. What a row may say is a closed set: an unknown key or word does not parse, and a test
//! parses every row.

use std::collections::BTreeMap;

use claviger_dialects::Protocol;
use serde::Deserialize;

/// One provider type.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// The `type`, equal to the file's name.
    pub(crate) name: String,
    /// What it speaks in conversations: a name of [`claviger_dialects::Protocol`].
    #[serde(default = "openai_chat")]
    pub(crate) speaks: String,
    /// How it differs from the dialect it speaks.
    #[serde(default)]
    pub(crate) profile: Ways,
    /// The host, with `{option}` filled in.
    #[serde(default)]
    pub(crate) host: String,
    /// Options' values when unset.
    #[serde(default)]
    pub(crate) defaults: BTreeMap<String, String>,
    /// Whether it is reached by TLS when no scheme is written.
    #[serde(default = "yes")]
    pub(crate) tls: bool,
    /// Whether `azureServiceUrl` says host, path and deployment.
    #[serde(default)]
    pub(crate) azure: bool,
    /// An option that replaces host and path.
    pub(crate) custom_url: Option<CustomUrl>,
    /// What stands before the part of a path that follows `/v1`.
    #[serde(default = "v1")]
    pub(crate) base: String,
    /// Operations served below `base`.
    #[serde(default)]
    pub(crate) apis: Vec<String>,
    /// Operations with a path of their own.
    #[serde(default)]
    pub(crate) paths: BTreeMap<String, String>,
    /// Paths of those of them that have another one for streams.
    #[serde(default)]
    pub(crate) stream_paths: BTreeMap<String, String>,
    /// Headers of every request, `{option}` filled in. They give way to the caller's own unless they hold an option
    /// that is set; after a `!` they replace it, after a `+` they are added to the list the caller sends.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// The same for streams alone.
    #[serde(default)]
    pub(crate) stream_headers: BTreeMap<String, String>,
    /// Text fields of every conversation's body.
    #[serde(default)]
    pub(crate) body: BTreeMap<String, String>,
    /// Where the provider itself has a file whose text stands in conversations, if the option in it is set. Read with a
    /// bearer token.
    pub(crate) context_file: Option<String>,
    /// The model of a conversation stands in its path alone.
    #[serde(default)]
    pub(crate) unnamed: bool,
    /// LLM tokens are counted where conversations are held, under this name in the model's place.
    pub(crate) counter: Option<String>,
    /// Other hosts, paths, headers, dialects or credentials when a setting says so.
    #[serde(default)]
    pub(crate) variants: Vec<Variant>,
    /// The same for some models; they hold before the settings' own.
    #[serde(default)]
    pub(crate) models: Vec<ModelVariant>,
    /// It can be asked for conversations in OpenAI's responses instead, when the entry says so (`dialect`, or a URL that
    /// names them).
    #[serde(default)]
    pub(crate) responses: bool,
    /// Azure: operations served by the resource rather than by a deployment.
    #[serde(default)]
    pub(crate) without_deployment: Vec<String>,
    /// The path goes up as the client sent it.
    #[serde(default)]
    pub(crate) keeps_path: bool,
    /// The same, under `protocol: original` only.
    #[serde(default)]
    pub(crate) keeps_original_path: bool,
    /// Known operations outside `apis` are sent, their path kept, rather than refused.
    #[serde(default)]
    pub(crate) passes_others: bool,
    /// The body is not ours: no mapping, no usage option, no message hygiene.
    #[serde(default)]
    pub(crate) untouched_body: bool,
    /// How the credential is written.
    pub(crate) auth: Auth,
    /// Whether a credential is needed.
    pub(crate) tokens: Tokens,
    /// Names of custom settings under `protocol: original`; empty: OpenAI's.
    #[serde(default)]
    pub(crate) settings: BTreeMap<String, String>,
    /// Written before every such name.
    #[serde(default)]
    pub(crate) settings_prefix: String,
    /// Small changes to requests and answers.
    #[serde(default)]
    pub(crate) tweaks: Vec<Tweak>,
    /// What refuses an entry.
    #[serde(default)]
    pub(crate) checks: Vec<Check>,
    /// What is accepted but does not do what it seems to.
    #[serde(default)]
    pub(crate) warnings: Vec<Check>,
}

impl Row {
    /// Whether the row has this tweak.
    pub(crate) fn has(&self, tweak: Tweak) -> bool {
        self.tweaks.contains(&tweak)
    }
}

/// An option that holds a URL replacing host and path.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomUrl {
    /// The option's name.
    pub(crate) option: String,
    /// Endings by which a URL names one API and not the place below which all of them hang.
    pub(crate) endings: Vec<String>,
}

/// What holds when all conditions do.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variant {
    /// Conditions.
    #[serde(default)]
    pub(crate) r#if: Vec<String>,
    /// The host.
    pub(crate) host: Option<String>,
    /// What is spoken.
    pub(crate) speaks: Option<String>,
    /// Operations served below `base`, instead of the row's.
    pub(crate) apis: Option<Vec<String>>,
    /// Operation → path.
    #[serde(default)]
    pub(crate) paths: BTreeMap<String, String>,
    /// Conversations are ours to adapt after all: `untouched_body`, `keeps_path` and `passes_others` do not hold.
    #[serde(default)]
    pub(crate) adapted: bool,
    /// The row's own paths do not hold.
    #[serde(default)]
    pub(crate) only_paths: bool,
    /// The same for streams.
    #[serde(default)]
    pub(crate) stream_paths: BTreeMap<String, String>,
    /// Headers.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// The same for streams alone.
    #[serde(default)]
    pub(crate) stream_headers: BTreeMap<String, String>,
    /// How the credential is written.
    pub(crate) auth: Option<Auth>,
    /// Text fields of every conversation's body.
    #[serde(default)]
    pub(crate) body: BTreeMap<String, String>,
    /// The model of a conversation stands in its path alone.
    #[serde(default)]
    pub(crate) unnamed: bool,
    /// LLM tokens are counted where conversations are held, under this name in the model's place.
    pub(crate) counter: Option<String>,
}

/// What holds for models whose name fits one of the patterns, if all conditions do.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelVariant {
    /// Patterns, `*` anywhere, in lower case.
    pub(crate) fits: Vec<String>,
    /// What changes.
    pub(crate) then: Variant,
}

/// How a provider differs from the dialect it speaks: the words for [`claviger_dialects::Profile`].
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ways {
    /// How it is told how much to think.
    #[serde(default)]
    pub(crate) reasoning: ReasoningWord,
    /// How it wants earlier thoughts back.
    #[serde(default)]
    pub(crate) thoughts: ThoughtsWord,
}

/// See [`claviger_dialects::ReasoningForm`].
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ReasoningWord {
    /// In a word.
    #[default]
    Effort,
    /// In LLM tokens.
    Budget,
    /// On or off.
    Switch,
}

/// See [`claviger_dialects::ThoughtsBack`].
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ThoughtsWord {
    /// Not at all.
    #[default]
    No,
    /// As text.
    Content,
    /// With seals.
    Details,
}

/// How the credential is written into the request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Auth {
    /// `authorization: Bearer TOKEN`.
    Bearer,
    /// The same; without tokens of its own the provider is meant to use the caller's.
    BearerOrCaller,
    /// `authorization: TOKEN`.
    Raw,
    /// `authorization: NAME TOKEN`.
    Scheme(String),
    /// `NAME: TOKEN`.
    Header(String),
    /// `?NAME=TOKEN`.
    Query(String),
    /// Signed with `awsAccessKey` and `awsSecretKey`.
    Aws,
    /// Signed with `hunyuanAuthId` and `hunyuanAuthKey`.
    Tencent,
    /// `authorization: Bearer TOKEN`, a token for which a service account signs in.
    ServiceAccount,
}

/// Whether an entry must have credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Tokens {
    /// At least one.
    Required,
    /// Any number.
    Optional,
}

/// A small change that a provider needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Tweak {
    /// The `developer` role is known: do not turn it into `system`.
    KeepDeveloperRole,
    /// The `developer` role is known, but Higress turns it into `system` all the same.
    KnowsDeveloperRole,
    /// `reasoning_effort` becomes `thinking: {type: enabled}`.
    ReasoningEffortToThinking,
    /// `reasoning_max_tokens` becomes `reasoning.max_tokens`.
    OpenrouterReasoning,
    /// Responses without `parallel_tool_calls` and `tool_choice`.
    DoubaoResponses,
    /// Images without a watermark unless asked for.
    DoubaoImages,
    /// `choices[0].usage` of a stream event belongs to its top level.
    MoonshotUsage,
    /// `responseJsonSchema` replaces `response_format` of chats.
    ResponseJsonSchema,
}

/// A problem, found when all its conditions hold (see [`crate::check`]).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Check {
    /// Conditions.
    pub(crate) r#if: Vec<String>,
    /// The key at fault.
    pub(crate) key: String,
    /// What is wrong.
    pub(crate) message: String,
    /// What to write instead.
    pub(crate) fix: String,
}

fn yes() -> bool {
    true
}

fn openai_chat() -> String {
    Protocol::OpenAiChat.name().to_owned()
}

fn v1() -> String {
    "/v1".to_owned()
}
