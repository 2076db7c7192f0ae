use proptest::prelude::*;

use super::*;

fn arrival(method: Method, uri: &str, headers: &[(&str, &str)], body: &[u8]) -> Arrival {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
    }
    let body = Bytes::copy_from_slice(body);
    Arrival { method, uri: uri.parse().unwrap(), host: "API.Example:8080".into(), headers: map, body, truncated: false }
}

const JSON: (&str, &str) = ("content-type", "Application/JSON; charset=utf-8");

fn post(uri: &str, body: &str) -> Result<Ask, AskError> {
    Ask::read(arrival(Method::POST, uri, &[JSON], body.as_bytes()))
}

fn form(uri: &str, body: &str) -> Result<Ask, AskError> {
    let kind = ("content-type", "multipart/form-data; boundary=b");
    Ask::read(arrival(Method::POST, uri, &[kind], body.as_bytes()))
}

fn is_bad(result: Result<Ask, AskError>, about: Option<&str>) -> bool {
    matches!(result, Err(AskError::BadRequest { param, .. }) if param == about)
}

#[test]
fn a_chat_request_is_read_and_its_body_is_the_same_bytes() {
    let body = r#"{"stream_options":{"include_usage":true},"model":"gpt-4\u006f","stream":true,"messages":[]}"#;
    let ask = post("/team/v1/chat/completions?x=1", body).unwrap();
    assert_eq!((ask.operation, ask.dialect), (Operation::ChatCompletions, Dialect::OpenAi));
    assert_eq!((ask.model.as_deref(), ask.stream, ask.wants_usage), (Some("gpt-4o"), true, true));
    assert_eq!((ask.host.as_str(), ask.path.as_str()), ("api.example", "/team/v1/chat/completions"));
    assert_eq!((ask.query.as_deref(), ask.form, &ask.body[..]), (Some("x=1"), BodyForm::Json, body.as_bytes()));
}

#[test]
fn no_credential_and_no_hop_header_travels_on() {
    let headers = [
        JSON,
        ("authorization", "bearer  sk-second"),
        ("x-api-key", "sk-first"),
        ("api-key", "k"),
        ("x-goog-api-key", "k"),
        ("x-authorization", "k"),
        ("connection", "close, X-Hop"),
        ("x-hop", "1"),
        ("keep-alive", "5"),
        ("te", "trailers"),
        ("trailer", "x"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("proxy-authorization", "k"),
        ("host", "h"),
        ("content-length", "2"),
        ("accept-encoding", "br"),
        ("expect", "100-continue"),
        ("x-forwarded-for", "1.2.3.4"),
        ("forwarded", "for=x"),
        ("x-envoy-original-path", "/"),
        ("x-hi-original-auth", "k"),
        ("x-real-ip", "1"),
        ("cookie", "a=b"),
        ("openai-beta", "v2"),
    ];
    let ask = Ask::read(arrival(Method::POST, "/v1/embeddings", &headers, b"{}")).unwrap();
    let mut kept: Vec<&str> = ask.headers.keys().map(http::HeaderName::as_str).collect();
    kept.sort_unstable();
    assert_eq!(kept, ["content-type", "cookie", "openai-beta"]);
    assert_eq!(ask.caller_key.unwrap().expose(), "sk-first");
}

#[test]
fn the_key_at_our_door_is_found_in_every_place_clients_put_it() {
    let cases = [
        (("authorization", "Bearer sk-a"), "sk-a"),
        (("x-api-key", "sk-a"), "sk-a"),
        (("api-key", "sk-a"), "sk-a"),
        (("x-goog-api-key", "sk-a"), "sk-a"),
        (("sec-websocket-protocol", "realtime, openai-insecure-api-key.sk-a, v1"), "sk-a"),
    ];
    for (header, key) in cases {
        let arrival = arrival(Method::GET, "/", &[header], b"");
        assert_eq!(client_key(&arrival.headers, None), Some(key), "{header:?}");
        assert_eq!(Ask::read(arrival).unwrap().caller_key.unwrap().expose(), key, "{header:?}");
    }
    assert_eq!(client_key(&HeaderMap::new(), Some("alt=sse&key=sk-a")), Some("sk-a"));
    assert_eq!(client_key(&HeaderMap::new(), Some("alt=sse")), None);
}

#[test]
fn a_realtime_upgrade_keeps_its_handshake_but_not_the_key_in_it() {
    let headers = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-key", "x"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", "realtime, openai-insecure-api-key.sk-a"),
        ("sec-websocket-protocol", "openai-beta.v1"),
    ];
    let ask = Ask::read(arrival(Method::GET, "/v1/realtime?model=gpt-realtime%2Dmini", &headers, b"")).unwrap();
    assert_eq!(ask.headers.get_all("sec-websocket-protocol").iter().collect::<Vec<_>>(), ["realtime, openai-beta.v1"]);
    assert!(ask.headers.contains_key("sec-websocket-key") && !ask.headers.contains_key("upgrade"));
    assert_eq!((ask.model.as_deref(), ask.form), (Some("gpt-realtime-mini"), BodyForm::Empty));
}

#[test]
fn gemini_names_model_and_stream_in_the_path_and_its_query_key_stays_here() {
    let ask = post("/v1beta/models/gemini-2.0:streamGenerateContent?alt=sse&key=AIza", r#"{"contents":[]}"#).unwrap();
    assert_eq!((ask.model.as_deref(), ask.stream, ask.dialect), (Some("gemini-2.0"), true, Dialect::Gemini));
    assert_eq!((ask.query.as_deref(), ask.caller_key.unwrap().expose()), (Some("alt=sse"), "AIza"));
    assert_eq!(post("/v1beta/models/g:generateContent?key=AIza", "{}").unwrap().query, None);
}

#[test]
fn malformed_bodies_are_refused_where_json_is_needed() {
    for body in ["", "{", "[]", "\"x\"", "{\"model\":\"a\"} x"] {
        assert!(is_bad(post("/v1/chat/completions", body), None), "{body}");
    }
    let invalid_utf8 = arrival(Method::POST, "/v1/responses", &[JSON], b"{\"a\":\"\xff\"}");
    assert!(is_bad(Ask::read(invalid_utf8), None));
    assert!(is_bad(post("/v1/messages", r#"{"model":"a","model":"b"}"#), Some("model")));
    assert!(is_bad(post("/v1/embeddings", r#"{"model":5}"#), Some("model")));
    let untyped = arrival(Method::POST, "/v1/chat/completions", &[], b"hello");
    assert!(is_bad(Ask::read(untyped), None));
    let text = arrival(Method::POST, "/v1/chat/completions", &[("content-type", "text/plain")], b"{}");
    assert!(matches!(Ask::read(text), Err(AskError::UnsupportedMediaType { .. })));
    assert!(matches!(form("/v1/chat/completions", "--b--"), Err(AskError::UnsupportedMediaType { .. })));
}

#[test]
fn what_the_provider_can_judge_is_left_to_it() {
    assert_eq!(post("/v1/chat/completions", r#"{"model":null,"messages":7,"stream":"yes"}"#).unwrap().model, None);
    for body in ["[1]", "{", "nonsense", r#"{"model":1}"#] {
        assert_eq!(post("/v1/unheard/of", body).unwrap().model, None, "{body}");
    }
    let gzip = [JSON, ("content-encoding", "gzip")];
    let ask = Ask::read(arrival(Method::POST, "/v1/chat/completions", &gzip, b"\x1f\x8b")).unwrap();
    assert_eq!((ask.form, ask.model), (BodyForm::Opaque, None));
    let untyped = Ask::read(arrival(Method::POST, "/v1/chat/completions", &[], br#" {"model":"m"}"#)).unwrap();
    assert_eq!((untyped.form, untyped.model.as_deref()), (BodyForm::Json, Some("m")));
}

#[test]
fn forms_are_read_and_checked() {
    let field =
        |name: &str, value: &str| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let body = format!("{}{}--b--\r\n", field("model", "whisper-1"), field("stream", "true"));
    let ask = form("/v1/audio/transcriptions", &body).unwrap();
    assert_eq!((ask.model.as_deref(), ask.stream), (Some("whisper-1"), true));
    assert_eq!(ask.form, BodyForm::Multipart { boundary: "b".into() });
    assert!(!form("/v1/audio/translations", &body).unwrap().stream);
    assert!(is_bad(form("/v1/images/edits", &body[..body.len() - 6]), None));
    assert!(is_bad(form("/v1/images/edits", &format!("{}{body}", field("model", "x"))), Some("model")));
    let unbound = arrival(Method::POST, "/v1/images/edits", &[("content-type", "multipart/form-data")], b"x");
    assert!(is_bad(Ask::read(unbound), None));
}

#[test]
fn a_body_over_the_cap_is_read_as_far_as_it_goes() {
    let mut cut = arrival(Method::POST, "/v1/chat/completions", &[JSON], br#"{"model":"m","stream":true,"messages":["#);
    cut.truncated = true;
    let ask = Ask::read(cut).unwrap();
    assert_eq!((ask.model.as_deref(), ask.stream, ask.truncated), (Some("m"), true, true));
}

#[test]
fn a_wrong_method_is_named() {
    for method in [Method::GET, Method::HEAD, Method::DELETE] {
        let result = Ask::read(arrival(method, "/v1/chat/completions", &[], b""));
        assert_eq!(result.unwrap_err(), AskError::MethodNotAllowed { allow: "POST" });
    }
    for path in ["/v1/models", "/v1/files/f", "/v1/responses/r", "/v1/realtime", "/x"] {
        assert!(Ask::read(arrival(Method::GET, path, &[], b"")).is_ok(), "{path}");
    }
}

#[test]
fn debug_output_of_an_arrival_shows_no_header() {
    let shown = format!("{:?}", arrival(Method::GET, "/p?key=sk-a", &[("authorization", "Bearer sk-a")], b"sk-a"));
    assert!(!shown.contains("sk-a"), "{shown}");
}

#[test]
fn a_port_is_cut_from_any_kind_of_host() {
    for (given, host) in [("a:1", "a"), ("a", "a"), ("[::1]:80", "[::1]"), ("[::1]", "[::1]"), ("", "")] {
        assert_eq!(headers::without_port(given), host);
    }
}

proptest! {
    #![proptest_config(crate::testing::fixed_cases())]

    #[test]
    fn no_request_makes_it_panic_and_no_key_survives(
        path in prop::sample::select(vec![
            "/v1/chat/completions", "/v1/images/edits", "/v1beta/models/m:generateContent", "/v1/realtime", "/x%zz",
        ]),
        query in prop::sample::select(vec!["", "?key=SECRET", "?k%65y=SECRET&a", "?model=%", "?&&="]),
        headers in prop::collection::vec(prop::sample::select(vec![
            JSON, ("content-type", "multipart/form-data; boundary=b"), ("authorization", "Bearer SECRET"),
            ("authorization", "Bearer"), ("api-key", "SECRET"), ("connection", "a,,b, ,content-type"),
            ("sec-websocket-protocol", "openai-insecure-api-key.SECRET,,"), ("proxy-authorization", "SECRET"),
        ]), 0..5),
        words in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "\"model\"", ":", "\"a\"", ",", "true", "\"stream\"", "--b", "\r\n", "--", "Content-Disposition: form-data; name=model",
        ]), 0..16),
        truncated: bool, get: bool,
    ) {
        let method = if get { Method::GET } else { Method::POST };
        let mut arrival = arrival(method, &format!("{path}{query}"), &headers, words.concat().as_bytes());
        arrival.truncated = truncated;
        if let Ok(ask) = Ask::read(arrival) {
            let travels = format!("{:?}", ask.headers);
            prop_assert!(!travels.contains("SECRET"), "{}", travels);
            if ask.dialect == Dialect::Gemini {
                prop_assert!(!ask.query.unwrap_or_default().contains("SECRET"));
            }
        }
    }
}
