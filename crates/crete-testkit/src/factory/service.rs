//! The practice service at the factory's address: where practice guests meet, and where a test says
//! what is to go wrong on them. The real factory has nothing of the kind.
//!
//! ```text
//! POST /practice/exchange              a guest's letter, and its answer
//! GET  /practice/machines              UUIDs of the guests that are there
//! PUT  /practice/machines/UUID/faults  names of faults: what goes wrong on it from now on
//! ```
//!
//! Machines reach it at the gateway of their network, which offers the factory by name.

use super::Shared;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, Response, StatusCode};
use crete_practice_node::Fault;

/// Where all of it is.
pub const PREFIX: &str = "/practice/";
const JSON: &str = "application/json";
/// Nobody writes more.
const LONGEST: usize = 8 << 20;

pub async fn answer(shared: &Shared, request: Request) -> Response<Body> {
    let path = request.uri().path().trim_start_matches(PREFIX).to_owned();
    let parts: Vec<&str> = path.split('/').collect();
    match (request.method(), parts.as_slice()) {
        (&Method::GET, ["machines"]) => json(&shared.service.machines()),
        // A page cannot send this type anywhere without having been let in.
        (&Method::POST | &Method::PUT, _) if !is_json(&request) => {
            status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
        }
        (&Method::POST, ["exchange"]) => exchange(shared, request).await,
        (&Method::PUT, ["machines", machine, "faults"]) => {
            set_faults(shared, machine, request).await
        }
        _ => status(StatusCode::NOT_FOUND),
    }
}

fn is_json(request: &Request) -> bool {
    let kind = request.headers().get(CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes() == JSON.as_bytes())
}

async fn exchange(shared: &Shared, request: Request) -> Response<Body> {
    let Ok(letter) = to_bytes(request.into_body(), LONGEST).await else {
        return status(StatusCode::BAD_REQUEST);
    };
    match shared.service.answer(&letter).await {
        Ok(answer) => with_json(answer),
        Err(_) => status(StatusCode::BAD_REQUEST),
    }
}

async fn set_faults(shared: &Shared, machine: &str, request: Request) -> Response<Body> {
    let bytes = to_bytes(request.into_body(), LONGEST).await;
    let names = bytes
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Vec<String>>(&bytes).ok());
    let named = |name: &String| Fault::ALL.iter().find(|fault| fault.name() == name);
    let faults = names.and_then(|names| names.iter().map(named).collect::<Option<Vec<_>>>());
    let Some(faults) = faults else {
        return status(StatusCode::BAD_REQUEST);
    };
    let faults: Vec<Fault> = faults.into_iter().copied().collect();
    shared.service.set_faults(machine, &faults);
    status(StatusCode::NO_CONTENT)
}

fn json(value: &impl serde::Serialize) -> Response<Body> {
    with_json(serde_json::to_vec(value).unwrap())
}

fn with_json(bytes: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes));
    let kind = JSON.parse().unwrap();
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn status(code: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = code;
    response
}
