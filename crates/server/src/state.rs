//! Requests about state that lives behind one credential: files, batches, stored responses, jobs, videos.

use claviger_pool::CredentialId;
use claviger_wire::{Ask, json, operation};

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

/// Learns from an answer which credential made or knows an object.
pub(crate) fn remember(shared: &Shared, body: &[u8], holder: CredentialId) {
    let Ok(found) = json::scan(body, &["id"]) else { return };
    if let Some(id) = found.into_iter().flatten().next().and_then(|raw| serde_json::from_str::<String>(raw).ok()) {
        shared.affinity.lock().remember(&id, holder);
    }
}
