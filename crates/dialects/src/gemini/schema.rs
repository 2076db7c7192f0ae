//! Schemas: Google's form, a subset of OpenAPI 3.0, and JSON schema.
//!
//! Google takes both, in fields of different names ("Schema", "Structured output", 2026-11). What fits its own form goes
//! there, as older models want it; everything else goes as JSON schema. Other vendors take JSON schema alone.

use serde_json::value::RawValue;

use crate::json::{List, Object, record};
use crate::model::Extra;
use crate::text::Text;

record! {
    /// An object's fields, all of them.
    struct Members<'a> {}
}

fn fields(raw: &RawValue) -> Option<Vec<Extra<'_>>> {
    Some(serde_json::from_str::<Members<'_>>(raw.get()).ok()?.unknown)
}

fn text(raw: &RawValue) -> Option<Text<'_>> {
    serde_json::from_str(raw.get()).ok()
}

fn elements(raw: &RawValue) -> Vec<&RawValue> {
    serde_json::from_str(raw.get()).unwrap_or_default()
}

/// Deeper schemas are left as they are.
const MAX_DEPTH: u32 = 24;

/// Whether a JSON schema is one in Google's form too.
pub(super) fn is_googles(schema: &RawValue) -> bool {
    has_form(schema, MAX_DEPTH)
}

fn has_form(schema: &RawValue, depth: u32) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    let Some(fields) = fields(schema) else { return false };
    let find = |name: &str| fields.iter().find(|field| field.name.as_str() == name).map(|field| field.value);
    let kind = find("type").and_then(text).map(|kind| kind.to_ascii_lowercase()).unwrap_or_default();
    let has_shape = match kind.as_str() {
        "object" => find("properties").and_then(self::fields).is_some_and(|properties| !properties.is_empty()),
        "array" => find("items").is_some(),
        "string" | "number" | "integer" | "boolean" => true,
        "" => find("type").is_none() && find("anyOf").is_some(),
        _ => false,
    };
    has_shape && fields.iter().all(|field| fits(field, &kind, depth))
}

fn fits(field: &Extra<'_>, kind: &str, depth: u32) -> bool {
    match field.name.as_str() {
        "type" | "title" | "description" | "nullable" | "required" | "default" | "example" | "propertyOrdering"
        | "minimum" | "maximum" | "minItems" | "maxItems" | "minLength" | "maxLength" | "pattern" | "minProperties"
        | "maxProperties" => true,
        "format" => matches!(
            (kind, text(field.value).as_deref()),
            ("string", Some("date-time" | "enum"))
                | ("number", Some("float" | "double"))
                | ("integer", Some("int32" | "int64"))
        ),
        "enum" => kind == "string" && elements(field.value).iter().all(|word| word.get().starts_with('"')),
        "properties" => fields(field.value).is_some_and(|all| all.iter().all(|field| has_form(field.value, depth))),
        "items" => has_form(field.value, depth),
        "anyOf" => elements(field.value).iter().all(|schema| has_form(schema, depth)),
        _ => false,
    }
}

/// Whether a schema says that there is nothing to fill in.
pub(super) fn is_empty(schema: &RawValue) -> bool {
    let Some(fields) = fields(schema) else { return false };
    fields.iter().all(|field| match field.name.as_str() {
        "properties" => self::fields(field.value).is_some_and(|properties| properties.is_empty()),
        "required" => elements(field.value).is_empty(),
        "additionalProperties" => field.value.get() == "false",
        "type" => field.value.get().eq_ignore_ascii_case("\"object\""),
        "$schema" | "title" | "description" => true,
        _ => false,
    })
}

/// A schema in Google's form as JSON schema: types in lower case, `nullable` as a type, counts as numbers.
pub(super) fn to_json_schema(schema: &RawValue) -> Option<Box<RawValue>> {
    let mut out = Vec::with_capacity(schema.get().len());
    Object::write(&mut out, |object| convert(object, schema, MAX_DEPTH));
    RawValue::from_string(String::from_utf8(out).ok()?).ok()
}

fn convert(object: &mut Object<'_>, schema: &RawValue, depth: u32) {
    let fields = fields(schema).unwrap_or_default();
    let is_nullable = fields.iter().any(|field| field.name.as_str() == "nullable" && field.value.get() == "true");
    let Some(depth) = depth.checked_sub(1) else {
        return fields.iter().for_each(|field| object.raw(&field.name, field.value.get()));
    };
    for Extra { name, value } in &fields {
        match name.as_str() {
            "type" => kind(object, value, is_nullable),
            // Their order stands in `properties` itself; an example is no rule.
            "nullable" | "propertyOrdering" | "property_ordering" | "example" => {}
            "properties" | "$defs" | "defs" => {
                object.object(if name.as_str() == "defs" { "$defs" } else { name }, |all| {
                    for field in self::fields(value).unwrap_or_default() {
                        all.object(&field.name, |inner| convert(inner, field.value, depth));
                    }
                });
            }
            "items" if value.get().starts_with('{') => object.object("items", |inner| convert(inner, value, depth)),
            "anyOf" | "any_of" => object.list("anyOf", |list| each(list, value, depth)),
            "prefixItems" | "prefix_items" => object.list("prefixItems", |list| each(list, value, depth)),
            "minItems" | "min_items" => object.raw("minItems", value.get().trim_matches('"')),
            "maxItems" | "max_items" => object.raw("maxItems", value.get().trim_matches('"')),
            "minLength" | "maxLength" | "minProperties" | "maxProperties" => {
                object.raw(name, value.get().trim_matches('"'));
            }
            "format" if value.get() == "\"enum\"" => {}
            _ => object.raw(name, value.get()),
        }
    }
}

fn each(list: &mut List<'_>, schemas: &RawValue, depth: u32) {
    for schema in elements(schemas) {
        list.object(|inner| convert(inner, schema, depth));
    }
}

fn kind(object: &mut Object<'_>, value: &RawValue, is_nullable: bool) {
    match text(value).map(|kind| kind.to_ascii_lowercase()) {
        Some(kind) if kind == "type_unspecified" => {}
        Some(kind) if is_nullable => object.list("type", |list| {
            list.text(&kind);
            list.text("null");
        }),
        Some(kind) => object.text("type", &kind),
        None => object.raw("type", value.get()),
    }
}
