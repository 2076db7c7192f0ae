//! Errors in the provider's own shapes.

use claviger_types::Operation;
use serde_json::{Value, json};

use super::{Answer, Call, Framing};

/// An answer with this status and the body a provider sends with it.
pub(crate) fn error_status(status: u16, framing: Framing) -> Answer {
    Answer::status(status).with_json(&default_error(status, framing)).framed(framing)
}

/// The body a provider sends with this status.
pub(crate) fn default_error(status: u16, framing: Framing) -> Value {
    let (kind, code, message) = openai(status);
    match framing {
        Framing::OpenAi | Framing::Responses => {
            json!({ "error": { "message": message, "type": kind, "param": null, "code": code } })
        }
        Framing::Anthropic => json!({ "type": "error", "error": { "type": anthropic(status), "message": message } }),
    }
}

/// Type, code and message of OpenAI for a status.
/// Source: platform.openai.com/docs/guides/error-codes, read 2026-11.
fn openai(status: u16) -> (&'static str, Option<&'static str>, &'static str) {
    match status {
        401 => ("invalid_request_error", Some("invalid_api_key"), "Incorrect API key provided: sk-****."),
        402 => ("insufficient_quota", Some("insufficient_quota"), "Insufficient Balance"),
        403 => (
            "invalid_request_error",
            Some("unsupported_country_region_territory"),
            "Country, region, or territory not supported",
        ),
        404 => (
            "invalid_request_error",
            Some("model_not_found"),
            "The model does not exist or you do not have access to it.",
        ),
        413 => ("invalid_request_error", Some("request_too_large"), "Request too large."),
        429 => ("requests", Some("rate_limit_exceeded"), "Rate limit reached for requests."),
        500 => ("server_error", None, "The server had an error while processing your request. Sorry about that!"),
        502 => ("server_error", None, "Bad gateway."),
        503 => ("server_error", Some("server_overloaded"), "That model is currently overloaded with other requests."),
        504 => ("server_error", None, "Gateway timeout."),
        400..=499 => ("invalid_request_error", None, "The request is invalid."),
        _ => ("server_error", None, "Internal error."),
    }
}

/// The error type of Anthropic for a status.
const fn anthropic(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    }
}

/// 401: no token, or one that is not known. The token is shown as OpenAI does: its ends only.
pub(crate) fn unknown_token(token: &str, framing: Framing) -> Answer {
    if framing == Framing::Anthropic {
        return error_status(401, framing);
    }
    let message = if token.is_empty() {
        "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth \
         (i.e. Authorization: Bearer YOUR_KEY)."
            .to_owned()
    } else {
        let shown: String = token.chars().take(5).collect();
        format!(
            "Incorrect API key provided: {shown}****. You can find your API key at \
             https://platform.openai.com/account/api-keys."
        )
    };
    let code = (!token.is_empty()).then_some("invalid_api_key");
    Answer::status(401).with_json(
        &json!({ "error": { "message": message, "type": "invalid_request_error", "param": null, "code": code } }),
    )
}

/// 429: no money left.
pub(crate) fn quota_spent(framing: Framing) -> Answer {
    let message = "You exceeded your current quota, please check your plan and billing details.";
    match framing {
        Framing::Anthropic => error_status(402, framing),
        Framing::OpenAi | Framing::Responses => Answer::status(429).with_json(&json!({
            "error": { "message": message, "type": "insufficient_quota", "param": null, "code": "insufficient_quota" }
        })),
    }
}

/// 400 in the family's shape.
pub(crate) fn bad_request(framing: Framing, message: &str, param: Option<&str>, code: Option<&str>) -> Answer {
    Answer::status(400).with_json(&match framing {
        Framing::Anthropic => {
            json!({ "type": "error", "error": { "type": "invalid_request_error", "message": message } })
        }
        Framing::OpenAi | Framing::Responses => {
            json!({ "error": { "message": message, "type": "invalid_request_error", "param": param, "code": code } })
        }
    })
}

/// 404 for an object that this token cannot see.
pub(crate) fn no_such(kind: &str, id: &str) -> Answer {
    Answer::status(404).with_json(&json!({ "error": {
        "message": format!("No such {kind} object: {id}"), "type": "invalid_request_error", "param": "id", "code": null,
    } }))
}

/// 404 for a path that is none.
pub(crate) fn unknown_url(call: &Call) -> Answer {
    Answer::status(404).with_json(&json!({ "error": {
        "message": format!("Invalid URL ({} {})", call.method, call.path),
        "type": "invalid_request_error", "param": null, "code": null,
    } }))
}

/// What a provider would say against the request itself: no JSON, no model, an unknown model, no messages.
pub(crate) fn complaint(call: &Call) -> Option<Answer> {
    let framing = call.framing();
    let needed = match call.operation {
        Operation::ChatCompletions | Operation::AnthropicMessages => Some("messages"),
        Operation::Completions => Some("prompt"),
        Operation::Embeddings | Operation::Responses => Some("input"),
        _ => None,
    };
    if let Some(field) = needed {
        if !call.json.is_object() {
            let message = "We could not parse the JSON body of your request.";
            return Some(bad_request(framing, message, None, None));
        }
        if call.json["model"].as_str().is_none_or(str::is_empty) {
            return Some(bad_request(framing, "you must provide a model parameter", None, None));
        }
        if call.json[field].is_null() && call.json["prompt"].is_null() {
            let message = format!("Missing required parameter: '{field}'.");
            return Some(bad_request(framing, &message, Some(field), Some("missing_required_parameter")));
        }
        if field == "messages"
            && !call.json[field].as_array().is_some_and(|messages| messages.iter().all(Value::is_object))
        {
            let message = "Invalid type for 'messages': expected an array of objects.";
            return Some(bad_request(framing, message, Some(field), Some("invalid_type")));
        }
        if call.json[field].as_array().is_some_and(Vec::is_empty) {
            let message = format!("Invalid '{field}': empty array. Expected an array with minimum length 1.");
            return Some(bad_request(framing, &message, Some(field), Some("empty_array")));
        }
    }
    let model = call.model.as_deref().filter(|model| model.starts_with("no-such"))?;
    let message = format!("The model `{model}` does not exist or you do not have access to it.");
    Some(Answer::status(404).with_json(&match framing {
        Framing::Anthropic => {
            json!({ "type": "error", "error": { "type": "not_found_error", "message": format!("model: {model}") } })
        }
        Framing::OpenAi | Framing::Responses => json!({ "error": {
            "message": message, "type": "invalid_request_error", "param": null, "code": "model_not_found",
        } }),
    }))
}
