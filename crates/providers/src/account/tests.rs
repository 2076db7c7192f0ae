use super::*;

const NOW: WallTime = WallTime::from_millis(1_700_000_010_500);

fn file(change: impl FnOnce(&mut Value)) -> Secret {
    let mut file = json!({
        "type": "service_account",
        "private_key_id": "0123456789ab",
        // an octet string; nothing is signed here
        "private_key": "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n",
        "client_email": "svc@acme.iam.gserviceaccount.example",
    });
    change(&mut file);
    Secret::new(file.to_string())
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

#[test]
fn a_request_for_a_token_says_who_asks_for_what_and_for_how_long() {
    let account = ServiceAccount::read(&file(|_| {})).expect("a whole key");
    let unsigned = account.unsigned(NOW);
    let (header, claims) = unsigned.split_once('.').expect("two parts");
    assert_eq!(decoded(header), json!({"alg": "RS256", "typ": "JWT", "kid": "0123456789ab"}));
    let wanted = json!({
        "iss": "svc@acme.iam.gserviceaccount.example",
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "aud": "https://oauth2.googleapis.com/token",
        "iat": 1_700_000_000,
        "exp": 1_700_003_600,
    });
    assert_eq!(decoded(claims), wanted);
    let form = ServiceAccount::form("a.b", &[0xfb, 0xff]);
    assert_eq!(form, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b.-_8");
}

#[test]
fn the_account_says_where_it_signs_in() {
    let usual = ServiceAccount::read(&file(|_| {})).expect("a whole key");
    assert_eq!(usual.endpoint(), (true, "oauth2.googleapis.com".to_owned(), "/token".to_owned()));
    let own = file(|file| file["token_uri"] = json!("http://sts.example:8080/o/token?x=1"));
    let own = ServiceAccount::read(&own).expect("a whole key");
    assert_eq!(own.endpoint(), (false, "sts.example:8080".to_owned(), "/o/token?x=1".to_owned()));
}

#[test]
fn what_is_wrong_with_a_key_is_said_without_it() {
    let text = "{\"private_key\": \"hunter2";
    let said = ServiceAccount::read(&Secret::new(text)).expect_err("no JSON");
    assert_eq!(said, "it is no service account's JSON key");
    let said = |change: fn(&mut Value)| ServiceAccount::read(&file(change)).expect_err("a broken key");
    assert!(said(|file| file["client_email"] = json!("")).contains("client_email"));
    assert!(said(|file| file["private_key"] = Value::Null).contains("no service account"));
    assert!(said(|file| file["private_key"] = json!("hunter2")).contains("PEM"));
    assert!(said(|file| file["token_uri"] = json!("https://a b/")).contains("token_uri"));
}

#[test]
fn an_account_shows_its_address_and_no_key() {
    let account = ServiceAccount::read(&file(|_| {})).expect("a whole key");
    assert_eq!(account.masked(), "svc@acme.iam.gserviceaccount.example…89ab");
    let shown = format!("{account:?}");
    assert!(shown.contains("svc@acme") && !shown.contains("MAA") && !shown.contains("01234567"), "{shown}");
}

#[test]
fn an_answer_is_a_token_a_fact_about_the_account_or_a_guess() {
    let read = |status, body: &str| AccessToken::read(status, body.as_bytes());
    let token = read(200, r#"{"access_token": "ya29.abc", "expires_in": 3599}"#).expect("a token");
    assert_eq!((token.token.expose(), token.life.as_secs()), ("ya29.abc", 3599));
    let token = read(200, r#"{"access_token": "ya29.abc", "expires_in": "120"}"#).expect("a token");
    assert_eq!(token.life.as_secs(), 120);
    assert_eq!(read(200, r#"{"access_token": "ya29.abc"}"#).expect("a token").life.as_secs(), 3600);
    let class = |status, body| read(status, body).expect_err("no token").class;
    assert_eq!(class(400, r#"{"error": "invalid_grant"}"#), Class::InvalidCredential);
    assert_eq!(class(401, r#"{"error": "invalid_client"}"#), Class::InvalidCredential);
    assert_eq!(class(429, ""), Class::RateLimited);
    for (status, body) in [(200, "<html>"), (200, r#"{"access_token": ""}"#), (503, ""), (302, ""), (408, "")] {
        assert!(class(status, body).is_guess(), "{status} {body}");
    }
}

#[test]
fn a_token_is_renewed_before_it_ends() {
    let after = |life, ahead| {
        let token = AccessToken { token: Secret::new("ya29.abc"), life: Duration::from_secs(life) };
        token.renewed_after(Duration::from_secs(ahead)).as_millis()
    };
    assert_eq!(after(3600, 60), 3_540_000);
    assert_eq!(after(61, 60), 1000);
    assert_eq!((after(60, 60), after(31, 60)), (30_000, 15_500), "one that lives so short would be renewed for ever");
}

#[test]
fn of_a_refusal_only_its_word_is_told() {
    assert_eq!(refusal(br#"{"error": "invalid_grant", "error_description": "x"}"#).as_deref(), Some("invalid_grant"));
    for body in [r#"{"error": "Invalid JWT eyJ.abc"}"#, r#"{"error": {"code": 3}}"#, "<html>"] {
        assert_eq!(refusal(body.as_bytes()), None, "{body}");
    }
}
