//! The description of the public door, held against what really goes in and out.

use std::sync::LazyLock;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

/// The description, as the door serves it.
pub(crate) static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let text = sallyport_vault::http::manager::openapi().unwrap();
    serde_json::from_str(text).unwrap()
});

/// An operation of the description.
#[derive(Clone, Copy)]
pub(crate) struct Operation {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) description: &'static Value,
}

/// All of them.
pub(crate) fn operations() -> impl Iterator<Item = Operation> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap();
        methods.iter().map(|(method, description)| Operation {
            method,
            path,
            description,
        })
    })
}

/// The operation that a request is for.
fn operation(method: &Method, path: &str) -> Option<Operation> {
    let path = path.split('?').next().unwrap_or_default();
    let asked: Vec<_> = path.split('/').collect();
    operations()
        .filter(|operation| operation.method.eq_ignore_ascii_case(method.as_str()))
        .filter(|operation| {
            let segments: Vec<_> = operation.path.split('/').collect();
            let fits =
                |(segment, asked): (&&str, &&str)| segment.starts_with('{') || segment == asked;
            segments.len() == asked.len() && segments.iter().zip(&asked).all(fits)
        })
        .max_by_key(|operation| operation.path.len() - 2 * operation.path.matches('{').count())
}

/// Fails if an answer is not one the description has, or a request was taken that it does not have.
pub(crate) fn check(
    method: &Method,
    path: &str,
    sent: Option<&Value>,
    status: StatusCode,
    content_type: Option<&str>,
    text: &str,
) {
    let Some(operation) = operation(method, path) else {
        assert!(!status.is_success(), "{method} {path} is not described");
        return;
    };
    let shown = format!("{method} {} {status}: {text}", operation.path);
    let answer = &operation.description["responses"][status.as_str()];
    let answer = answer["$ref"].as_str().map_or(answer, |name| {
        DOCUMENT.pointer(name.trim_start_matches('#')).unwrap()
    });
    assert!(answer.is_object(), "not described: {shown}");
    match answer["content"].as_object() {
        None => assert_eq!(text, "", "{shown}"),
        Some(content) => {
            let (media_type, described) = content.iter().next().unwrap();
            let content_type = content_type.and_then(|word| word.split(';').next());
            assert_eq!(content_type, Some(media_type.as_str()), "{shown}");
            if media_type.ends_with("json") {
                let body = serde_json::from_str(text).unwrap();
                conforms(&described["schema"], &body, &shown);
            }
        }
    }
    // Where nothing is described, nothing is read.
    let content = &operation.description["requestBody"]["content"];
    if let (true, true, Some(sent)) = (status.is_success(), content.is_object(), sent) {
        let described = ["application/json", "multipart/form-data"]
            .into_iter()
            .find_map(|media_type| content.get(media_type))
            .unwrap_or_else(|| panic!("a body is not described: {shown}"));
        conforms(
            &described["schema"],
            &without_empty(sent),
            &format!("taken {sent} by {shown}"),
        );
    }
}

fn conforms(schema: &Value, instance: &Value, shown: &str) {
    let whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "components": DOCUMENT["components"],
        "allOf": [schema],
    });
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&whole)
        .unwrap();
    let errors: Vec<_> = validator
        .iter_errors(instance)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:?}\n{shown}");
}

/// Clients send empty texts, and nulls, for what they were not told; they count as absent.
fn without_empty(sent: &Value) -> Value {
    let Value::Object(fields) = sent else {
        return sent.clone();
    };
    let told = |value: &Value| !value.is_null() && value != "";
    let fields = fields.iter().filter(|(_, value)| told(value));
    Value::Object(
        fields
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    )
}
