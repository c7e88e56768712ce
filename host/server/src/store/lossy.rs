//! Columns of rows that are only shown: what is damaged is shown as far as it goes, so that one row
//! hides no other.

use serde_json::{Map, Value, json};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// A text, with replacement characters for what is none; empty when there is nothing.
pub(super) fn text(row: &SqliteRow, column: &str) -> String {
    optional_text(row, column).unwrap_or_default()
}

/// As [`text`], absent when there is nothing.
pub(super) fn optional_text(row: &SqliteRow, column: &str) -> Option<String> {
    let bytes = row.try_get_unchecked::<Option<Vec<u8>>, _>(column).ok().flatten()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// A number that is not negative, else 0.
pub(super) fn number(row: &SqliteRow, column: &str) -> u64 {
    optional_number(row, column).unwrap_or_default()
}

/// As [`number`], absent when there is nothing.
pub(super) fn optional_number(row: &SqliteRow, column: &str) -> Option<u64> {
    let number = row.try_get_unchecked::<Option<i64>, _>(column).ok().flatten()?;
    Some(u64::try_from(number).unwrap_or_default())
}

/// A JSON object, or one that says that there is none.
pub(super) fn object(row: &SqliteRow, column: &str) -> Map<String, Value> {
    let object = super::object(&text(row, column));
    object.unwrap_or_else(|error| Map::from_iter([("damaged".into(), json!(error.to_string()))]))
}
