//! JSON objects whose keys keep the order in which they were added.
//!
//! A device's fields are printed as it sent them; the map of serde_json would
//! sort them. Strings are escaped by serde_json.

/// A JSON string.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A JSON object whose keys keep their order.
pub struct Object(String);

impl Object {
    pub fn new() -> Self {
        Self("{".into())
    }

    pub fn raw(&mut self, key: &str, json: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0 += &quoted(key);
        self.0.push(':');
        self.0 += json;
    }

    pub fn text(&mut self, key: &str, text: &str) {
        self.raw(key, &quoted(text));
    }

    pub fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}
