//! The smallest instance of a JSON schema, for structured output and tool arguments.

use serde_json::{Map, Value, json};

/// Deeper than this, arrays are empty and `null` is chosen where allowed, so that recursive schemas end.
const DEEP: usize = 8;
/// Deeper than this nothing is read any more.
const BOTTOM: usize = 64;

/// An instance of `schema`: required properties only, strings `x`, numbers 1, booleans true, arrays of one, the first
/// of an enum. Understands what strict structured output allows: `$ref` into the schema, `anyOf`, `allOf`, bounds.
/// Google's upper-case names of types are the same types.
pub(crate) fn instance(schema: &Value) -> Value {
    build(schema, schema, 0)
}

fn build(schema: &Value, root: &Value, depth: usize) -> Value {
    if depth > BOTTOM {
        return Value::Null;
    }
    if let Some(target) = schema["$ref"].as_str() {
        let target = root.pointer(target.trim_start_matches('#')).cloned().unwrap_or(Value::Null);
        return build(&target, root, depth + 1);
    }
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    for choice in ["anyOf", "oneOf", "allOf"] {
        if let Some(choices) = schema[choice].as_array().filter(|choices| !choices.is_empty()) {
            let null = choices.iter().find(|choice| depth > DEEP && choice["type"] == "null");
            return build(null.unwrap_or(&choices[0]), root, depth + 1);
        }
    }
    match kind(schema, depth).to_ascii_lowercase().as_str() {
        "object" => object(schema, root, depth),
        "array" => {
            let least = size(schema, "minItems").unwrap_or(1).max(1);
            let least = if depth > DEEP { size(schema, "minItems").unwrap_or(0) } else { least };
            (0..least).map(|_| build(&schema["items"], root, depth + 1)).collect()
        }
        "string" => Value::String("x".repeat(size(schema, "minLength").unwrap_or(1).max(1))),
        "integer" | "number" => number(schema),
        "boolean" => Value::Bool(true),
        _ => Value::Null,
    }
}

/// The type to build: the first that is not null, null only when deep or alone.
fn kind(schema: &Value, depth: usize) -> &str {
    match &schema["type"] {
        Value::String(kind) => kind,
        Value::Array(kinds) => {
            let kinds: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
            if depth > DEEP && kinds.contains(&"null") {
                return "null";
            }
            kinds.iter().find(|kind| **kind != "null").or(kinds.first()).copied().unwrap_or("null")
        }
        _ if schema["properties"].is_object() => "object",
        _ if schema["items"].is_object() => "array",
        _ if depth == 0 => "object",
        _ => "string",
    }
}

fn object(schema: &Value, root: &Value, depth: usize) -> Value {
    let mut made = Map::new();
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        made.insert(name.to_owned(), build(&schema["properties"][name], root, depth + 1));
    }
    Value::Object(made)
}

/// Never more than a handful: a schema may ask for any number.
fn size(schema: &Value, name: &str) -> Option<usize> {
    schema[name].as_u64().and_then(|size| usize::try_from(size).ok()).map(|size| size.min(1000))
}

fn number(schema: &Value) -> Value {
    let at_least = schema["minimum"].as_i64().filter(|least| *least > 1);
    let above = schema["exclusiveMinimum"].as_i64().filter(|least| *least >= 1).map(|least| least + 1);
    let at_most = schema["maximum"].as_i64().filter(|most| *most < 1);
    json!(at_least.or(above).or(at_most).unwrap_or(1))
}
