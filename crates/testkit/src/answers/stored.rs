//! Objects a provider keeps: files, batches, fine-tuning jobs, videos. Each is visible to the account that made it.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::{
    Answer, CREATED, Call,
    errors::{bad_request, no_such, unknown_url},
    shelf::{Item, Shelf},
};

/// Creates, lists, shows, changes or deletes an object.
pub(crate) fn stored(call: &Call, shelf: &mut Shelf) -> Answer {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let method = &call.method;
    match segments.as_slice() {
        ["files"] if method == Method::POST => upload(call, shelf),
        ["batches"] if method == Method::POST => make_batch(call, shelf),
        ["fine_tuning", "jobs"] if method == Method::POST => make_job(call, shelf),
        ["videos"] if method == Method::POST => make_video(call, shelf, None),
        ["files"] => list(shelf, "file"),
        ["batches"] => list(shelf, "batch"),
        ["fine_tuning", "jobs"] => list(shelf, "ftjob"),
        ["videos"] => list(shelf, "video"),
        ["files", id] if method == Method::DELETE => delete(shelf, "file", "File", id, "file"),
        ["videos", id] if method == Method::DELETE => delete(shelf, "video", "video", id, "video.deleted"),
        ["files", id] => show(shelf, "file", "File", id),
        ["batches", id] => show(shelf, "batch", "Batch", id),
        ["fine_tuning", "jobs", id] => show(shelf, "ftjob", "FineTuningJob", id),
        ["videos", id] => show(shelf, "video", "video", id),
        ["files", id, "content"] => content(shelf, "file", "File", id, "application/octet-stream"),
        ["videos", id, "content"] => content(shelf, "video", "video", id, "video/mp4"),
        ["videos", id, "remix"] => match shelf.get("video", id) {
            Some(_) => make_video(call, shelf, Some(id)),
            None => no_such("video", id),
        },
        ["batches", id, "cancel"] => turn(shelf, "batch", "Batch", id, "cancelling"),
        ["fine_tuning", "jobs", id, "cancel"] => turn(shelf, "ftjob", "FineTuningJob", id, "cancelled"),
        ["fine_tuning", "jobs", id, "pause"] => turn(shelf, "ftjob", "FineTuningJob", id, "paused"),
        ["fine_tuning", "jobs", id, "resume"] => turn(shelf, "ftjob", "FineTuningJob", id, "queued"),
        ["fine_tuning", "jobs", id, "events"] => events(shelf, id),
        ["fine_tuning", "jobs", id, "checkpoints"] => match shelf.get("ftjob", id) {
            Some(_) => page(&[]),
            None => no_such("FineTuningJob", id),
        },
        _ => unknown_url(call),
    }
}

fn upload(call: &Call, shelf: &mut Shelf) -> Answer {
    let Some(file) = call.file() else {
        return bad_request(call.framing(), "'file' is a required property", Some("file"), None);
    };
    let id = shelf.id("file", '-', call.salt());
    let json = json!({
        "id": id, "object": "file", "bytes": file.content.len(), "created_at": CREATED, "expires_at": null,
        "filename": file.filename, "purpose": call.field("purpose").unwrap_or_else(|| "user_data".to_owned()),
        "status": "processed", "status_details": null,
    });
    keep(shelf, &id, "file", json, file.content.into())
}

fn make_batch(call: &Call, shelf: &mut Shelf) -> Answer {
    let input = call.json["input_file_id"].as_str().unwrap_or_default();
    if shelf.get("file", input).is_none() {
        let message = format!("Invalid 'input_file_id': no file '{input}'.");
        return bad_request(call.framing(), &message, Some("input_file_id"), None);
    }
    let id = shelf.id("batch", '_', call.salt());
    let json = json!({
        "id": id, "object": "batch", "endpoint": call.json["endpoint"], "errors": null, "input_file_id": input,
        "completion_window": call.json["completion_window"], "status": "validating", "output_file_id": null,
        "error_file_id": null, "created_at": CREATED, "in_progress_at": null, "expires_at": CREATED + 86_400,
        "finalizing_at": null, "completed_at": null, "failed_at": null, "expired_at": null, "cancelling_at": null,
        "cancelled_at": null, "request_counts": { "total": 0, "completed": 0, "failed": 0 },
        "metadata": call.json["metadata"],
    });
    keep(shelf, &id, "batch", json, Bytes::new())
}

fn make_job(call: &Call, shelf: &mut Shelf) -> Answer {
    let training = call.json["training_file"].as_str().unwrap_or_default();
    if shelf.get("file", training).is_none() {
        return bad_request(call.framing(), &format!("invalid training_file: {training}"), Some("training_file"), None);
    }
    let id = shelf.id("ftjob", '-', call.salt());
    let json = json!({
        "id": id, "object": "fine_tuning.job", "created_at": CREATED, "error": null, "fine_tuned_model": null,
        "finished_at": null, "hyperparameters": { "n_epochs": "auto", "batch_size": "auto",
        "learning_rate_multiplier": "auto" }, "model": call.json["model"], "organization_id": "org-testkit",
        "result_files": [], "seed": 1, "status": "queued", "trained_tokens": null, "training_file": training,
        "validation_file": call.json["validation_file"], "integrations": [], "estimated_finish": null,
    });
    keep(shelf, &id, "ftjob", json, Bytes::new())
}

fn make_video(call: &Call, shelf: &mut Shelf, remixed: Option<&str>) -> Answer {
    let field = |name: &str| match &call.json[name] {
        Value::Null => call.field(name).map_or(Value::Null, Value::String),
        value => value.clone(),
    };
    let or = |value: Value, default: &str| if value.is_null() { default.into() } else { value };
    let id = shelf.id("video", '_', call.salt());
    let json = json!({
        "id": id, "object": "video", "created_at": CREATED, "completed_at": CREATED, "error": null,
        "expires_at": CREATED + 86_400, "model": or(field("model"), "sora-2"), "progress": 100,
        "prompt": field("prompt"), "remixed_from_video_id": remixed, "seconds": or(field("seconds"), "4"),
        "size": or(field("size"), "720x1280"), "status": "completed",
    });
    let film = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom\xff\xfe";
    keep(shelf, &id, "video", json, Bytes::from_static(film))
}

fn keep(shelf: &mut Shelf, id: &str, kind: &'static str, json: Value, content: Bytes) -> Answer {
    let answer = Answer::json(&json);
    shelf.put(id, Item { kind, json, content });
    answer
}

fn page(data: &[&Value]) -> Answer {
    let edge = |item: Option<&&Value>| item.map_or(Value::Null, |item| item["id"].clone());
    Answer::json(&json!({
        "object": "list", "data": data, "first_id": edge(data.first()), "last_id": edge(data.last()),
        "has_more": false,
    }))
}

fn list(shelf: &Shelf, kind: &str) -> Answer {
    page(&shelf.list(kind))
}

fn show(shelf: &Shelf, kind: &str, name: &str, id: &str) -> Answer {
    shelf.get(kind, id).map_or_else(|| no_such(name, id), |item| Answer::json(&item.json))
}

fn delete(shelf: &mut Shelf, kind: &str, name: &str, id: &str, object: &str) -> Answer {
    match shelf.remove(kind, id) {
        Some(_) => Answer::json(&json!({ "id": id, "object": object, "deleted": true })),
        None => no_such(name, id),
    }
}

fn content(shelf: &Shelf, kind: &str, name: &str, id: &str, content_type: &'static str) -> Answer {
    match shelf.get(kind, id) {
        Some(item) => Answer::status(200).with_bytes(item.content.clone(), content_type),
        None => no_such(name, id),
    }
}

fn turn(shelf: &mut Shelf, kind: &str, name: &str, id: &str, status: &str) -> Answer {
    match shelf.get_mut(kind, id) {
        Some(item) => {
            item.json["status"] = status.into();
            Answer::json(&item.json)
        }
        None => no_such(name, id),
    }
}

fn events(shelf: &Shelf, id: &str) -> Answer {
    if shelf.get("ftjob", id).is_none() {
        return no_such("FineTuningJob", id);
    }
    page(&[&json!({
        "id": format!("ftevent-{id}"), "object": "fine_tuning.job.event", "created_at": CREATED, "level": "info",
        "message": format!("Created fine-tuning job: {id}"), "data": {}, "type": "message",
    })])
}
