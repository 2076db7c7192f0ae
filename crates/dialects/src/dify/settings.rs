//! What a configuration says about Dify alone.

use crate::settings::Settings;

/// Settings of a Dify provider (Higress ai-proxy v2.2.1).
#[derive(Debug, Default)]
pub struct DifySettings {
    /// `botType`: what kind of application it is; decides the path too.
    pub bot: DifyBot,
    /// `inputVariable`: where a workflow takes its text.
    pub input_variable: String,
    /// `outputVariable`: where a workflow puts its answer.
    pub output_variable: String,
}

/// What kind of application it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DifyBot {
    /// A chat, `/v1/chat-messages`.
    #[default]
    Chat,
    /// An agent, at the same path.
    Agent,
    /// A text generator, `/v1/completion-messages`.
    Completion,
    /// A workflow, `/v1/workflows/run`.
    Workflow,
}

static DEFAULT: DifySettings =
    DifySettings { bot: DifyBot::Chat, input_variable: String::new(), output_variable: String::new() };

pub(super) fn of(settings: &Settings) -> &DifySettings {
    if let Settings::Dify(settings) = settings { settings } else { &DEFAULT }
}
