//! Answers in the manner of Go's HTTP server.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response};

/// What Go's server holds back before it has to begin without knowing the length.
const BUFFER: usize = 2048;

/// The type that Go guesses of a text.
pub const GUESSED: &str = "text/plain; charset=utf-8";

/// An error: plain text with one line feed, never JSON.
pub fn error(status: u16, text: &str) -> Response<Body> {
    Response::builder()
        .status(status)
        .header("content-type", "text/plain; charset=utf-8")
        .header("x-content-type-options", "nosniff")
        .body(Body::from(format!("{text}\n")))
        .unwrap()
}

/// What went wrong is not told.
pub fn internal() -> Response<Body> {
    error(500, "internal server error")
}

/// A text as Go's server sends what a handler wrote: with its length if it fitted into the
/// buffer, in chunks if it did not.
pub fn written(kind: &str, body: String) -> Response<Body> {
    let length = body.len();
    let mut response = text(200, kind, body);
    if length > BUFFER {
        let (parts, body) = response.into_parts();
        response = Response::from_parts(parts, Body::from_stream(body.into_data_stream()));
    }
    response
}

/// A text with a type.
pub fn text(status: u16, kind: &str, text: impl Into<Body>) -> Response<Body> {
    Response::builder()
        .status(status)
        .header("content-type", kind)
        .body(text.into())
        .unwrap()
}

/// What the factory's own handlers add; the router's answers lack it.
pub fn handled(mut response: Response<Body>, asked: &HeaderMap) -> Response<Body> {
    let id = asked
        .get("x-request-id")
        .cloned()
        .unwrap_or_else(|| HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()).unwrap());
    let headers = response.headers_mut();
    headers.insert("server", HeaderValue::from_static("Image Factory v1.5.0"));
    headers.insert("x-request-id", id);
    routed(response)
}

/// What every answer has.
pub fn routed(mut response: Response<Body>) -> Response<Body> {
    response
        .headers_mut()
        .insert("vary", HeaderValue::from_static("Origin"));
    response
}

/// The router's answer to a method that is not registered on a known path.
pub fn not_allowed(allow: &'static str) -> Response<Body> {
    let mut response = error(405, "Method Not Allowed");
    response
        .headers_mut()
        .insert("allow", HeaderValue::from_static(allow));
    routed(response)
}
