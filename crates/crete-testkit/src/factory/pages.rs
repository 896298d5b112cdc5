//! The few pages of the wizard that a program may meet. The wizard itself is not played.

use super::answer::{error, written};
use axum::body::Body;
use axum::http::Response;

const HTML: &str = "text/html; charset=utf-8";

/// The value of a query's field, as sent.
fn field<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// The first page, or a language kept for later.
pub fn root(query: &str) -> Response<Body> {
    match field(query, "lang") {
        Some("") => error(400, "missing lang param"),
        Some(language) => Response::builder()
            .header("hx-redirect", "/")
            .header(
                "set-cookie",
                format!("lang={language}; Path=/; Max-Age=31536000; HttpOnly"),
            )
            .body(Body::empty())
            .unwrap(),
        None => {
            let text = "<!DOCTYPE html>\n<title>Image Factory</title>\n<p>A practice factory has \
                        no wizard.</p>\n";
            chunked(HTML, text)
        }
    }
}

/// A page that Go's server begins to send before it knows how long it gets.
fn chunked(kind: &str, text: &str) -> Response<Body> {
    let (parts, body) = written(kind, text.to_owned()).into_parts();
    Response::from_parts(parts, Body::from_stream(body.into_data_stream()))
}

/// What language models are told.
pub fn llms() -> Response<Body> {
    chunked(
        super::answer::GUESSED,
        "# Image Factory\n\nA practice factory: the routes of the real one, and no real images.\n",
    )
}

/// Links of a version.
pub fn version_pages(query: &str) -> Response<Body> {
    let version = field(query, "version").unwrap_or_default();
    let mut numbers = version.split('.');
    let (Some(major), Some(minor)) = (numbers.next(), numbers.next()) else {
        return super::answer::internal();
    };
    let docs = format!("https://docs.siderolabs.com/talos/v{major}.{minor}/getting-started");
    written(
        HTML,
        format!(
            "<a href=\"{docs}/what's-new-in-talos/\">New</a>\n<a href=\"{docs}/support-matrix/\">\
             Supported</a>\n"
        ),
    )
}
