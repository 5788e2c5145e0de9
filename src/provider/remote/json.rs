//! Lenient reading of JSON: a service's answer is worth more than the type of one of its fields.

use serde_json::{Map, Value};

use crate::provider::response::PixelBox;

/// A text that is not empty.
pub(super) fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A text, or the JSON text of an object or list; `None` for null.
pub(super) fn json_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// A number, also one written as a text.
pub(super) fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|n| n.is_finite())
}

/// A whole number from 0: 3, 3.2 and "3" are 3, -1 is 0.
pub(super) fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| Some(number(value)?.round().clamp(0.0, 1e15) as u64))
}

/// The same, as a `u32`.
pub(super) fn pixels(value: &Value) -> Option<u32> {
    whole(value).map(|n| u32::try_from(n).unwrap_or(u32::MAX))
}

/// A score from 0 to 1.
pub(super) fn score(value: &Value) -> Option<f32> {
    number(value).map(|n| n.clamp(0.0, 1.0) as f32)
}

/// The items of a list; none for anything else.
pub(super) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A box with edges by Mistral's names, whole or not; `None` unless all four are there.
pub(super) fn edges(value: &Value) -> Option<PixelBox> {
    let (left, top) = (pixels(&value["top_left_x"])?, pixels(&value["top_left_y"])?);
    let (right, bottom) = (pixels(&value["bottom_right_x"])?, pixels(&value["bottom_right_y"])?);
    Some(PixelBox { left, top, right: right.max(left), bottom: bottom.max(top) })
}

/// What an object has besides these fields; nulls do not count.
pub(super) fn others(value: &Value, known: &[&str]) -> Map<String, Value> {
    let fields = value.as_object().into_iter().flatten();
    fields
        .filter(|(key, value)| !known.contains(&key.as_str()) && !value.is_null())
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_come_in_many_shapes() {
        for (value, expected) in [
            (json!(3), Some(3)),
            (json!(3.0), Some(3)),
            (json!(2.6), Some(3)),
            (json!("3"), Some(3)),
            (json!(-1), Some(0)),
            (json!(null), None),
            (json!([3]), None),
        ] {
            assert_eq!(whole(&value), expected, "{value}");
        }
        assert_eq!(score(&json!(1.5)), Some(1.0));
    }

    #[test]
    fn a_box_needs_all_edges_and_is_never_inside_out() {
        let mut value = json!({
            "top_left_x": 10.4, "top_left_y": 5, "bottom_right_x": 3, "bottom_right_y": 9,
        });
        let expected = PixelBox { left: 10, top: 5, right: 10, bottom: 9 };
        assert_eq!(edges(&value), Some(expected));
        value["top_left_y"] = Value::Null;
        assert_eq!(edges(&value), None);
    }
}
