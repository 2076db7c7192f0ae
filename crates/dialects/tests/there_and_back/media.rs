//! What is no conversation: vectors, rankings, pictures.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claviger_dialects::{Context, Protocol, Translation, embeddings, images, rerank};
use claviger_types::Operation;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::chat::text;

fn parse(body: &[u8]) -> Value {
    serde_json::from_slice(body).expect("JSON")
}

fn context() -> Context {
    Context { named_model: Some("m".to_owned()), model: Some("m".to_owned()), ..Context::default() }
}

fn embedder(caller: Protocol, provider: Protocol) -> embeddings::Translation {
    embeddings::Translation::new(caller, provider, context()).expect("both embed")
}

fn vectors() -> impl Strategy<Value = Vec<Vec<f32>>> {
    prop::collection::vec(prop::collection::vec(-1.0e3_f32..1.0e3, 1..5), 1..5)
}

proptest! {
    #[test]
    fn what_is_to_be_embedded_goes_to_gemini_and_back(
        inputs in prop::collection::vec(text(), 1..5), length in prop::option::of(1..4096_u32),
    ) {
        let mut asked = json!({ "model": "m", "input": inputs, "encoding_format": "float" });
        if let Some(length) = length {
            asked["dimensions"] = length.into();
        }
        let forth = embedder(Protocol::OpenAiChat, Protocol::Gemini).request(asked.to_string().as_bytes()).expect("forth");
        prop_assert!(forth.dropped.is_empty());
        let back = embedder(Protocol::Gemini, Protocol::OpenAiChat).request(&forth.body).expect("back");
        prop_assert!(back.dropped.is_empty(), "{}", back.dropped);
        let mut came = parse(&back.body);
        came["encoding_format"] = json!("float");
        prop_assert_eq!(came, asked);
    }

    #[test]
    fn vectors_keep_their_numbers_and_their_order_in_either_form(vectors in vectors(), packed in any::<bool>()) {
        let format = if packed { "base64" } else { "float" };
        let asked = json!({ "model": "m", "input": vec!["a"; vectors.len()], "encoding_format": format });
        let mut forth = embedder(Protocol::OpenAiChat, Protocol::Gemini);
        forth.request(asked.to_string().as_bytes()).expect("a request");
        let values: Vec<_> = vectors.iter().map(|values| json!({ "values": values })).collect();
        let googles = json!({ "embeddings": values }).to_string();
        let openais = forth.answer(200, googles.as_bytes());
        for (entry, wanted) in parse(&openais.body)["data"].as_array().expect("a list").iter().zip(&vectors) {
            let numbers: Vec<f32> = match entry["embedding"].as_str() {
                Some(text) => {
                    let bytes = STANDARD.decode(text).expect("base64");
                    bytes.as_chunks::<4>().0.iter().map(|quad| f32::from_le_bytes(*quad)).collect()
                }
                None => serde_json::from_value(entry["embedding"].clone()).expect("numbers"),
            };
            prop_assert_eq!(&numbers, wanted);
        }
        let mut back = embedder(Protocol::Gemini, Protocol::OpenAiChat);
        let list = vec![json!({ "content": { "parts": [{ "text": "a" }] } }); vectors.len()];
        back.request(json!({ "requests": list }).to_string().as_bytes()).expect("a request");
        let came = parse(&back.answer(200, &openais.body).body);
        let came: Vec<Vec<f32>> = came["embeddings"].as_array().expect("a list").iter()
            .map(|entry| serde_json::from_value(entry["values"].clone()).expect("numbers")).collect();
        prop_assert_eq!(came, vectors);
    }

    #[test]
    fn rankings_keep_their_order_and_their_scores_whoever_made_them(
        scores in prop::collection::vec(0.0..1.0_f64, 1..6), texts in prop::collection::vec(text(), 6),
    ) {
        let documents = &texts[..scores.len()];
        let asked = json!({ "model": "m", "query": "q", "documents": documents, "return_documents": true }).to_string();
        let results: Vec<_> = scores.iter().enumerate().rev()
            .map(|(at, score)| json!({ "index": at, "relevance_score": score })).collect();
        for protocol in Protocol::ALL.iter().filter(|protocol| protocol.rerank().is_some()) {
            let mut ranker = rerank::Translation::new(Protocol::OpenAiChat, *protocol, context()).expect("it ranks");
            let out = ranker.request(asked.as_bytes()).expect("a request");
            // a document can hold any text: the body must still be one value
            parse(&out.body);
            let answer = match protocol {
                Protocol::Qwen => json!({ "output": { "results": results } }),
                _ => json!({ "results": results }),
            };
            let told = parse(&ranker.answer(200, answer.to_string().as_bytes()).body);
            for (told, wanted) in told["results"].as_array().expect("a list").iter().zip(&results) {
                prop_assert_eq!(&told["index"], &wanted["index"]);
                prop_assert_eq!(told["relevance_score"].as_f64(), wanted["relevance_score"].as_f64());
                let at = usize::try_from(told["index"].as_u64().expect("a number")).expect("small");
                prop_assert!(told["document"].to_string().contains(&Value::from(documents[at].as_str()).to_string()));
            }
        }
    }

    #[test]
    fn pictures_keep_their_bytes_and_their_order(prompt in "[a-z]{1,20}", pictures in prop::collection::vec("[A-Za-z0-9]{4}", 1..4)) {
        let operation = Operation::ImageGeneration;
        let mut artist =
            images::Translation::new(Protocol::OpenAiChat, Protocol::Gemini, operation, context()).expect("it draws");
        let asked = json!({ "model": "m", "prompt": prompt }).to_string();
        let out = artist.request(asked.as_bytes(), None).expect("a request");
        prop_assert_eq!(&parse(&out.body)["contents"][0]["parts"][0]["text"], &Value::from(prompt));
        let parts: Vec<_> = pictures.iter()
            .map(|data| json!({ "inlineData": { "mimeType": "image/png", "data": data } })).collect();
        let drawn = json!({ "candidates": [{ "content": { "parts": parts } }] }).to_string();
        let told = parse(&artist.answer(200, drawn.as_bytes()).body);
        let told: Vec<_> = told["data"].as_array().expect("a list").iter().map(|entry| entry["b64_json"].clone()).collect();
        prop_assert_eq!(told, pictures.into_iter().map(Value::from).collect::<Vec<_>>());
    }
}

/// What a tool shows the model, in the words of callers who can say it.
fn shown() -> [(Protocol, Value); 3] {
    let data = "aW1hZ2U=";
    let url = format!("data:image/png;base64,{data}");
    let source = json!({ "type": "base64", "media_type": "image/png", "data": data });
    let anthropics = json!({ "model": "m", "max_tokens": 9, "tools": [{ "name": "f", "input_schema": { "type": "object" } }],
        "messages": [
            { "role": "user", "content": "Look" },
            { "role": "assistant", "content": [{ "type": "tool_use", "id": "c", "name": "f", "input": {} }] },
            { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "c", "content": [
                { "type": "text", "text": "seen" }, { "type": "image", "source": source }] }] },
        ] });
    let responses = json!({ "model": "m", "store": false, "tools": [{ "type": "function", "name": "f", "parameters": { "type": "object" } }],
        "input": [
            { "role": "user", "content": "Look" },
            { "type": "function_call", "call_id": "c", "name": "f", "arguments": "{}" },
            { "type": "function_call_output", "call_id": "c", "output": [
                { "type": "input_text", "text": "seen" }, { "type": "input_image", "image_url": url }] },
        ] });
    let blob = json!({ "inlineData": { "mimeType": "image/png", "data": data } });
    let geminis = json!({ "tools": [{ "functionDeclarations": [{ "name": "f" }] }],
        "contents": [
            { "role": "user", "parts": [{ "text": "Look" }] },
            { "role": "model", "parts": [{ "functionCall": { "name": "f", "args": {} } }] },
            { "role": "user", "parts": [{ "functionResponse": { "name": "f", "response": { "output": "seen" }, "parts": [blob] } }] },
        ] });
    [(Protocol::Anthropic, anthropics), (Protocol::OpenAiResponses, responses), (Protocol::Gemini, geminis)]
}

#[test]
fn a_picture_that_a_tool_gave_arrives_or_is_named_as_dropped() {
    let mut lost = Vec::new();
    for (caller, asked) in shown() {
        for &provider in Protocol::ALL {
            let Some(mut translation) = Translation::new(caller, provider, context()) else { continue };
            let Ok(out) = translation.request(asked.to_string().as_bytes()) else { continue };
            let (sent, dropped) = (String::from_utf8_lossy(&out.body).into_owned(), out.dropped.to_string());
            // those that take one question alone name what stood before it
            let is_named = ["messages.image", "messages.tool_call_id", "messages.tool_result"]
                .iter()
                .any(|name| dropped.split(", ").any(|word| word == *name));
            if !sent.contains("aW1hZ2U=") && !is_named {
                lost.push(format!("{} to {}: {sent}, dropped: {dropped}", caller.name(), provider.name()));
            }
        }
    }
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}
