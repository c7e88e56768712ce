//! Configured and received values, as answers and logs repeat them: bounded.

use serde_json::Value;

/// Most bytes of a text, or of the entries of a list, that are repeated.
pub const MAX_SHOWN_BYTES: usize = 1_000;

/// Most entries of a list that are repeated.
pub const MAX_SHOWN_ENTRIES: usize = 8;

/// A value that is short enough to be repeated.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bounded {
    /// The value: of a long text the beginning with `…`, of a long list the first entries. Absent
    /// when not even that much is shown.
    pub value: Option<Value>,
    /// How many entries a list has of which not all are shown.
    pub entries: Option<usize>,
    /// Whether `value` is not the whole value.
    pub cut: bool,
}

impl Bounded {
    /// Cuts `value` to what is repeated of one.
    pub fn new(value: &Value) -> Self {
        Self::within(value, &mut MAX_SHOWN_BYTES.clone())
    }

    /// As [`Bounded::new`], and to the bytes that are left for several values, which it uses up.
    pub fn within(value: &Value, left: &mut usize) -> Self {
        let most = (*left).min(MAX_SHOWN_BYTES);
        let (bounded, used) = match value {
            Value::String(text) => text_within(text, most),
            Value::Array(items) if items.iter().all(Value::is_string) => list_within(items, most),
            other => other_within(other, most),
        };
        *left = left.saturating_sub(used);
        bounded
    }
}

fn whole(value: &Value) -> Bounded {
    Bounded { value: Some(value.clone()), entries: None, cut: false }
}

fn text_within(text: &str, most: usize) -> (Bounded, usize) {
    if text.len() <= most {
        return (whole(&text.into()), text.len());
    }
    let end = text.floor_char_boundary(most);
    let shown = text.get(..end).filter(|shown| !shown.is_empty());
    let value = shown.map(|shown| format!("{shown}…").into());
    (Bounded { value, entries: None, cut: true }, end)
}

fn list_within(items: &[Value], most: usize) -> (Bounded, usize) {
    let (mut shown, mut left, mut is_cut) = (Vec::new(), most, items.len() > MAX_SHOWN_ENTRIES);
    for item in items.iter().take(MAX_SHOWN_ENTRIES).filter_map(Value::as_str) {
        let (entry, used) = text_within(item, left);
        left = left.saturating_sub(used);
        is_cut |= entry.cut;
        shown.extend(entry.value);
        if entry.cut {
            break;
        }
    }
    let entries = (shown.len() < items.len()).then_some(items.len());
    (Bounded { value: Some(shown.into()), entries, cut: is_cut }, most - left)
}

/// Numbers, booleans, and what only claims hold: objects and mixed lists, whole or not at all.
fn other_within(value: &Value, most: usize) -> (Bounded, usize) {
    let bytes = json_bytes(value);
    if bytes <= most || !(value.is_array() || value.is_object()) {
        return (whole(value), bytes);
    }
    let entries = value.as_array().map(Vec::len);
    (Bounded { value: None, entries, cut: true }, 0)
}

/// The bytes of a value as JSON.
pub fn json_bytes(value: &Value) -> usize {
    let mut bytes = Counted(0);
    // Counting does not fail.
    let _ = serde_json::to_writer(&mut bytes, value);
    bytes.0
}

/// Counts what is written.
struct Counted(usize);

impl std::io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_short_is_whole() {
        for value in [
            json!(""),
            json!("x".repeat(1_000)),
            json!([]),
            json!(["a", "b"]),
            json!(["x".repeat(500), "y".repeat(500)]),
            json!(-7),
            json!(false),
            json!(null),
            json!({"a": [1, "b"]}),
            json!([1, null]),
        ] {
            assert_eq!(Bounded::new(&value), whole(&value), "{value}");
        }
    }

    #[test]
    fn a_long_value_is_cut_and_says_so() {
        let text = Bounded::new(&json!("é".repeat(501)));
        assert_eq!(text.value, Some(format!("{}…", "é".repeat(500)).into()));
        assert_eq!((text.entries, text.cut), (None, true));

        let entries: Vec<_> = (0..25_000).map(|number| number.to_string()).collect();
        let list = Bounded::new(&json!(entries));
        assert_eq!(list.value, Some(json!(["0", "1", "2", "3", "4", "5", "6", "7"])));
        assert_eq!((list.entries, list.cut), (Some(25_000), true));

        let list = Bounded::new(&json!(["a".repeat(600), "b".repeat(600), "c"]));
        assert_eq!(list.value, Some(json!(["a".repeat(600), format!("{}…", "b".repeat(400))])));
        assert_eq!((list.entries, list.cut), (Some(3), true));

        let object = Bounded::new(&json!({"a": "x".repeat(1_000)}));
        assert_eq!(object, Bounded { value: None, entries: None, cut: true });
    }

    #[test]
    fn several_values_share_what_is_left() {
        let mut left = 5;
        assert_eq!(Bounded::within(&json!("abc"), &mut left), whole(&json!("abc")));
        assert_eq!(Bounded::within(&json!("defg"), &mut left).value, Some(json!("de…")));
        assert_eq!(Bounded::within(&json!("h"), &mut left).value, None);
        let list = Bounded::within(&json!(["i"]), &mut left);
        assert_eq!((list.value, list.entries, list.cut), (Some(json!([])), Some(1), true));
        assert_eq!(Bounded::within(&json!(true), &mut left), whole(&json!(true)));
        assert_eq!(left, 0);
    }

    #[test]
    fn bytes_are_counted_as_json_has_them() {
        for value in [json!({"a": ["b\n", 1.5, null]}), json!("é"), json!([])] {
            assert_eq!(json_bytes(&value), value.to_string().len());
        }
    }
}
