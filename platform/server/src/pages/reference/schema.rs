//! Schemas in words: types, fields, examples.

use std::collections::BTreeSet;

use maud::html;
use serde_json::{Map, Value, json};

/// How deep examples go.
const DEPTH: usize = 4;

/// A field of a schema.
pub struct Field {
    pub name: String,
    pub required: bool,
    /// Its type, with a link to the schema that it points to.
    pub link: String,
    pub description: String,
}

/// The name of the schema that another points to.
fn pointed(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

/// What a schema is made of, when it is one or all of several.
fn parts(schema: &Value) -> impl Iterator<Item = &Value> {
    ["oneOf", "anyOf", "allOf"]
        .into_iter()
        .filter_map(|kind| schema[kind].as_array())
        .flatten()
}

fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The type in words: "list of string", "integer or null".
pub fn in_words(schema: &Value) -> String {
    words(schema, &|name| name.to_owned())
}

/// The type in words, as HTML with links to schemas.
pub fn link(schema: &Value) -> String {
    words(schema, &|name| {
        html! { a.link href={ "#schema-" (name) } { (name) } }.into_string()
    })
}

fn words(schema: &Value, name: &dyn Fn(&str) -> String) -> String {
    if let Some(pointed) = pointed(schema) {
        return name(pointed);
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<String> = values
            .iter()
            .filter_map(Value::as_str)
            .map(|value| html! { (value) }.into_string())
            .collect();
        return values.join(" | ");
    }
    let alternatives: Vec<String> = parts(schema).map(|part| words(part, name)).collect();
    if !alternatives.is_empty() {
        return alternatives.join(" or ");
    }
    let format = schema["format"].as_str().unwrap_or_default();
    let kinds: Vec<String> = types(schema)
        .into_iter()
        .map(|kind| match (kind, format) {
            ("array", _) => format!("list of {}", words(&schema["items"], name)),
            ("string", "uuid") => "id".to_owned(),
            ("string", "date-time") => "instant".to_owned(),
            (kind, _) => kind.to_owned(),
        })
        .collect();
    if kinds.is_empty() {
        "anything".to_owned()
    } else {
        kinds.join(" or ")
    }
}

/// The fields of an object, those of its parts included.
pub fn fields(schema: &Value, schemas: &Value) -> Vec<Field> {
    let mut found = Vec::new();
    for part in parts(schema) {
        let of = pointed(part).map_or(part, |name| &schemas[name]);
        found.extend(fields(of, schemas));
    }
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (name, of) in schema["properties"].as_object().into_iter().flatten() {
        found.push(Field {
            name: name.clone(),
            required: required.contains(&name.as_str()),
            link: link(of),
            description: of["description"].as_str().unwrap_or_default().to_owned(),
        });
    }
    found
}

/// The names of all schemas that something points to, directly or through others.
pub fn reached(value: &Value, schemas: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(values) => open.extend(values),
            Value::Object(fields) => {
                if let Some(name) = pointed(value)
                    && found.insert(name.to_owned())
                {
                    open.push(&schemas[name]);
                }
                open.extend(fields.values());
            }
            _ => {}
        }
    }
    found
}

/// An example with the fields that must be there.
pub fn example(schema: &Value, schemas: &Value, depth: usize) -> Value {
    if depth > DEPTH {
        return Value::Null;
    }
    if let Some(name) = pointed(schema) {
        return example(&schemas[name], schemas, depth + 1);
    }
    if let Some(value) = schema["enum"].as_array().and_then(|values| values.first()) {
        return value.clone();
    }
    let mut merged = Map::new();
    for part in parts(schema) {
        match example(part, schemas, depth + 1) {
            Value::Object(fields) => merged.extend(fields),
            other if merged.is_empty() && schema["allOf"].is_null() => return other,
            _ => {}
        }
    }
    match types(schema).first() {
        Some(&"string") => match schema["format"].as_str() {
            Some("uuid") => json!("019a0000-0000-7000-8000-000000000000"),
            Some("date-time") => json!("2027-03-01T09:00:00Z"),
            _ => json!("…"),
        },
        Some(&("integer" | "number")) => schema["minimum"].as_i64().unwrap_or(1).into(),
        Some(&"boolean") => json!(true),
        Some(&"array") => json!([example(&schema["items"], schemas, depth + 1)]),
        _ => {
            let required = schema["required"].as_array().into_iter().flatten();
            for name in required.filter_map(Value::as_str) {
                let of = &schema["properties"][name];
                merged.insert(name.to_owned(), example(of, schemas, depth + 1));
            }
            Value::Object(merged)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_read_as_words() {
        for (schema, words) in [
            (
                json!({ "type": "array", "items": { "type": "string" } }),
                "list of string",
            ),
            (json!({ "type": ["integer", "null"] }), "integer or null"),
            (json!({ "type": "string", "format": "uuid" }), "id"),
            (json!({ "$ref": "#/components/schemas/Tag" }), "Tag"),
            (
                json!({ "oneOf": [{ "type": "null" }, { "$ref": "#/x/Tag" }] }),
                "null or Tag",
            ),
            (json!({ "type": "string", "enum": ["a", "b"] }), "a | b"),
            (json!({}), "anything"),
        ] {
            assert_eq!(in_words(&schema), words);
        }
        assert!(link(&json!({ "$ref": "#/x/Tag" })).contains("href=\"#schema-Tag\""));
    }

    #[test]
    fn examples_have_what_must_be_there_and_end() {
        let schemas = json!({
            "Tag": { "type": "object", "required": ["name", "of"], "properties": {
                "name": { "type": "string" }, "note": { "type": "string" }, "of": { "$ref": "#/x/Tag" } } }
        });
        let found = example(&json!({ "$ref": "#/x/Tag" }), &schemas, 0);
        assert_eq!(found["name"], "…");
        assert!(found.get("note").is_none());
        assert_eq!(reached(&json!({ "$ref": "#/x/Tag" }), &schemas).len(), 1);
    }
}
