//! Errors in the provider's own shapes.

use claviger_types::Operation;
use serde_json::{Value, json};

use super::{
    Answer, Call, Framing,
    call::{Action, Door},
};

/// An answer with this status and the body a provider sends with it.
pub(crate) fn error_status(status: u16, framing: Framing) -> Answer {
    let mut answer = Answer::status(status).with_json(&default_error(status, framing)).framed(framing);
    if framing == Framing::Bedrock {
        answer.set("x-amzn-errortype", amazon(status).0);
    }
    answer
}

/// The body a provider sends with this status.
pub(crate) fn default_error(status: u16, framing: Framing) -> Value {
    let (kind, code, message) = openai(status);
    match framing {
        Framing::OpenAi | Framing::Responses => {
            json!({ "error": { "message": message, "type": kind, "param": null, "code": code } })
        }
        Framing::Anthropic => json!({ "type": "error", "error": { "type": anthropic(status), "message": message } }),
        Framing::Gemini | Framing::GeminiList => google(status, google_message(status)),
        Framing::Bedrock => json!({ "message": amazon(status).1 }),
    }
}

/// Google's shape, with what a client can make use of in `details`.
/// Source: google.rpc.Status, google.rpc.RetryInfo, google.rpc.QuotaFailure; ai.google.dev, "Rate limits", 2026-11.
fn google(status: u16, message: &str) -> Value {
    let word = match status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        400..=499 => "INVALID_ARGUMENT",
        _ => "INTERNAL",
    };
    let mut error = json!({ "code": status, "message": message, "status": word });
    if status == 429 {
        error["details"] = retry_info(30_000);
    }
    json!({ "error": error })
}

const fn google_message(status: u16) -> &'static str {
    match status {
        401 => "Request had invalid authentication credentials.",
        403 => "The caller does not have permission",
        404 => "The model is not found for API version v1beta.",
        429 => "You exceeded your current rate limit. Please retry later.",
        503 => "The model is overloaded. Please try again later.",
        504 => "The request timed out. Please try again.",
        400..=499 => "Request contains an invalid argument.",
        _ => "An internal error has occurred. Please retry.",
    }
}

/// When to come back, as Google says it.
fn retry_info(millis: u128) -> Value {
    let delay = format!("{}.{:03}s", millis / 1000, millis % 1000);
    json!([{ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay }])
}

/// Names and messages of Amazon for a status. Source: Bedrock API reference, "Converse: errors", 2026-11.
const fn amazon(status: u16) -> (&'static str, &'static str) {
    match status {
        401 => ("UnrecognizedClientException", "The security token included in the request is invalid."),
        402 => ("ServiceQuotaExceededException", "Your request exceeds the service quota for your account."),
        403 => ("AccessDeniedException", "You don't have access to the model with the specified model ID."),
        404 => ("ResourceNotFoundException", "Could not resolve the foundation model from the model identifier."),
        408 => ("ModelTimeoutException", "The model took too long to answer."),
        424 => ("ModelErrorException", "The model met an error while it processed the request."),
        429 => ("ThrottlingException", "Too many requests, please wait before trying again."),
        503 => ("ServiceUnavailableException", "Bedrock is unable to process your request."),
        400..=499 => ("ValidationException", "The request is invalid."),
        _ => ("InternalServerException", "The system encountered an unexpected error during processing."),
    }
}

/// 429 that says when to come back, where the protocol says it in the body.
pub(crate) fn rate_limited(millis: u128, framing: Framing) -> Answer {
    let mut body = default_error(429, framing);
    match framing {
        Framing::Gemini | Framing::GeminiList => body["error"]["details"] = retry_info(millis),
        Framing::OpenAi | Framing::Responses | Framing::Anthropic | Framing::Bedrock => {}
    }
    error_status(429, framing).with_json(&body)
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
    match framing {
        Framing::Anthropic => return error_status(401, framing),
        Framing::Bedrock => return error_status(403, framing),
        // Google does not know an unknown key from a bad argument
        Framing::Gemini | Framing::GeminiList => {
            let mut body = google(400, "API key not valid. Please pass a valid API key.");
            body["error"]["details"] = json!([{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID",
                "domain": "googleapis.com", "metadata": { "service": "generativelanguage.googleapis.com" },
            }]);
            return Answer::status(400).with_json(&body);
        }
        Framing::OpenAi | Framing::Responses => {}
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
        Framing::Anthropic | Framing::Bedrock => error_status(402, framing),
        // without a time to come back: the day's requests are used up
        Framing::Gemini | Framing::GeminiList => Answer::status(429).with_json(&json!({ "error": {
            "code": 429, "message": message, "status": "RESOURCE_EXHAUSTED", "details": [{
                "@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{
                    "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
                    "quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
                }],
            }],
        } })),
        Framing::OpenAi | Framing::Responses => Answer::status(429).with_json(&json!({
            "error": { "message": message, "type": "insufficient_quota", "param": null, "code": "insufficient_quota" }
        })),
    }
}

/// 400 in the family's shape.
pub(crate) fn bad_request(framing: Framing, message: &str, param: Option<&str>, code: Option<&str>) -> Answer {
    let body = match framing {
        Framing::Anthropic => {
            json!({ "type": "error", "error": { "type": "invalid_request_error", "message": message } })
        }
        Framing::Gemini | Framing::GeminiList => google(400, message),
        Framing::Bedrock => json!({ "message": message }),
        Framing::OpenAi | Framing::Responses => {
            json!({ "error": { "message": message, "type": "invalid_request_error", "param": param, "code": code } })
        }
    };
    error_status(400, framing).with_json(&body)
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
    let needed = match (call.door, call.operation) {
        (Door::Gemini(Action::Generate | Action::Stream), _) => Some("contents"),
        (Door::Gemini(_), _) => None,
        (Door::Bedrock | Door::CountTokens, _) => Some("messages"),
        (Door::ByOperation, Operation::ChatCompletions | Operation::AnthropicMessages) => Some("messages"),
        (Door::ByOperation, Operation::Completions) => Some("prompt"),
        (Door::ByOperation, Operation::Embeddings | Operation::Responses) => Some("input"),
        (Door::ByOperation, _) => None,
    };
    if let Some(wrong) = needed.and_then(|field| lacks(call, field)) {
        return Some(wrong);
    }
    let model = call.model.as_deref().filter(|model| model.starts_with("no-such"))?;
    let message = format!("The model `{model}` does not exist or you do not have access to it.");
    let body = match framing {
        Framing::Anthropic => {
            json!({ "type": "error", "error": { "type": "not_found_error", "message": format!("model: {model}") } })
        }
        Framing::Gemini | Framing::GeminiList => {
            google(404, &format!("models/{model} is not found for API version v1beta."))
        }
        Framing::Bedrock => default_error(404, framing),
        Framing::OpenAi | Framing::Responses => json!({ "error": {
            "message": message, "type": "invalid_request_error", "param": null, "code": "model_not_found",
        } }),
    };
    Some(error_status(404, framing).with_json(&body))
}

/// What is wrong with the body, or with this field of it.
fn lacks(call: &Call, field: &str) -> Option<Answer> {
    let framing = call.framing();
    if !call.json.is_object() {
        return Some(bad_request(framing, "We could not parse the JSON body of your request.", None, None));
    }
    if call.model.as_deref().is_none_or(str::is_empty) {
        return Some(bad_request(framing, "you must provide a model parameter", None, None));
    }
    if call.json[field].is_null() && call.json["prompt"].is_null() {
        let message = format!("Missing required parameter: '{field}'.");
        return Some(bad_request(framing, &message, Some(field), Some("missing_required_parameter")));
    }
    if field == "messages" && !call.json[field].as_array().is_some_and(|messages| messages.iter().all(Value::is_object))
    {
        let message = "Invalid type for 'messages': expected an array of objects.";
        return Some(bad_request(framing, message, Some(field), Some("invalid_type")));
    }
    if call.json[field].as_array().is_some_and(Vec::is_empty) {
        let message = format!("Invalid '{field}': empty array. Expected an array with minimum length 1.");
        return Some(bad_request(framing, &message, Some(field), Some("empty_array")));
    }
    None
}
