//! The rules: a table, tried from the top; the first that fits decides. Below it the status alone.

use claviger_types::{Class, Scope, Verdict};
use http::HeaderMap;

use super::fields::Fields;
use super::phrases;
use crate::row::{ErrorCodes, Row};

/// One line of the table.
struct Rule {
    /// For `explain` and the log.
    name: &'static str,
    /// All must hold.
    when: &'static [When],
    class: Class,
    /// `None`: the class's own.
    scope: Option<Scope>,
    /// `None`: the class's own.
    elsewhere: Option<bool>,
}

/// One condition.
enum When {
    /// The provider's type is one of these.
    Type(&'static [&'static str]),
    /// A finer reason is one of these.
    Reason(&'static [&'static str]),
    /// `error.code` is one of these.
    Code(&'static [&'static str]),
    /// `error.type` is one of these.
    Kind(&'static [&'static str]),
    /// The status is one of these.
    Status(&'static [u16]),
    /// The error's text contains one of these.
    Says(&'static [&'static str]),
    /// The error names no parameter of the request: what it says is not about, nor quoted from, the caller's text.
    NoParam,
    /// The text names a limit and a request above it.
    AboveLimit,
}

const fn rule(name: &'static str, class: Class, when: &'static [When]) -> Rule {
    Rule { name, when, class, scope: None, elsewhere: None }
}

impl Rule {
    const fn of(self, scope: Scope) -> Self {
        Self { scope: Some(scope), ..self }
    }

    const fn elsewhere(self) -> Self {
        Self { elsewhere: Some(true), ..self }
    }
}

use Class::{
    BadRequest, ContentPolicy, InvalidCredential, ModelUnavailable, Overloaded, PayloadTooLarge, Permission,
    QuotaExhausted, RateLimited, ServerError, Unsupported,
};
use When::{AboveLimit, Code, Kind, NoParam, Reason, Says, Status, Type};

static RULES: &[Rule] = &[
    // Reasons: finer than codes.
    rule("reason_content", ContentPolicy, &[Reason(&["ResponsibleAIPolicyViolation", "flagged_input"])]),
    rule("in_flight_budget", RateLimited, &[Reason(&["openrouter_in_flight_budget"])]).of(Scope::Token),
    rule("upstream_pool", Overloaded, &[Reason(&["upstream_provider_shared_pool", "MODEL_CAPACITY_EXHAUSTED"])])
        .of(Scope::TokenModel),
    rule(
        "reason_key",
        InvalidCredential,
        &[Reason(&["API_KEY_INVALID", "CONSUMER_SUSPENDED", "ACCESS_TOKEN_EXPIRED", "oauth.v2.InvalidApiKey"])],
    ),
    rule("reason_disabled", Permission, &[Reason(&["SERVICE_DISABLED"])]).of(Scope::Token),
    rule("reason_money", QuotaExhausted, &[Reason(&["BILLING_DISABLED", "enforced_spend_limit_reached"])]),
    // Texts that correct a code which says less or lies.
    rule("above_limit", PayloadTooLarge, &[Says(&["request too large"]), AboveLimit]).elsewhere(),
    rule("not_entitled", Permission, &[Status(&[400, 401, 403, 404, 429]), Says(phrases::NOT_ENTITLED)])
        .of(Scope::TokenModel),
    rule("cannot", Unsupported, &[Status(&[400, 404, 422]), Says(phrases::CANNOT)]),
    rule("free_models_per_day", RateLimited, &[Status(&[429]), Says(&["free-models-per-day"])]).of(Scope::Token),
    // Codes.
    rule(
        "code_key",
        InvalidCredential,
        &[Code(&[
            "invalid_api_key",
            "account_deactivated",
            "organization_restricted",
            "invalid_iam_token",
            "InvalidApiKey",
            "AuthenticationError",
        ])],
    ),
    rule("code_organisation", Permission, &[Code(&["invalid_organization", "ip_not_authorized"])]).of(Scope::Token),
    rule("code_region", Permission, &[Code(&["unsupported_country_region_territory"])]).of(Scope::Provider),
    rule("code_project", Permission, &[Code(&["model_permission_blocked_project", "model_permission_blocked_org"])])
        .of(Scope::TokenModel),
    rule(
        "code_money",
        QuotaExhausted,
        &[Code(&[
            "insufficient_quota",
            "credit_balance_exhausted",
            "organization_spend_limit_exceeded",
            "project_spend_limit_exceeded",
            "organization_usage_limit_exceeded",
            "billing_not_active",
            "AccountOverdueError",
        ])],
    ),
    rule(
        "code_model",
        ModelUnavailable,
        &[Code(&[
            "model_not_found",
            "model_not_supported",
            "model_decommissioned",
            "DeploymentNotFound",
            "invalid_model",
            "1500",
            "ModelNotFound",
            "ModelNotOpen",
        ])],
    ),
    rule(
        "code_rate",
        RateLimited,
        &[Code(&["rate_limit_exceeded", "slow_down", "rate_limit_reached", "RateLimitReached"])],
    ),
    rule(
        "context_length",
        BadRequest,
        &[Code(&["context_length_exceeded", "string_above_max_length", "tokens_too_long"])],
    ),
    rule(
        "code_content",
        ContentPolicy,
        &[Code(&[
            "content_policy_violation",
            "content_filter",
            "invalid_prompt",
            "data_inspection_failed",
            "DataInspectionFailed",
            "moderation_blocked",
        ])],
    ),
    rule(
        "code_unsupported",
        Unsupported,
        &[Code(&[
            "unsupported_parameter",
            "unsupported_value",
            "unsupported_model",
            "unsupported_api",
            "unsupported_file",
        ])],
    ),
    rule("code_capacity", Overloaded, &[Code(&["3505", "capacity_exceeded"])]).of(Scope::TokenModel),
    rule("code_overloaded", Overloaded, &[Code(&["server_is_overloaded", "overloaded_error", "engine_overloaded"])]),
    rule("code_server", ServerError, &[Type(&["openrouter"]), Code(&["server_error"])]).of(Scope::TokenModel),
    rule("code_server", ServerError, &[Code(&["server_error", "internal_error", "internal_server_error"])]),
    // Types.
    rule(
        "type_money",
        QuotaExhausted,
        &[Kind(&[
            "insufficient_quota",
            "billing_not_active",
            "exceeded_current_quota_error",
            "billing_error",
            "payment_required",
            "credit_limit",
            "usage_limit_reached",
        ])],
    ),
    rule(
        "type_key",
        InvalidCredential,
        &[Kind(&["authentication_error", "invalid_authentication_error", "incorrect_api_key_error"])],
    ),
    rule("type_region", Permission, &[Status(&[403]), Kind(&["forbidden", "request_forbidden"])]).of(Scope::Provider),
    rule("type_capacity", Overloaded, &[Kind(&["service_tier_capacity_exceeded", "capacity_exceeded"])])
        .of(Scope::TokenModel),
    rule(
        "type_overloaded",
        Overloaded,
        &[Kind(&[
            "engine_overloaded_error",
            "overloaded_error",
            "overloaded",
            "service_unavailable_error",
            "ServiceUnavailable",
        ])],
    ),
    rule("type_content", ContentPolicy, &[Kind(&["content_filter", "unsafe_request", "content_policy_violation"])]),
    rule("type_model", ModelUnavailable, &[Kind(&["invalid_model", "resource_not_found_error"])]),
    rule(
        "quota_window",
        QuotaExhausted,
        &[Kind(&["access_terminated_error"]), Says(&["billing cycle", "usage limit", "weekly", "monthly"])],
    ),
    rule(
        "type_permission",
        Permission,
        &[Kind(&["permission_error", "permission_denied_error", "access_terminated_error"])],
    ),
    rule("type_server", ServerError, &[Kind(&["api_error", "server_error"])]),
    // Status and text together.
    rule("identity_refused", InvalidCredential, &[NoParam, Status(&[400, 401, 403, 429]), Says(phrases::IDENTITY)]),
    rule("text_money", QuotaExhausted, &[NoParam, Status(&[200, 400, 401, 403, 412, 429]), Says(phrases::MONEY)]),
    rule("text_key", InvalidCredential, &[NoParam, Status(&[200, 400, 401, 403]), Says(phrases::BAD_KEY)]),
    rule("our_address", Permission, &[NoParam, Status(&[400, 403]), Says(phrases::OUR_ADDRESS)]).of(Scope::Provider),
    rule("context_length", BadRequest, &[Status(&[200, 400, 403, 413, 422]), Says(phrases::CONTEXT)]),
    rule("text_content", ContentPolicy, &[Status(&[200, 400, 403, 422]), Says(phrases::CONTENT)]),
    rule("text_busy", Overloaded, &[Status(&[200, 429, 500, 502, 503]), Says(phrases::BUSY)]),
    rule("no_provider", ModelUnavailable, &[Type(&["openrouter"]), Status(&[503])]),
    rule("upstream_failed", ServerError, &[Type(&["openrouter"]), Status(&[502])]).of(Scope::TokenModel),
    rule("suspended", QuotaExhausted, &[Type(&["fireworks"]), Status(&[412])]),
    rule("no_such_thing", BadRequest, &[Status(&[404]), Says(phrases::NO_SUCH_THING)]),
    rule("text_model", ModelUnavailable, &[Status(&[200, 400, 403, 404, 422]), Says(phrases::NO_MODEL)]),
    rule("limit_window", QuotaExhausted, &[Status(&[429]), Says(&["/ month", "per month", "monthly", "weekly"])]),
    rule("text_rate", RateLimited, &[Status(&[200]), Says(&["rate limit", "too many requests"])]),
];

/// A verdict, and whether its scope is open: left to the provider and to what the text names.
pub(super) struct Reading {
    pub(super) verdict: Verdict,
    pub(super) open: bool,
}

/// The reading of an error: the row's own codes first.
pub(super) fn reading(row: &Row, status: u16, fields: &Fields) -> Reading {
    if let Some(reading) = row.errors.iter().find_map(|codes| own(codes, fields)) {
        return reading;
    }
    let provider = row.name.as_str();
    for rule in RULES {
        if rule.when.iter().all(|when| holds(when, provider, status, fields)) {
            let verdict = Verdict::of(rule.class, rule.name);
            let verdict = Verdict {
                scope: rule.scope.unwrap_or(verdict.scope),
                retry_elsewhere: rule.elsewhere.unwrap_or(verdict.retry_elsewhere),
                ..verdict
            };
            return Reading { verdict, open: rule.scope.is_none() };
        }
    }
    Reading { verdict: by_status(status), open: true }
}

fn own(codes: &ErrorCodes, fields: &Fields) -> Option<Reading> {
    let is = |code: &String, given: &str| match code.strip_suffix('*') {
        Some(start) => given.starts_with(start),
        None => given == code,
    };
    let coded =
        codes.codes.is_empty() || codes.codes.iter().any(|code| is(code, &fields.code) || is(code, &fields.kind));
    let said = codes.says.is_empty() || codes.says.iter().any(|text| fields.says(text));
    if !coded || !said {
        return None;
    }
    let verdict = Verdict::of(codes.class()?, "own_code");
    let scope = codes.scope();
    Some(Reading { verdict: verdict.scoped(scope.unwrap_or(verdict.scope)), open: scope.is_none() })
}

fn holds(when: &When, provider: &str, status: u16, fields: &Fields) -> bool {
    match when {
        Type(names) => names.contains(&provider),
        Reason(names) => fields.reasons.iter().any(|reason| names.contains(&reason.as_str())),
        Code(names) => names.contains(&fields.code.as_str()),
        Kind(names) => names.contains(&fields.kind.as_str()),
        Status(numbers) => numbers.contains(&status),
        Says(texts) => texts.iter().any(|text| fields.says(text)),
        NoParam => !fields.has_param,
        AboveLimit => above_limit(&fields.message),
    }
}

/// `Limit N, … Requested M` with M above N.
fn above_limit(message: &str) -> bool {
    let number = |word: &str| {
        let rest = message.split_once(word)?.1.trim_start_matches([' ', ':']);
        let digits: String = rest.chars().take_while(|letter| letter.is_ascii_digit() || *letter == ',').collect();
        digits.replace(',', "").parse::<u64>().ok()
    };
    matches!((number("Limit "), number("Requested ")), (Some(limit), Some(asked)) if asked > limit)
}

/// The class a status stands for when nothing says more.
pub(super) fn by_status(status: u16) -> Verdict {
    let (class, rule) = match status {
        401 => (InvalidCredential, "status_401"),
        402 => (QuotaExhausted, "status_402"),
        403 => (Permission, "status_403"),
        404 => (ModelUnavailable, "status_404"),
        405 | 501 => (Unsupported, "status_unsupported"),
        408 | 504 | 522 | 524 => (Class::Timeout, "status_timeout"),
        413 => (PayloadTooLarge, "status_413"),
        429 => (RateLimited, "status_429"),
        451 => (ContentPolicy, "status_451"),
        498 | 503 | 529 => (Overloaded, "status_overloaded"),
        520 | 521 | 523 | 525 | 526 => (Class::Connection, "status_edge"),
        400..=499 => (BadRequest, "status_4xx"),
        500..=599 => (ServerError, "status_5xx"),
        // An error inside a success that says nothing we know; a redirect.
        _ => (ServerError, "unknown"),
    };
    Verdict::of(class, rule)
}

/// The reading of an answer that is not the model API's: a page of an edge, a proxy's line, or nothing.
pub(super) fn edge(status: u16, headers: &HeaderMap, body: &[u8]) -> Reading {
    let start = String::from_utf8_lossy(&body[..body.len().min(4096)]).to_lowercase();
    let says = |text: &str| start.contains(text);
    let page = says("<html") || says("<!doctype");
    let challenged = headers.get("cf-mitigated").is_some_and(|value| value.as_bytes() == b"challenge")
        || page && (says("challenge-platform") || says("just a moment"));
    let verdict = if challenged {
        Verdict::of(Class::Connection, "edge_challenge")
    } else if page && (says("error 1015") || says("you are being rate limited")) {
        Verdict::of(RateLimited, "edge_rate").scoped(Scope::Provider)
    } else if says("no healthy upstream") {
        Verdict::of(Overloaded, "edge_no_upstream")
    } else if says("upstream request timeout") {
        Verdict::of(Class::Timeout, "edge_timeout")
    } else if says("upstream connect error") || says("disconnect/reset before headers") {
        Verdict::of(Class::Connection, "edge_connect")
    } else if page && status == 403 {
        Verdict::of(Permission, "edge_forbidden").scoped(Scope::Provider)
    } else if status < 400 {
        Verdict::of(Class::Connection, "garbled")
    } else {
        return Reading { verdict: by_status(status), open: true };
    };
    Reading { verdict, open: false }
}
