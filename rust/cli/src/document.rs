//! Parts of JSON documents.

use serde_json::{Value, json};

/// A number; null where JSON has none (an infinite PSNR of equal values, an unknown quantity).
pub fn number(v: f64) -> Value {
    if v.is_finite() { json!(v) } else { Value::Null }
}

/// Adds the entries of one object to another.
pub fn extend(document: &mut Value, more: Value) {
    if let (Value::Object(document), Value::Object(more)) = (document, more) {
        document.extend(more);
    }
}
