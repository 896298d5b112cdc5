//! What a browser asks and is told before a page of another address may read an answer.

use super::Shared;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, Response};

const METHODS: &[&str] = &["HEAD", "GET", "OPTIONS"];
const HEADERS: &[&str] = &["cache-control"];
const EXPOSED: &str = "Content-Disposition, Content-Length, Content-Type";
const VARY: &str = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";

fn word<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The origin that may read, as the answer names it.
fn reader(shared: &Shared, request: &Request) -> Option<HeaderValue> {
    let origin = word(request.headers(), "origin")?;
    match &shared.options.origin {
        None => Some(HeaderValue::from_static("*")),
        Some(only) => (only == origin).then(|| origin.parse().unwrap()),
    }
}

/// The answer to a browser that asks whether it may ask.
pub fn preflight(shared: &Shared, request: &Request) -> Option<Response<Body>> {
    let asked = word(request.headers(), "access-control-request-method")?;
    if request.method() != Method::OPTIONS {
        return None;
    }
    let mut response = Response::builder()
        .status(204)
        .header("vary", VARY)
        .body(Body::empty())
        .unwrap();
    let wanted = word(request.headers(), "access-control-request-headers").unwrap_or_default();
    let known = wanted
        .split(',')
        .map(|name| name.trim().to_ascii_lowercase())
        .all(|name| name.is_empty() || HEADERS.contains(&name.as_str()));
    if let Some(reader) = reader(shared, request)
        && METHODS.contains(&asked)
        && known
    {
        let headers = response.headers_mut();
        headers.insert("access-control-allow-methods", asked.parse().unwrap());
        headers.insert("access-control-allow-origin", reader);
        if !wanted.is_empty() {
            headers.insert("access-control-allow-headers", wanted.parse().unwrap());
        }
    }
    Some(response)
}

/// Who may read the answer to a request; nobody where the method is not among the known ones.
pub fn readable(shared: &Shared, request: &Request) -> Option<HeaderValue> {
    reader(shared, request).filter(|_| METHODS.contains(&request.method().as_str()))
}

/// Lets an answer be read.
pub fn allow(response: &mut Response<Body>, reader: Option<HeaderValue>) {
    if let Some(reader) = reader {
        let headers = response.headers_mut();
        headers.insert("access-control-allow-origin", reader);
        let exposed = HeaderValue::from_static(EXPOSED);
        headers.insert("access-control-expose-headers", exposed);
    }
}
