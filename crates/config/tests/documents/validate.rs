//! Holds a document against a JSON Schema.

use serde_json::Value;

/// As much of JSON Schema as ours uses; a keyword it does not know is a failure.
pub(crate) struct Check<'a> {
    root: &'a Value,
    /// What does not fit, with its path.
    pub(crate) wrong: Vec<String>,
}

impl<'a> Check<'a> {
    /// Of documents against this schema.
    pub(crate) fn new(root: &'a Value) -> Self {
        Self { root, wrong: Vec::new() }
    }

    pub(crate) fn holds(&self, schema: &Value, value: &Value) -> bool {
        let mut inner = Check::new(self.root);
        inner.value(schema, value, "");
        inner.wrong.is_empty()
    }

    pub(crate) fn value(&mut self, schema: &Value, value: &Value, path: &str) {
        for (keyword, rule) in schema.as_object().into_iter().flatten() {
            let fits = match keyword.as_str() {
                "$ref" => {
                    let pointer = rule.as_str().unwrap().trim_start_matches('#');
                    self.value(&self.root.pointer(pointer).unwrap().clone(), value, path);
                    true
                }
                "type" => list(rule).iter().any(|name| is(value, name.as_str().unwrap())),
                "enum" => list(rule).contains(value),
                "const" => rule == value,
                "minimum" => value.as_i64().is_none_or(|number| number >= rule.as_i64().unwrap()),
                "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
                "pattern" => {
                    let pattern = regex::Regex::new(rule.as_str().unwrap()).unwrap();
                    value.as_str().is_none_or(|text| pattern.is_match(text))
                }
                "required" => list(rule).iter().all(|key| value.get(key.as_str().unwrap()).is_some()),
                "anyOf" => list(rule).iter().any(|option| self.holds(option, value)),
                "oneOf" => list(rule).iter().filter(|option| self.holds(option, value)).count() == 1,
                "propertyNames" => {
                    value.as_object().into_iter().flatten().all(|(key, _)| self.holds(rule, &Value::from(key.as_str())))
                }
                "if" => {
                    let branch = if self.holds(rule, value) { "then" } else { "else" };
                    self.value(&schema[branch].clone(), value, path);
                    true
                }
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.value(rule, item, &format!("{path}[{index}]"));
                    }
                    true
                }
                "properties" => {
                    self.properties(schema, value, path);
                    true
                }
                "additionalProperties" if schema.get("properties").is_none() => {
                    value.as_object().into_iter().flatten().all(|(_, value)| self.holds(rule, value))
                }
                "$schema" | "$defs" | "title" | "description" | "then" | "else" | "additionalProperties" => true,
                unknown => panic!("the schema uses {unknown}, which this test does not know"),
            };
            if !fits {
                self.wrong.push(format!("{path}: {value} against {keyword} {rule}"));
            }
        }
    }

    fn properties(&mut self, schema: &Value, value: &Value, path: &str) {
        for (key, value) in value.as_object().into_iter().flatten() {
            let path = format!("{path}.{key}");
            match schema["properties"].get(key) {
                Some(known) => self.value(known, value, &path),
                None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
                    self.wrong.push(format!("{path} is not in the schema"));
                }
                None => {}
            }
        }
    }
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        unknown => panic!("the schema uses the type {unknown}, which this test does not know"),
    }
}

/// A rule that may be one or several.
pub(crate) fn list(rule: &Value) -> Vec<Value> {
    rule.as_array().cloned().unwrap_or_else(|| vec![rule.clone()])
}
