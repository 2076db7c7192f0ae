//! The upstream path of a request: what the client sent, stripped, replaced and prefixed as row and settings say.
//!
//! Text in, text out; percent escapes and dots pass as they are.

use claviger_types::Operation;

use crate::provider::takes_model;

/// Where one operation is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// This text, then what follows `/v1` in the client's path.
    Below(String),
    /// This path, its `{…_id}` filled from the client's path.
    Template(String),
    /// This path and query, whatever the client's.
    Fixed(String),
    /// Azure: `/openai/deployments/MODEL`, then what follows `/v1`.
    Deployment,
    /// As the client sent it.
    Kept,
}

impl Place {
    /// Whether the model stands in the path.
    pub(crate) fn names_model(&self) -> bool {
        matches!(self, Self::Template(template) if template.contains("{model}"))
    }
}

/// The path of the operation below its `/v1`, `{}` standing for one or more segments; `None` for those that are not
/// below one.
const fn shape(operation: Operation) -> Option<&'static str> {
    Some(match operation {
        Operation::ChatCompletions => "/chat/completions",
        Operation::Completions => "/completions",
        Operation::Embeddings => "/embeddings",
        Operation::ImageGeneration => "/images/generations",
        Operation::ImageVariation => "/images/variations",
        Operation::ImageEdit => "/images/edits",
        Operation::AudioSpeech => "/audio/speech",
        Operation::AudioTranscription => "/audio/transcriptions",
        Operation::AudioTranslation => "/audio/translations",
        Operation::Moderations => "/moderations",
        Operation::Realtime => "/realtime",
        Operation::Responses => "/responses",
        Operation::RetrieveResponse => "/responses/{}",
        Operation::Models => "/models",
        Operation::RetrieveModel => "/models/{}",
        Operation::Files => "/files",
        Operation::RetrieveFile | Operation::RetrieveFileContent => "/files/{}",
        Operation::Batches => "/batches",
        Operation::RetrieveBatch | Operation::CancelBatch => "/batches/{}",
        Operation::FineTuningJobs => "/fine_tuning/jobs",
        Operation::RetrieveFineTuningJob
        | Operation::FineTuningJobEvents
        | Operation::FineTuningJobCheckpoints
        | Operation::CancelFineTuningJob
        | Operation::ResumeFineTuningJob
        | Operation::PauseFineTuningJob => "/fine_tuning/jobs/{}",
        Operation::CheckpointPermissions | Operation::DeleteCheckpointPermission => "/fine_tuning/checkpoints/{}",
        Operation::Videos => "/videos",
        Operation::RetrieveVideo | Operation::RetrieveVideoContent | Operation::VideoRemix => "/videos/{}",
        Operation::Rerank | Operation::RerankV2 => "/rerank",
        Operation::QwenRerank => "/reranks",
        Operation::Conversations => "/conversations",
        Operation::AnthropicMessages => "/messages",
        Operation::AnthropicComplete => "/complete",
        Operation::QwenAigc
        | Operation::QwenTasks
        | Operation::GeminiGenerateContent
        | Operation::GeminiStreamGenerateContent
        | Operation::Other => return None,
    })
}

/// What follows `/v1` in the client's path; `None` when the path holds no such part.
pub(crate) fn tail(operation: Operation, path: &str) -> Option<&str> {
    match shape(operation) {
        Some(shape) => match shape.strip_suffix("{}") {
            Some(start) => path.rfind(&format!("/v1{start}")).map(|at| &path[at + "/v1".len()..]),
            None => Some(shape),
        },
        None => path.strip_prefix("/v1").filter(|tail| tail.starts_with('/')),
    }
}

/// Whether the operation's path ends in this ending of a URL that names one API.
pub(crate) fn ends_in(operation: Operation, ending: &str) -> bool {
    shape(operation).is_some_and(|shape| shape.ends_with(ending))
}

/// The path for a place; `path` is the client's, already stripped of `basePath`. `None` when a model stands in it and
/// none is named.
pub(crate) fn at(place: &Place, operation: Operation, path: &str, model: Option<&str>) -> Option<String> {
    let renamed = (operation == Operation::Other).then(|| renamed(path, model)).flatten();
    let path = renamed.as_deref().unwrap_or(path);
    // who names no version means the host's own path
    let is_bare = operation == Operation::Rerank && claviger_wire::operation::is_bare_rerank(path);
    let tail = tail(operation, path).filter(|_| !is_bare);
    let below = |base: &str| tail.map_or_else(|| path.to_owned(), |tail| format!("{base}{tail}"));
    Some(match place {
        Place::Below(base) => below(base),
        Place::Template(template) => filled(template, operation, path, model)?,
        Place::Fixed(fixed) => fixed.clone(),
        Place::Deployment => match model.filter(|model| !model.is_empty()) {
            Some(model) => below(&format!("/openai/deployments/{}", crate::url::escaped(model))),
            None if takes_model(operation) => return None,
            None => below("/openai"),
        },
        Place::Kept => path.to_owned(),
    })
}

/// The path with another model in its `models/MODEL:ACTION`, if one stands there.
fn renamed(path: &str, model: Option<&str>) -> Option<String> {
    let (_, named) = claviger_wire::operation::ids(path).into_iter().find(|(name, _)| *name == "model")?;
    let (before, rest) = path.rsplit_once("/models/")?;
    Some(format!("{before}/models/{}{}", segment(model?), rest.strip_prefix(named)?))
}

/// The template with `{model}` replaced by the model asked for, and each `{file_id}` and the like by the id in the
/// client's path; without one it stays. `None` without the model.
fn filled(template: &str, operation: Operation, path: &str, model: Option<&str>) -> Option<String> {
    let mut out = template.to_owned();
    if template.contains("{model}") && operation != Operation::RetrieveModel {
        out = out.replace("{model}", &segment(model.filter(|model| !model.is_empty())?));
    }
    if template.contains('{') {
        for (name, value) in claviger_wire::operation::ids(path) {
            out = out.replace(&format!("{{{name}}}"), value);
        }
    }
    Some(out)
}

/// A model as one segment of a path. Some read a colon as the end of the name; names that are escaped already stay.
fn segment(model: &str) -> String {
    if model.contains('%') && crate::url::escapes_are_sound(model) && !model.contains(['/', '?', '#']) {
        return model.to_owned();
    }
    crate::url::escaped(model).replace(':', "%3A")
}

/// The path of a caller of another vendor as a caller of OpenAI's would have written it, whatever stands before it.
pub(crate) fn in_openais_words(path: &str, operation: Operation) -> String {
    let asked = shape(operation).unwrap_or_default();
    let theirs = ["/v1/messages", "/v1/responses", "/v1beta/models/"].iter().find_map(|words| path.rfind(words));
    format!("{}/v1{asked}", theirs.and_then(|at| path.get(..at)).unwrap_or_default())
}

/// `path` without `prefix`, when it begins with it and the cut falls between two segments.
pub(crate) fn stripped(path: &str, prefix: &str) -> String {
    let prefix = prefix.trim_end_matches('/');
    match path.strip_prefix(prefix) {
        Some(rest) if rest.starts_with('/') => rest.to_owned(),
        Some("") => "/".to_owned(),
        Some(_) | None => path.to_owned(),
    }
}

/// `prefix` before `path`, with one slash between them.
pub(crate) fn joined(prefix: &str, path: &str) -> String {
    let prefix = prefix.trim_end_matches('/');
    let slash = if path.starts_with('/') || path.is_empty() { "" } else { "/" };
    let lead = if prefix.is_empty() || prefix.starts_with('/') { "" } else { "/" };
    format!("{lead}{prefix}{slash}{path}")
}

/// `path` with one more query, which may be empty.
pub(crate) fn with_query(path: String, query: Option<&str>) -> String {
    match query {
        Some(query) if !query.is_empty() => {
            let mark = if path.contains('?') { '&' } else { '?' };
            format!("{path}{mark}{query}")
        }
        Some(_) | None => path,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_and_what_follows_them_come_from_the_clients_path() {
        let below = Place::Below("/compatible-mode/v1".to_owned());
        for (operation, path, sent) in [
            (Operation::ChatCompletions, "/x/v1/chat/completions", "/compatible-mode/v1/chat/completions"),
            (Operation::RetrieveFileContent, "/v1/files/v1/content", "/compatible-mode/v1/files/v1/content"),
            (
                Operation::FineTuningJobEvents,
                "/v1/fine_tuning/jobs/j/events",
                "/compatible-mode/v1/fine_tuning/jobs/j/events",
            ),
            (Operation::RetrieveModel, "/v1/models/org/m%2f..", "/compatible-mode/v1/models/org/m%2f.."),
            (Operation::Other, "/v1/../admin", "/compatible-mode/v1/../admin"),
            (Operation::Other, "/api/v3/x", "/api/v3/x"),
        ] {
            assert_eq!(at(&below, operation, path, None).as_deref(), Some(sent));
        }
    }

    #[test]
    fn a_model_in_a_path_of_geminis_is_renamed_whatever_is_asked_of_it() {
        let sent = |path: &str, model| at(&Place::Kept, Operation::Other, path, model).unwrap_or_default();
        assert_eq!(sent("/v1beta/models/a:countTokens", Some("b")), "/v1beta/models/b:countTokens");
        assert_eq!(sent("/v1beta/models/a:countTokens", None), "/v1beta/models/a:countTokens");
        assert_eq!(sent("/v1beta/models/a:other", Some("b")), "/v1beta/models/a:other");
    }

    #[test]
    fn prefixes_are_cut_and_joined_between_segments() {
        assert_eq!(stripped("/team/v1/x", "/team"), "/v1/x");
        assert_eq!(stripped("/team/v1/x", "/team/"), "/v1/x");
        assert_eq!(stripped("/teams/v1/x", "/team"), "/teams/v1/x");
        assert_eq!(joined("/edge/", "/v1/x"), "/edge/v1/x");
        assert_eq!(with_query("/a?b=1".to_owned(), Some("c=2")), "/a?b=1&c=2");
    }

    proptest! {
        #[test]
        fn any_path_is_answered_for_any_operation(path in ".{0,40}", pick in 0..Operation::ALL.len(), prefix in ".{0,8}") {
            let operation = Operation::ALL[pick];
            for place in [
                Place::Below("/v1".to_owned()),
                Place::Template("/v9/{file_id}/{x".to_owned()),
                Place::Fixed("/f?a".to_owned()),
                Place::Kept,
            ] {
                prop_assert!(at(&place, operation, &stripped(&path, &prefix), None).is_some());
            }
            prop_assert!(joined(&prefix, &path).len() >= path.len());
        }
    }
}
