//! Google's Gemini API: contents, whole and streamed, token counts, embeddings, models (ai.google.dev/api, 2026-11).

use serde_json::{Value, json};

use super::{
    Answer, Call,
    call::Action,
    embeddings::vector,
    text,
    turn::{self, Asked, Choice, Said, Tool, list, string},
};

/// The models `GET /v1beta/models` lists; any other name is served too, except `no-such…`.
const MODELS: &[&str] = &["gemini-2.5-flash", "gemini-2.5-pro", "gemini-embedding-001"];

pub(crate) fn gemini(call: &Call, action: Action) -> Answer {
    match action {
        Action::Generate | Action::Stream => generate(call),
        Action::CountTokens => {
            let inner = at(&call.json, "generateContentRequest");
            let request = if inner.is_object() { inner } else { &call.json };
            Answer::json(&json!({ "totalTokens": prompt(request) }))
        }
        Action::Embed => Answer::json(&json!({ "embedding": embedding(&call.json) })),
        Action::BatchEmbed => {
            let vectors: Vec<Value> = list(&call.json["requests"]).map(embedding).collect();
            Answer::json(&json!({ "embeddings": vectors }))
        }
        Action::ListModels => {
            let card = |id: &&str| {
                json!({
                    "name": format!("models/{id}"), "version": "001", "displayName": id, "inputTokenLimit": 1_048_576,
                    "outputTokenLimit": 65_536, "supportedGenerationMethods": ["generateContent", "countTokens"],
                })
            };
            Answer::json(&json!({ "models": MODELS.iter().map(card).collect::<Vec<_>>() }))
        }
    }
}

/// The vector of a request's text: the same that OpenAI's embeddings give for it here.
fn embedding(request: &Value) -> Value {
    let size = at(request, "outputDimensionality").as_u64().and_then(|size| usize::try_from(size).ok()).unwrap_or(8);
    let said: Vec<String> = list(&request["content"]["parts"]).map(|part| string(&part["text"])).collect();
    json!({ "values": vector(&said.join(" ").into(), size.clamp(1, 4096)) })
}

/// A field by its name in either spelling: the API takes `mimeType` and `mime_type`.
fn at<'a>(value: &'a Value, name: &str) -> &'a Value {
    let snake = || {
        let spelled = name.chars().flat_map(|sign| sign.is_ascii_uppercase().then_some('_').into_iter().chain([sign]));
        &value[spelled.collect::<String>().to_ascii_lowercase()]
    };
    value.get(name).unwrap_or_else(snake)
}

/// How many tokens the contents count as: their words.
fn prompt(request: &Value) -> usize {
    let parts = list(&request["contents"]).flat_map(|content| list(&content["parts"]));
    let parts = parts.chain(list(&at(request, "systemInstruction")["parts"]));
    parts.map(|part| text::count(&string(&part["text"]))).sum::<usize>().max(1)
}

fn generate(call: &Call) -> Answer {
    let request = &call.json;
    let asked = asked(request);
    let said = turn::play(&asked, call.words);
    let prompt = prompt(request);
    let (output, thoughts) = turn::counts(&said);
    let mut usage = json!({
        "promptTokenCount": prompt, "candidatesTokenCount": output - thoughts, "totalTokenCount": prompt + output,
        "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": prompt }],
    });
    if thoughts > 0 {
        usage["thoughtsTokenCount"] = thoughts.into();
    }
    let cached = turn::cached(&asked, prompt);
    if cached > 0 {
        usage["cachedContentTokenCount"] = cached.into();
    }
    let event = |parts: Vec<Value>, finish: Option<&str>| {
        let mut candidate = json!({ "content": { "parts": parts, "role": "model" }, "index": 0 });
        if let Some(finish) = finish {
            candidate["finishReason"] = finish.into();
        }
        json!({
            "candidates": [candidate], "usageMetadata": usage, "modelVersion": call.model_or("unknown"),
            "responseId": format!("{:016x}", call.digest()),
        })
    };
    if !call.streams() {
        return Answer::json(&event(parts(&said, false), Some("STOP")));
    }
    let mut parts = parts(&said, true);
    let last = parts.pop().unwrap_or(Value::Null);
    let mut events: Vec<Value> = parts.into_iter().map(|part| event(vec![part], None)).collect();
    events.push(event(vec![last], Some("STOP")));
    Answer::events(call.framing().unnamed(&events), call.framing())
}

/// What is said, as parts. The part after a thought carries its seal ("Thought signatures", 2026-11).
fn parts(said: &[Said], in_pieces: bool) -> Vec<Value> {
    let mut parts = Vec::new();
    let mut seal = None;
    for said in said {
        let at = parts.len();
        match said {
            Said::Thought(thought) => {
                let pieces = if in_pieces { text::pieces(thought) } else { vec![thought.as_str()] };
                parts.extend(pieces.into_iter().map(|piece| json!({ "text": piece, "thought": true })));
                seal = Some(turn::seal(thought));
                continue;
            }
            Said::Text(said) if in_pieces => {
                parts.extend(text::pieces(said).into_iter().map(|piece| json!({ "text": piece })));
            }
            Said::Text(said) => parts.push(json!({ "text": said })),
            Said::Call { name, input } => parts.push(json!({ "functionCall": { "name": name, "args": input } })),
        }
        if let (Some(seal), Some(part)) = (seal.take(), parts.get_mut(at)) {
            part["thoughtSignature"] = seal.into();
        }
    }
    parts
}

fn asked(request: &Value) -> Asked {
    let contents: Vec<&Value> = list(&request["contents"]).collect();
    let config = at(request, "generationConfig");
    let is_user = |content: &&&Value| content["role"] != "model";
    let has_text = |content: &&&Value| list(&content["parts"]).any(|part| part["text"].is_string());
    let spoke = contents.iter().rev().filter(is_user).find(has_text);
    let said = spoke.map(|content| &content["parts"]).unwrap_or(&Value::Null);
    let texts: Vec<String> = list(said).filter_map(|part| part["text"].as_str().map(str::to_owned)).collect();
    let calling = at(at(request, "toolConfig"), "functionCallingConfig");
    let schema = ["responseSchema", "responseJsonSchema"].into_iter().map(|name| at(config, name));
    let schema = schema.into_iter().find(|schema| schema.is_object()).cloned();
    Asked {
        text: texts.join(" "),
        media: list(said).filter_map(media).collect(),
        results: results(&contents),
        tools: list(&request["tools"]).flat_map(|tool| list(at(tool, "functionDeclarations"))).map(tool).collect(),
        choice: match (&calling["mode"], &at(calling, "allowedFunctionNames")[0]) {
            (mode, _) if mode == "NONE" => Choice::None,
            (_, Value::String(name)) => Choice::Named(name.clone()),
            _ => Choice::Free,
        },
        json_object: schema.is_none() && at(config, "responseMimeType") == "application/json",
        schema,
        thinks: at(at(config, "thinkingConfig"), "includeThoughts") == true,
        remembers: contents.iter().any(|content| remembers(content)),
    }
}

fn tool(declared: &Value) -> Tool {
    let schema = ["parametersJsonSchema", "parameters"].into_iter().map(|name| at(declared, name));
    let schema = schema.into_iter().find(|schema| schema.is_object()).cloned().unwrap_or_else(|| json!({}));
    Tool { name: string(&declared["name"]), schema }
}

fn media(part: &Value) -> Option<String> {
    let (inline, file) = (at(part, "inlineData"), at(part, "fileData"));
    let place = || at(file, "fileUri").is_string().then(|| turn::link(at(file, "fileUri")));
    if inline.is_object() { Some(turn::blob(at(inline, "mimeType"), &inline["data"])) } else { place() }
}

/// What functions gave, if that came last.
fn results(contents: &[&Value]) -> Vec<(String, String)> {
    let Some(last) = contents.last() else { return Vec::new() };
    let given = list(&last["parts"]).map(|part| at(part, "functionResponse")).filter(|given| given.is_object());
    let mut results: Vec<(String, String)> = given
        .map(|given| {
            let response = &given["response"];
            let told = ["output", "result", "error"].into_iter().find_map(|name| response[name].as_str());
            let mut told = told.map_or_else(|| response.to_string(), str::to_owned);
            for seen in list(&given["parts"]).filter_map(media) {
                told.push_str(&format!(" and {seen}"));
            }
            (string(&given["name"]), told)
        })
        .collect();
    // older models have no place for pictures in a response: they follow
    let speaks = list(&last["parts"]).any(|part| part["text"].is_string());
    if let Some((_, told)) = results.last_mut().filter(|_| !speaks) {
        list(&last["parts"]).filter_map(media).for_each(|seen| told.push_str(&format!(" and {seen}")));
    }
    results
}

/// Whether a part of the model's carries a seal that was made here, whatever the thought.
fn remembers(content: &Value) -> bool {
    content["role"] == "model" && list(&content["parts"]).any(|part| turn::is_any_seal(at(part, "thoughtSignature")))
}
