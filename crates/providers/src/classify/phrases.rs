//! Texts by which providers say what their codes do not. All in lower case, matched anywhere in the error's text.

/// Money, credits or an allowance is used up.
pub(super) const MONEY: &[&str] = &[
    "insufficient balance",
    "insufficient credits",
    "insufficient_quota",
    "insufficient funds",
    "credit balance is too low",
    "exceeded your current quota",
    "check your plan and billing",
    "check your billing details",
    "billing cycle",
    "spending limit",
    "spend limit",
    "no prepaid credits",
    "out of credits",
    "run out of credits",
    "used all available credits",
    "api usage limits",
    "arrears",
    "account balance",
    "余额不足",
    "欠费",
];

/// The key or its account is banned, locked, leaked or revoked, whatever the status.
pub(super) const IDENTITY: &[&str] = &[
    "reported as leaked",
    "organization has been disabled",
    "organization has been restricted",
    "has been deactivated",
    "account has been disabled",
    "account has been banned",
    "account has been locked",
    "api key has been revoked",
    "api key has been disabled",
    "token has been revoked",
];

/// The key is unknown.
pub(super) const BAD_KEY: &[&str] = &[
    "incorrect api key",
    "invalid api key",
    "invalid apikey",
    "api key is invalid",
    "api key not valid",
    "api key not found",
    "invalid authentication",
];

/// Our address, country or edge is refused, not the key.
pub(super) const OUR_ADDRESS: &[&str] = &[
    "country, region, or territory",
    "request not allowed",
    "location is not supported",
    "not available in your region",
    "not available in your country",
];

/// The request is longer than the model's context.
pub(super) const CONTEXT: &[&str] = &[
    "maximum context length",
    "context length of the model",
    "context_length_exceeded",
    "context window",
    "exceeded model token limit",
    "prompt is too long",
    "input is too long",
    "too many tokens",
    "tokens exceed",
];

/// The provider refused the content.
pub(super) const CONTENT: &[&str] = &[
    "safety system",
    "usage policy",
    "content management policy",
    "content filtering policy",
    "considered high risk",
    "moderation",
];

/// The provider lacks capacity although the status says something else.
pub(super) const BUSY: &[&str] = &[
    "overloaded",
    "high demand",
    "no capacity",
    "capacity exceeded",
    "capacity is unavailable",
    "too busy",
    "system is really busy",
    "maximum pending requests",
    "temporarily rate-limited upstream",
];

/// The model is unknown, closed or not activated.
pub(super) const NO_MODEL: &[&str] = &[
    "model not exist",
    "model does not exist",
    "invalid model",
    "model not found",
    "unknown model",
    "not found the model",
    "no such model",
    "model has been decommissioned",
    "model is not supported",
];

/// Something other than a model that the caller named does not exist.
pub(super) const NO_SUCH_THING: &[&str] =
    &["no such file", "no such batch", "no such fine", "no such video", "response with id", "conversation with id"];

/// The key is good, the entitlement is missing.
pub(super) const NOT_ENTITLED: &[&str] = &[
    "does not have access to model",
    "must be verified",
    "extra usage is required",
    "does not have access to the model",
];

/// The provider cannot do that with this model.
pub(super) const CANNOT: &[&str] = &["not a chat model", "does not support tools", "only support stream mode"];
