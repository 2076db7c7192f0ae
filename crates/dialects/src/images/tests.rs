use claviger_types::Operation;
use serde_json::{Value, json};

use std::sync::Arc;

use super::*;
use crate::GeminiSettings;
use crate::settings::Settings;

fn translation(provider: Protocol, asked: Operation, settings: Settings) -> Translation {
    let mut context = Context { now: 9, ..Context::default() };
    context.profile.settings = settings;
    Translation::new(Protocol::OpenAiChat, provider, asked, context).unwrap()
}

fn vertex() -> Settings {
    Settings::Gemini(Arc::new(GeminiSettings { is_vertex: true, ..GeminiSettings::default() }))
}

fn sent(provider: Protocol, asked: Operation, settings: Settings, body: &Value) -> Result<(Value, Outgoing), Refused> {
    let out = translation(provider, asked, settings).request(body.to_string().as_bytes(), None)?;
    Ok((serde_json::from_slice(&out.body).unwrap(), out))
}

fn drawn(provider: Protocol, body: &Value) -> Result<(Value, Outgoing), Refused> {
    sent(provider, Operation::ImageGeneration, Settings::None, body)
}

fn answered(provider: Protocol, body: &str) -> (u16, Value) {
    let reply = translation(provider, Operation::ImageGeneration, Settings::None).answer(200, body.as_bytes());
    (reply.status, serde_json::from_slice(&reply.body).unwrap())
}

#[test]
fn amazon_draws_in_the_size_and_number_asked_for() {
    let base = |extra: Value| {
        let mut body = json!({ "model": "amazon.nova-canvas-v1:0", "prompt": "A reef" });
        extra.as_object().unwrap().iter().for_each(|(key, value)| body[key] = value.clone());
        drawn(Protocol::Bedrock, &body)
    };
    let asked = json!({ "size": "512x768", "quality": "hd", "style": "vivid", "response_format": "url" });
    let (body, out) = base(asked).unwrap();
    let want = json!({ "width": 512, "height": 768, "quality": "premium", "numberOfImages": 1 });
    assert_eq!((&body["imageGenerationConfig"], out.dropped.to_string().as_str()), (&want, "response_format, style"));
    assert_eq!(base(json!({ "size": "big" })).unwrap_err().param, Some("size"));
    assert_eq!(base(json!({ "n": 9 })).unwrap_err().param, Some("n"));
    assert_eq!(base(json!({ "prompt": " " })).unwrap_err().param, Some("prompt"));
    assert_eq!(drawn(Protocol::Bedrock, &json!({ "prompt": "a" })).unwrap_err().param, Some("model"));
}

#[test]
fn pictures_held_back_by_the_filter_are_a_refusal() {
    let (status, body) = answered(Protocol::Bedrock, r#"{"images":[],"error":"blocked"}"#);
    assert_eq!((status, &body["error"]["message"]), (400, &json!("blocked")));
    let (status, body) = answered(Protocol::Bedrock, r#"{"images":["AA"],"error":"some blocked"}"#);
    assert_eq!((status, body), (200, json!({ "created": 9, "data": [{ "b64_json": "AA" }] })));
    let (status, body) = answered(Protocol::Bedrock, r#"{"seeds":[1],"finish_reasons":["Filter reason: prompt"]}"#);
    assert_eq!((status, &body["error"]["message"]), (400, &json!("Filter reason: prompt")));
    let (status, body) = answered(Protocol::Gemini, r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#);
    assert_eq!((status, &body["error"]["code"]), (400, &json!("content_policy_violation")));
    let told = r#"{"candidates":[{"content":{"parts":[{"text":"I cannot."}]},"finishReason":"STOP"}]}"#;
    assert_eq!(answered(Protocol::Gemini, told).1["error"]["message"], "I cannot.");
    assert_eq!(answered(Protocol::Gemini, r#"{"predictions":[]}"#).0, 400);
    assert_eq!(answered(Protocol::Bedrock, "{}").0, 502);
    let limited =
        translation(Protocol::Bedrock, Operation::ImageEdit, Settings::None).answer(429, br#"{"message":"slow"}"#);
    assert_eq!(limited.status, 429);
}

#[test]
fn stabilitys_models_are_told_the_shape_and_know_no_number() {
    let asked =
        json!({ "model": "us.stability.sd3-5-large-v1:0", "prompt": "A quay", "n": 2, "size": "1920x1080", "seed": 4 });
    let (body, out) = drawn(Protocol::Bedrock, &asked).unwrap();
    assert_eq!(body, json!({ "prompt": "A quay", "mode": "text-to-image", "aspect_ratio": "16:9", "seed": 4 }));
    assert_eq!(out.dropped.to_string(), "n");
    let edit =
        json!({ "model": "stability.sd3-5-large-v1:0", "prompt": "Night", "image": "data:image/png;base64,AAAA" });
    let (body, _) = sent(Protocol::Bedrock, Operation::ImageEdit, Settings::None, &edit).unwrap();
    assert_eq!((&body["mode"], &body["image"]), (&json!("image-to-image"), &json!("AAAA")));
}

#[test]
fn a_mask_is_refused_and_not_forgotten() {
    let body = json!({ "model": "m", "prompt": "a", "image": "data:image/png;base64,AAAA", "mask": "data:image/png;base64,AAAA" });
    for provider in [Protocol::Gemini, Protocol::Bedrock, Protocol::Qwen] {
        let refused = sent(provider, Operation::ImageEdit, Settings::None, &body).unwrap_err();
        assert_eq!(refused.param, Some("mask"));
    }
}

#[test]
fn gemini_models_draw_in_a_conversation_and_imagen_predicts() {
    let (body, out) =
        drawn(Protocol::Gemini, &json!({ "model": "gemini-2.5-flash-image", "prompt": "A quay", "n": 2 })).unwrap();
    let want = json!({
        "contents": [{ "role": "user", "parts": [{ "text": "A quay" }] }],
        "generationConfig": { "responseModalities": ["TEXT", "IMAGE"] },
    });
    assert_eq!((out.operation, body), (Operation::GeminiGenerateContent, want));
    assert_eq!(out.dropped.to_string(), "n");
    let asked =
        json!({ "model": "imagen-4.0-generate-001", "prompt": "A quay", "size": "1792x1024", "output_format": "jpeg" });
    let (body, out) = drawn(Protocol::Gemini, &asked).unwrap();
    let parameters = json!({ "sampleCount": 1, "aspectRatio": "16:9", "outputMimeType": "image/jpeg" });
    assert_eq!(body, json!({ "instances": [{ "prompt": "A quay" }], "parameters": parameters }));
    assert_eq!(out.operation, Operation::ImageGeneration);
}

#[test]
fn vertex_is_always_told_shape_and_form() {
    let config = |extra: Value| {
        let mut body = json!({ "model": "gemini-2.5-flash-image", "prompt": "A quay" });
        extra.as_object().unwrap().iter().for_each(|(key, value)| body[key] = value.clone());
        let (body, _) = sent(Protocol::Gemini, Operation::ImageGeneration, vertex(), &body).unwrap();
        body["generationConfig"]["imageConfig"].clone()
    };
    let usual = config(json!({}));
    assert_eq!((&usual["aspectRatio"], &usual["imageSize"]), (&json!("1:1"), &json!("1K")));
    assert_eq!(usual["imageOutputOptions"], json!({ "mimeType": "image/png" }));
    let tall = config(json!({ "size": "1024x1792", "output_format": "jpeg", "output_compression": 80 }));
    assert_eq!((&tall["aspectRatio"], &tall["imageSize"]), (&json!("9:16"), &json!("2K")));
    assert_eq!(tall["imageOutputOptions"], json!({ "mimeType": "image/jpeg", "compressionQuality": 80 }));
    for (size, ratio, class) in
        [("auto", "1:1", "1K"), ("800x600", "4:3", "1K"), ("4096x4096", "1:1", "4K"), ("2560x1080", "21:9", "2K")]
    {
        let config = config(json!({ "size": size }));
        assert_eq!((&config["aspectRatio"], &config["imageSize"]), (&json!(ratio), &json!(class)), "{size}");
    }
}

#[test]
fn pictures_are_read_from_every_place_where_callers_put_them() {
    let data = "data:image/webp;base64,AAAA";
    for pictures in [
        json!({ "image": data }),
        json!({ "image": [data] }),
        json!({ "image": { "url": data } }),
        json!({ "images": [{ "image_url": data }] }),
        json!({ "images": [{ "image_url": { "url": data } }] }),
        json!({ "image_url": data }),
    ] {
        let mut body = json!({ "model": "gemini-2.5-flash-image", "prompt": "a" });
        pictures.as_object().unwrap().iter().for_each(|(key, value)| body[key] = value.clone());
        let (body, _) = sent(Protocol::Gemini, Operation::ImageEdit, Settings::None, &body).unwrap();
        let want = json!({ "inlineData": { "mimeType": "image/webp", "data": "AAAA" } });
        assert_eq!(body["contents"][0]["parts"][0], want, "{pictures}");
    }
    let asked = |image: Value| {
        let body = json!({ "model": "gemini-2.5-flash-image", "prompt": "a", "image": image });
        sent(Protocol::Gemini, Operation::ImageEdit, Settings::None, &body)
    };
    let (body, _) = asked(json!("https://x.test/a.jpg")).unwrap();
    let want = json!({ "fileData": { "mimeType": "image/jpeg", "fileUri": "https://x.test/a.jpg" } });
    assert_eq!(body["contents"][0]["parts"][0], want);
    let (body, _) = asked(json!("/9j/AAAA")).unwrap();
    assert_eq!(body["contents"][0]["parts"][0]["inlineData"]["mimeType"], "image/jpeg");
    for wrong in [json!({ "file_id": "file-1" }), json!("?!"), json!([])] {
        assert_eq!(asked(wrong).unwrap_err().param, Some("image"));
    }
}

#[test]
fn a_form_is_read_like_json() {
    let part =
        |name: &str, value: &str| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let file = "--b\r\nContent-Disposition: form-data; name=\"image[0]\"; filename=\"a\"\r\n\r\n\u{7f}bytes\r\n";
    let form = [
        &part("model", "gemini-2.5-flash-image"),
        &part("prompt", "Add a gull"),
        &part("n", "1"),
        file,
        &part("background", "auto"),
        "--b--\r\n",
    ]
    .map(str::to_owned)
    .concat();
    let mut translation = translation(Protocol::Gemini, Operation::ImageEdit, vertex());
    let out = translation.request(form.as_bytes(), Some("b")).unwrap();
    let body: Value = serde_json::from_slice(&out.body).unwrap();
    let parts = &body["contents"][0]["parts"];
    assert_eq!(parts[0], json!({ "inlineData": { "mimeType": "image/png", "data": "f2J5dGVz" } }));
    assert_eq!((&parts[1], out.dropped.to_string().as_str()), (&json!({ "text": "Add a gull" }), "background"));
    let refused = |form: &str| translation.clone().request(form.as_bytes(), Some("b")).unwrap_err();
    assert!(refused("--b\r\n").message.contains("form"));
    assert_eq!(refused(&[part("model", "m"), part("prompt", "a"), "--b--".to_owned()].concat()).param, Some("image"));
}

#[test]
fn a_stream_tells_of_each_picture_once() {
    let mut translation = translation(Protocol::Gemini, Operation::ImageGeneration, Settings::None);
    translation.request(br#"{"model":"imagen-4","prompt":"a","n":2,"stream":true}"#, None).unwrap();
    assert!(translation.wants_stream());
    let reply =
        translation.answer(200, br#"{"predictions":[{"bytesBase64Encoded":"AA"},{"bytesBase64Encoded":"BB"}]}"#);
    let text = String::from_utf8(reply.body.to_vec()).unwrap();
    assert_eq!(text.matches("event: image_generation.completed\ndata: {").count(), 2);
    assert!(text.ends_with("\n\n"));
}

#[test]
fn qwen_draws_at_addresses() {
    let asked = json!({ "model": "qwen-image", "prompt": "A quay", "size": "1328x1328", "n": 2 });
    let (body, _) = drawn(Protocol::Qwen, &asked).unwrap();
    assert_eq!(body["parameters"], json!({ "n": 2, "size": "1328*1328" }));
    let told = r#"{"output":{"choices":[{"message":{"content":[{"image":"https://x.test/a.png"}]}}]}}"#;
    assert_eq!(answered(Protocol::Qwen, told).1["data"], json!([{ "url": "https://x.test/a.png" }]));
}
