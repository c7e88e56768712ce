//! A choice by a tag, as one flat object.
//!
//! Serde writes the members of the choice beside those that all have. A schema with one variant for each
//! choice says so, but generators of clients make a type of each variant, with all other members
//! repeated. Here it is one object with every member, and conditions say which choice has which.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::form::{DEFINITIONS, prose};

/// One variant.
struct Variant {
    /// The tag's value.
    value: String,
    /// What the choice means.
    description: String,
    /// Its members beside the tag, in order.
    properties: Map<String, Value>,
    required: BTreeSet<String>,
}

/// Flattens the choices of a document and of its definitions.
pub(super) fn flatten(document: &mut Value) {
    let definitions = document.get(DEFINITIONS).cloned().unwrap_or_default();
    flatten_one(document, &definitions);
    document.get_mut(DEFINITIONS).into_iter().for_each(flatten_all);
}

/// Flattens the choices of definitions.
pub(super) fn flatten_all(definitions: &mut Value) {
    let before = definitions.clone();
    let all = definitions.as_object_mut().into_iter().flatten();
    all.for_each(|(_, one)| flatten_one(one, &before));
}

fn flatten_one(schema: &mut Value, definitions: &Value) {
    let Some(members) = schema.as_object_mut() else { return };
    let Some((tag, variants)) = variants(members, definitions) else { return };
    members.remove("oneOf");
    let chosen = merged(&variants);
    let conditions: Vec<_> = variants.iter().map(|one| condition(&tag, one, &chosen)).collect();
    let tagged = tagged(&variants);
    members.entry("type").or_insert_with(|| "object".into());
    let properties = members.entry("properties").or_insert_with(|| json!({}));
    if let Some(properties) = properties.as_object_mut() {
        properties.insert(tag.clone(), tagged);
        properties.extend(chosen);
    }
    extend(members, "required", [tag.into()]);
    extend(members, "allOf", conditions);
}

fn extend(schema: &mut Map<String, Value>, name: &str, items: impl IntoIterator<Item = Value>) {
    let list = schema.entry(name).or_insert_with(|| json!([]));
    if let Some(list) = list.as_array_mut() {
        list.extend(items);
    }
}

/// The tag and the variants; absent when this is no choice by a tag.
fn variants(schema: &Map<String, Value>, definitions: &Value) -> Option<(String, Vec<Variant>)> {
    let choices = schema.get("oneOf")?.as_array()?;
    let tag = tag(choices.first()?)?;
    let variants = choices.iter().map(|choice| variant(choice, &tag, definitions));
    Some((tag.clone(), variants.collect::<Option<_>>()?))
}

fn tag(choice: &Value) -> Option<String> {
    let properties = choice.get("properties")?.as_object()?;
    let is_tag = |(_, schema): &(&String, &Value)| schema.get("const").is_some();
    properties.iter().find(is_tag).map(|(name, _)| name.clone())
}

fn variant(choice: &Value, tag: &str, definitions: &Value) -> Option<Variant> {
    let value = choice.get("properties")?.get(tag)?.get("const")?.as_str()?.to_owned();
    let description = choice.get("description").and_then(Value::as_str).unwrap_or_default();
    let referred = choice.get("$ref").and_then(Value::as_str);
    let referred = referred.and_then(|reference| reference.rsplit('/').next());
    let referred = referred.and_then(|name| definitions.get(name));
    let (mut properties, mut required) = (Map::new(), BTreeSet::new());
    for part in referred.into_iter().chain([choice]) {
        properties.extend(part.get("properties").and_then(Value::as_object).cloned()?);
        let names = part.get("required").and_then(Value::as_array).into_iter().flatten();
        required.extend(names.filter_map(Value::as_str).map(str::to_owned));
    }
    properties.shift_remove(tag);
    required.remove(tag);
    Some(Variant { value, description: prose(description), properties, required })
}

fn tagged(variants: &[Variant]) -> Value {
    let values: Vec<_> = variants.iter().map(|variant| &*variant.value).collect();
    let meaning = |variant: &Variant| format!("`{}`: {}", variant.value, variant.description);
    let description: Vec<_> = variants.iter().map(meaning).collect();
    json!({"description": description.join(" "), "type": "string", "enum": values})
}

/// Every member of the variants, once, with a description that says which have it.
fn merged(variants: &[Variant]) -> Map<String, Value> {
    let mut merged = Map::new();
    for (name, schema) in variants.iter().flat_map(|variant| &variant.properties) {
        if merged.contains_key(name) {
            continue;
        }
        let mut schema = schema.clone();
        let description = described(name, variants);
        if let Some(members) = schema.as_object_mut() {
            members.insert("description".to_owned(), description.into());
        }
        merged.insert(name.clone(), schema);
    }
    merged
}

/// What a member is in the variants that have it.
fn described(name: &str, variants: &[Variant]) -> String {
    let mut by_text: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for variant in variants {
        let Some(schema) = variant.properties.get(name) else { continue };
        let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        by_text.entry(prose(text)).or_default().push(&variant.value);
    }
    let is_everywhere = by_text.values().map(Vec::len).sum::<usize>() == variants.len();
    match by_text.first_key_value() {
        Some((text, _)) if by_text.len() == 1 && is_everywhere => text.clone(),
        Some((text, values)) if by_text.len() == 1 => format!("{text} On {} only.", of(values)),
        _ => {
            let parts = by_text.iter().map(|(text, values)| format!("On {}: {text}", of(values)));
            parts.collect::<Vec<_>>().join(" ")
        }
    }
}

/// Values as a text names them.
fn of(values: &[&str]) -> String {
    let values: Vec<_> = values.iter().map(|value| format!("`{value}`")).collect();
    match &*values {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => values.concat(),
    }
}

/// What has to be there with a choice, and what cannot be.
fn condition(tag: &str, variant: &Variant, all: &Map<String, Value>) -> Value {
    let absent = all.keys().filter(|name| !variant.properties.contains_key(*name));
    let absent = absent.map(|name| (name.clone(), json!({"not": {}})));
    let present = variant.required.iter().map(|name| (name.clone(), json!({})));
    json!({
        "if": {"properties": {tag: {"const": variant.value}}, "required": [tag]},
        "then": {"required": variant.required, "properties": Map::from_iter(present.chain(absent))},
    })
}
