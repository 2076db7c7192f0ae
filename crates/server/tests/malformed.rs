//! A thousand malformed requests through each provider's rules: no credential's state moves.
//!
//! The answers are worded as each provider words the caller's mistakes, with what it quotes of the request made as
//! nasty as a caller could make it.

#![expect(clippy::expect_used, reason = "a test may fail")]

use std::collections::BTreeSet;
use std::time::Duration;

use claviger_pool::{End, Lease, Need, Pool, ProviderSpec, State, Strategy, Turn};
use claviger_providers::{Classifier, Failure, known_errors};
use claviger_types::{Moment, Verdict, WallTime};
use http::{HeaderMap, HeaderValue};

/// What a caller may write where a role, a name or a number belongs. `~`: it goes here.
const NASTY: [&str; 16] = [
    "insufficient balance",
    "incorrect api key provided",
    "your organization has been disabled",
    "rate limit reached, try again in 3600s",
    "model is overloaded",
    "the model does not exist",
    "You exceeded your current quota, please check your plan and billing details",
    "API key not valid",
    "account has been deactivated",
    "request not allowed",
    "monthly spending limit",
    "invalid_api_key",
    "401",
    "1113",
    "余额不足",
    "no healthy upstream",
];

/// Status and body of a mistake, the caller's words at `~`.
type Words = (u16, &'static str);

const OPENAI: &[Words] = &[
    (
        400,
        r#"{"error":{"message":"Invalid value: '~'. Supported values are: 'system', 'user'.","type":"invalid_request_error","param":"messages[0].role","code":"invalid_value"}}"#,
    ),
    (
        400,
        r#"{"error":{"message":"Unrecognized request argument supplied: ~","type":"invalid_request_error","param":null,"code":null}}"#,
    ),
    (
        400,
        r#"{"error":{"message":"This model's maximum context length is 8192 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"},"input":"~"}"#,
    ),
    (
        400,
        r#"{"error":{"message":"Unsupported parameter: '~'","type":"invalid_request_error","param":"~","code":"unsupported_parameter"}}"#,
    ),
    (
        422,
        r#"{"detail":[{"type":"literal_error","loc":["body","messages",0,"role"],"msg":"Input should be 'user' or 'system'","input":"~"}]}"#,
    ),
    (413, r#"{"error":{"message":"Request body too large: '~'","type":"invalid_request_error"}}"#),
    (
        400,
        r#"{"error":{"message":"Unexpected token in JSON: ~","type":"invalid_request_error","param":null,"code":null}}"#,
    ),
];

const GOOGLE: &[Words] = &[
    (
        400,
        r#"{"error":{"code":400,"message":"Invalid JSON payload received. Unknown name \"~\" at 'contents[0]': Cannot find field.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"contents[0]","description":"~"}]}]}}"#,
    ),
    (
        400,
        r#"[{"error":{"code":400,"message":"Please use a valid role: user, model. Got ~","status":"INVALID_ARGUMENT"}}]"#,
    ),
    (
        400,
        r#"{"error":{"code":400,"message":"The input token count (9) exceeds the maximum number of tokens allowed (8).","status":"INVALID_ARGUMENT"}}"#,
    ),
];

/// The others word it as OpenAI does.
const WORDS: &[(&str, &[Words])] = &[
    (
        "claude",
        &[
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"messages.0.role: Input should be 'user' or 'assistant', got ~"}}"#,
            ),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"~: Extra inputs are not permitted"}}"#,
            ),
            (
                413,
                r#"{"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}"#,
            ),
        ],
    ),
    ("gemini", GOOGLE),
    ("vertex", GOOGLE),
    (
        "bedrock",
        &[
            (
                400,
                r#"{"__type":"ValidationException","message":"Malformed input request: #/messages/0/role: ~ is not a valid enum value"}"#,
            ),
            (400, r#"{"message":"Malformed input request: extraneous key [~] is not permitted"}"#),
        ],
    ),
    (
        "deepseek",
        &[
            (
                422,
                r#"{"error":{"message":"Failed to deserialize the JSON body into the target type: messages[0].role: unknown variant `~`, expected one of `system`, `user`","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}"#,
            ),
            (
                400,
                r#"{"error":{"message":"Invalid max_tokens value, the valid range is [1, 8192]","type":"invalid_request_error","code":"invalid_request_error"}}"#,
            ),
        ],
    ),
    (
        "qwen",
        &[
            (
                400,
                r#"{"error":{"message":"'~' is not one of ['system', 'user'] - 'messages.0.role'","type":"invalid_request_error","code":null,"param":null}}"#,
            ),
            (
                400,
                r#"{"code":"InvalidParameter","message":"<400> InternalError.Algo.InvalidParameter: role must be in [user, assistant], got ~","request_id":"x"}"#,
            ),
        ],
    ),
    (
        "zhipuai",
        &[
            (400, r#"{"error":{"code":"1214","message":"messages 参数非法。请检查文档。~"}}"#),
            (400, r#"{"error":{"code":"1210","message":"API 调用参数有误,请检查文档。~"}}"#),
            (400, r#"{"error":{"code":"1261","message":"Prompt 超长"}}"#),
        ],
    ),
    (
        "minimax",
        &[
            (
                200,
                r#"{"choices":null,"base_resp":{"status_code":2013,"status_msg":"invalid params, role ~ is not allowed"}}"#,
            ),
            (
                400,
                r#"{"type":"error","error":{"type":"bad_request_error","message":"invalid params, role ~ (2013)","http_code":"400"}}"#,
            ),
        ],
    ),
    (
        "baidu",
        &[
            (200, r#"{"error_code":336003,"error_msg":"the role of message can not be ~","id":"as-1"}"#),
            (400, r#"{"error":{"code":"malformed_json","message":"~","type":"invalid_request_error"},"id":"as-1"}"#),
        ],
    ),
    (
        "doubao",
        &[(
            400,
            r#"{"error":{"code":"InvalidParameter","message":"The parameter `messages.role` specified in the request are not valid: invalid role: ~. Request id: x","param":"messages.role","type":"BadRequest"}}"#,
        )],
    ),
    (
        "hunyuan",
        &[
            (
                200,
                r#"{"Response":{"Error":{"Code":"InvalidParameterValue","Message":"Role ~ invalid."},"RequestId":"x"}}"#,
            ),
            (400, r#"{"error":{"message":"invalid role ~","type":"invalid_request_error","code":"400"}}"#),
        ],
    ),
    (
        "spark",
        &[
            (200, r#"{"code":10163,"message":"param validate error: $.payload.message.text[0].role ~","sid":"x"}"#),
            (200, r#"{"header":{"code":10907,"message":"token count exceeds the limit ~","sid":"x","status":2}}"#),
        ],
    ),
    (
        "mistral",
        &[
            (
                422,
                r#"{"object":"error","message":{"detail":[{"type":"literal_error","loc":["body"],"msg":"Input should be 'user'","input":"~"}]},"type":"invalid_request_error","param":null,"code":null}"#,
            ),
            (
                400,
                r#"{"object":"error","message":"Expected last role User or Tool but got ~: invalid role","type":"invalid_request_message_order","param":null,"code":"3230"}"#,
            ),
        ],
    ),
    (
        "cloudflare",
        &[(
            400,
            r#"{"result":null,"success":false,"errors":[{"code":5006,"message":"AiError: Bad input: Error: Type mismatch of '/messages/0/role', '~' not in 'system','user'"}],"messages":[]}"#,
        )],
    ),
    (
        "cohere",
        &[
            (400, r#"{"id":"x","message":"invalid request: message at index 0 has an invalid role ~"}"#),
            (422, r#"{"message":"unknown field: parameter '~' is not a valid field"}"#),
        ],
    ),
    ("ollama", &[(400, r#"{"error":"invalid role: ~, must be one of [system, user]"}"#)]),
    (
        "vllm",
        &[
            (
                400,
                r#"{"object":"error","message":"[{'type': 'literal_error', 'input': '~'}]","type":"BadRequestError","param":null,"code":400}"#,
            ),
            (
                400,
                r#"{"error":{"message":"1 validation error: role ~","type":"BadRequestError","param":null,"code":400}}"#,
            ),
        ],
    ),
    (
        "siliconflow",
        &[(400, r#"{"code":20015,"message":"The parameter is invalid: '~'. Please check it again.","data":null}"#)],
    ),
    ("dify", &[(400, r#"{"code":"invalid_param","message":"~ is required","status":400}"#)]),
    ("coze", &[(200, r#"{"code":4000,"msg":"Request parameter error: ~"}"#)]),
    ("deepl", &[(400, r#"{"message":"Bad request. Reason: Value for 'target_lang' not supported: '~'."}"#)]),
    ("triton", &[(400, r#"{"error":"failed to parse the request JSON buffer: Invalid value. at ~"}"#)]),
    (
        "grok",
        &[
            (
                422,
                r#"{"code":"Client specified an invalid argument","error":"Failed to deserialize the JSON body into the target type: messages[0].role: unknown variant `~`"}"#,
            ),
            (400, r#"{"code":"Client specified an invalid argument","error":"Invalid role: '~'"}"#),
        ],
    ),
    (
        "openrouter",
        &[(
            400,
            r#"{"error":{"code":400,"message":"Input validation error: role '~'","metadata":{"provider_name":"x","raw":"{\"error\":{\"message\":\"Invalid value: '~'\"}}"}}}"#,
        )],
    ),
];

fn words(provider: &str) -> &'static [Words] {
    WORDS.iter().find(|(name, _)| *name == provider).map_or(OPENAI, |(_, words)| words)
}

fn verdict(rules: &Classifier, (status, body): Words, nasty: &str) -> Verdict {
    let body = body.replace('~', nasty);
    let mut headers = HeaderMap::new();
    headers.insert("retry-after", HeaderValue::from_static("3600"));
    let (headers, body, wall) = (&headers, body.as_bytes(), WallTime::from_millis(1_773_183_600_000));
    let failure = match status {
        200 => Failure::Embedded { body, headers, wall },
        status => Failure::Status { status, headers, body, wall },
    };
    rules.read(&failure).verdict
}

fn lease(pool: &mut Pool, now: Moment, targets: &[(claviger_pool::ProviderId, &str)], dice: u64) -> Lease {
    let need = Need {
        targets,
        tried: &[],
        turn: Turn::First,
        pinned: None,
        ticket: None,
        patient: false,
        last: true,
        shaken: false,
        stream: false,
        affinity: None,
        cost: 1,
    };
    pool.lease(now, &need, dice).expect("everybody is ready")
}

#[test]
fn a_thousand_malformed_requests_move_no_credentials_state() {
    let mut failures: Vec<String> = Vec::new();
    for known in known_errors() {
        let rules = Classifier::named(known.name).expect("it is known");
        let words = words(known.name);
        let mut wrong = BTreeSet::new();
        let mut pool = Pool::new();
        let credentials = ["one", "two", "three"]
            .map(|key| claviger_pool::CredentialSpec::new(claviger_types::Secret::new(key.to_owned()).fingerprint()));
        let provider = ProviderSpec {
            id: known.name.to_owned(),
            strategy: Strategy::Weighted,
            health: claviger_pool::Health::default(),
            credentials: credentials.into(),
        };
        let roster = pool.reconcile(Moment::START, &[provider]);
        let targets = [(roster.providers[0], "m")];
        for number in 0..1000_usize {
            let now = Moment::START.plus(Duration::from_millis(number as u64 * 10));
            let held = lease(&mut pool, now, &targets, (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let (place, nasty) = (number % words.len(), NASTY[number / words.len() % NASTY.len()]);
            let found = verdict(&rules, words[place], nasty);
            if !found.class.is_callers() || found.retry_elsewhere {
                wrong.insert(format!("{} by {}: {} with {nasty:?}", known.name, found.rule, words[place].1));
            }
            let _ = pool.settle(now, held, End::Said(found), 0);
        }
        failures.extend(wrong);
        let end = Moment::START.plus(Duration::from_secs(11));
        for view in pool.snapshot(end) {
            if !failures.is_empty() {
                break;
            }
            assert!(view.state == State::Ready && view.in_flight == 0, "{}: {view:?}", known.name);
            for model in &view.models {
                assert!(
                    model.state == State::Ready && model.bads == 0 && !model.breaker_open,
                    "{}: {model:?}",
                    known.name
                );
            }
        }
    }
    assert!(failures.is_empty(), "{} wrong:\n{}", failures.len(), failures.join("\n"));
}
