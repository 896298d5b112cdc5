//! Lines with fields, as controllers print them: the text, then the fields as JSON.

use std::fmt::Write as _;

/// A field's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// Text.
    Text(String),
    /// Texts.
    List(Vec<String>),
    /// A number.
    Number(i64),
}

impl<T: Into<String>> From<T> for Value {
    fn from(text: T) -> Self {
        Self::Text(text.into())
    }
}

/// The text with its fields.
#[must_use]
pub(crate) fn with_fields(text: &str, fields: &[(&str, Value)]) -> String {
    let mut line = format!("{text} {{");
    for (at, (name, value)) in fields.iter().enumerate() {
        if at > 0 {
            line.push_str(", ");
        }
        quote(&mut line, name);
        line.push_str(": ");
        match value {
            Value::Text(text) => quote(&mut line, text),
            Value::List(texts) => list(&mut line, texts),
            // Writing to a string cannot fail.
            Value::Number(number) => drop(write!(line, "{number}")),
        }
    }
    line.push('}');
    line
}

fn list(line: &mut String, texts: &[String]) {
    line.push('[');
    for (at, text) in texts.iter().enumerate() {
        if at > 0 {
            line.push_str(", ");
        }
        quote(line, text);
    }
    line.push(']');
}

fn quote(line: &mut String, text: &str) {
    line.push('"');
    for c in text.chars() {
        match c {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\t' => line.push_str("\\t"),
            c if c.is_control() => drop(write!(line, "\\u{:04x}", u32::from(c))),
            c => line.push(c),
        }
    }
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Printed by a real node.
    const RECORDED: &str = r#"setting resolvers {"component": "controller-runtime", "controller": "network.ResolverSpecController", "resolvers": ["1.1.1.1", "8.8.8.8"], "searchDomains": []}"#;

    #[test]
    fn a_recorded_line_is_made_again() {
        let line = with_fields(
            "setting resolvers",
            &[
                ("component", "controller-runtime".into()),
                ("controller", "network.ResolverSpecController".into()),
                (
                    "resolvers",
                    Value::List(vec!["1.1.1.1".into(), "8.8.8.8".into()]),
                ),
                ("searchDomains", Value::List(Vec::new())),
            ],
        );
        assert_eq!(line, RECORDED);
    }

    #[test]
    fn nothing_breaks_out_of_a_field() {
        let line = with_fields("x", &[("a\"", "b\\\"\n\u{1b}".into())]);
        assert_eq!(line, r#"x {"a\"": "b\\\"\n\u001b"}"#);
    }
}
