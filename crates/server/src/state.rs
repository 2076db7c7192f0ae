//! Requests about state that lives behind one credential: files, batches, stored responses, jobs, videos.

use claviger_pool::CredentialId;
use claviger_wire::{Ask, fault, json, operation};
use http::StatusCode;

use crate::shared::Shared;

/// Where a request must go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tie {
    /// The holder, when known.
    pub(crate) pinned: Option<CredentialId>,
    /// It concerns state of which nobody knows the holder.
    pub(crate) seek: bool,
}

/// Ids in the path, and the ids in the body that name state of the provider.
pub(crate) fn tie(shared: &Shared, ask: &Ask) -> Tie {
    if !ask.operation.is_stateful() {
        return Tie::default();
    }
    let mut ids: Vec<String> = operation::ids(&ask.path).into_iter().map(|(_, id)| id.to_owned()).collect();
    if let Ok(found) = json::scan(&ask.body, &["previous_response_id", "input_file_id", "training_file"]) {
        ids.extend(found.into_iter().flatten().filter_map(|raw| serde_json::from_str::<String>(raw).ok()));
    }
    if ids.is_empty() {
        return Tie::default();
    }
    let affinity = shared.affinity.lock();
    let pinned = ids.iter().find_map(|id| affinity.holder(id));
    Tie { pinned, seek: pinned.is_none() }
}

/// Whether a provider says that an object does not exist (for it or for this credential).
pub(crate) fn is_absent(status: StatusCode, body: &[u8]) -> bool {
    let said = || {
        fault::in_json(body).is_some_and(|error| {
            // OpenAI, 2026-11: a 400 for a response id, and for a file id inside a request
            error.code == "previous_response_not_found" || error.message.starts_with("No such ")
        })
    };
    status == StatusCode::NOT_FOUND || (status == StatusCode::BAD_REQUEST && said())
}

/// Learns from an answer which credential made or knows an object.
pub(crate) fn remember(shared: &Shared, body: &[u8], holder: CredentialId) {
    if let Some(id) = text(body, "id") {
        shared.affinity.lock().remember(&id, holder);
    }
}

/// The same from the first event of a streamed response; returns whether there was anything to learn.
pub(crate) fn remember_event(shared: &Shared, data: &[u8], holder: CredentialId) -> bool {
    let Ok([Some(response)]) = json::scan(data, &["response"]) else { return false };
    remember(shared, response.as_bytes(), holder);
    true
}

fn text(body: &[u8], key: &str) -> Option<String> {
    serde_json::from_str(json::scan(body, &[key]).ok()?[0]?).ok()
}
