//! The form of the published schemas: what generators of clients, and people, read most easily.
//!
//! `schemars` describes what serde may read; this makes of it what is written. An absent member is left
//! out, never `null`. An object has no other members than these. The values of an enum are one list.

use serde_json::{Map, Value, json};

use super::choice;

/// The object with a document's definitions.
pub(super) const DEFINITIONS: &str = "$defs";

/// Rewrites the definitions of a document, which refer to one another.
pub(crate) fn definitions(definitions: &mut Value) {
    choice::flatten_all(definitions);
    let Some(all) = definitions.as_object_mut() else { return };
    all.values_mut().for_each(rewrite);
    all.sort_keys();
}

/// Rewrites a whole document.
pub(super) fn form(document: &mut Value) {
    choice::flatten(document);
    rewrite(document);
    without_unused(document, &format!("/{DEFINITIONS}"));
}

/// Drops the definitions at a place that nothing refers to: a flattened choice no longer needs the types
/// of its variants.
pub(crate) fn without_unused(document: &mut Value, place: &str) {
    loop {
        let text = document.to_string();
        let Some(Value::Object(definitions)) = document.pointer_mut(place) else { return };
        let before = definitions.len();
        definitions.retain(|name, _| text.contains(&format!("\"#{place}/{name}\"")));
        if definitions.len() == before {
            return;
        }
    }
}

fn rewrite(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            values(members);
            properties(members);
            alternatives(members);
            number(members);
            described_first(members);
            members.iter_mut().for_each(|(name, member)| rewrite_member(name, member));
        }
        Value::Array(items) => items.iter_mut().for_each(rewrite),
        _ => {}
    }
}

/// The members of some members are schemas by names that anybody chose, `description` among them.
fn rewrite_member(name: &str, member: &mut Value) {
    match member {
        Value::Object(schemas) if ["properties", DEFINITIONS].contains(&name) => {
            schemas.values_mut().for_each(rewrite);
        }
        other => rewrite(other),
    }
}

/// What people look for comes first.
fn described_first(schema: &mut Map<String, Value>) {
    let Some(Value::String(description)) = schema.shift_remove("description") else { return };
    let members = std::mem::take(schema);
    let (before, after): (Vec<_>, Vec<_>) =
        members.into_iter().partition(|(name, _)| name.starts_with('$') || name == "title");
    schema.extend(before);
    schema.insert("description".to_owned(), prose(&description).into());
    schema.extend(after);
}

/// An enum of described values becomes one list, and its description says what each means.
fn values(schema: &mut Map<String, Value>) {
    let Some(choices) = schema.get("oneOf").and_then(Value::as_array) else { return };
    let value = |choice: &Value| Some(choice.get("const")?.as_str()?.to_owned());
    let Some(values) = choices.iter().map(value).collect::<Option<Vec<_>>>() else { return };
    let meaning = |(choice, value): (&Value, &String)| {
        let meaning = prose(choice.get("description")?.as_str()?);
        Some(format!(" `{value}`: {}", lower(&meaning)))
    };
    let meanings: String = choices.iter().zip(&values).filter_map(meaning).collect();
    let about = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let description = format!("{}{meanings}", prose(about));
    schema.remove("oneOf");
    schema.insert("description".to_owned(), description.trim().into());
    schema.insert("type".to_owned(), "string".into());
    schema.insert("enum".to_owned(), values.into());
}

fn lower(sentence: &str) -> String {
    let mut characters = sentence.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// No member is `null`, and there are no others.
fn properties(schema: &mut Map<String, Value>) {
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    properties.values_mut().for_each(without_null);
    let is_object = schema.get("type").is_some_and(|kind| kind == "object");
    if is_object && !schema.contains_key("additionalProperties") {
        schema.insert("additionalProperties".to_owned(), false.into());
    }
}

fn without_null(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else { return };
    if let Some(Value::Array(kinds)) = members.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [kind] = &**kinds {
            let kind = kind.clone();
            members.insert("type".to_owned(), kind);
        }
    }
    let null = json!({"type": "null"});
    let Some(Value::Array(choices)) = members.get_mut("anyOf") else { return };
    choices.retain(|choice| *choice != null);
    if let [only] = &**choices {
        let only = only.as_object().cloned().unwrap_or_default();
        members.remove("anyOf");
        only.into_iter().for_each(|(name, value)| {
            members.entry(name).or_insert(value);
        });
    }
}

/// Objects of which one is meant: no value is two of them, since neither has other members.
fn alternatives(schema: &mut Map<String, Value>) {
    let is_object = |choice: &Value| choice.get("properties").is_some();
    let choices = schema.get("anyOf").and_then(Value::as_array);
    if choices.is_some_and(|choices| choices.iter().all(is_object))
        && let Some(choices) = schema.remove("anyOf")
    {
        schema.insert("oneOf".to_owned(), choices);
    }
}

/// The bounds say what a number may be; the names of Rust's types say nothing to others.
fn number(schema: &mut Map<String, Value>) {
    let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
    if format.starts_with("uint") {
        schema.remove("format");
    }
}

/// A text of a doc comment as prose: one line, and names without links.
pub(crate) fn prose(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace("[`", "`").replace("`]", "`")
}
