//! The client against servers that answer as real ones do, and as they should not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use crete_factory::{Client, FactoryError, parse_base, serial_console_schematic};
use crete_fetch::{FetchError, Http, HttpOptions, NoWay, ProxyChoice};
use crete_model::Arch;

/// Serves on a free port of this computer until the test's runtime ends.
async fn serve(router: Router) -> Client {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    client(&base)
}

fn client(base: &str) -> Client {
    let direct = HttpOptions {
        proxy: ProxyChoice::Direct,
        ..HttpOptions::default()
    };
    Client::new(parse_base(base).unwrap(), Http::new(&direct).unwrap())
}

fn plain(text: &'static str) -> impl IntoResponse + Clone {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text)
}

#[tokio::test]
async fn versions_sent_as_text_are_read_and_odd_ones_left_out() {
    let list = "[\"v1.14.0-rc.1\",\"v1.13.9\",\"latest\",\"v1.2.0\"]\n";
    let client =
        serve(Router::new().route("/versions", get(move || async move { plain(list) }))).await;
    let versions: Vec<String> = client
        .versions()
        .await
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(versions, ["v1.14.0-rc.1", "v1.13.9", "v1.2.0"]);
}

#[tokio::test]
async fn the_canonical_text_is_sent_and_the_factorys_id_taken() {
    let echo = |body: String| async move {
        let id = "0123456789abcdef".repeat(4);
        (
            StatusCode::CREATED,
            format!("{{\"id\":\"{id}\",\"schematic\":{body:?}}}"),
        )
    };
    let client = serve(Router::new().route("/schematics", post(echo))).await;
    let created = client
        .create_schematic(&serial_console_schematic(Arch::Amd64))
        .await
        .unwrap();
    assert_eq!(created.id.len(), 64);
    let yaml =
        "customization:\n    extraKernelArgs:\n        - console=tty0\n        - console=ttyS0\n";
    assert_eq!(created.yaml.as_deref(), Some(yaml));
}

#[tokio::test]
async fn a_login_page_is_no_factory() {
    let page = || async { (StatusCode::OK, "<!doctype html><title>Sign in</title>") };
    let client = serve(Router::new().route("/versions", get(page))).await;
    assert!(matches!(
        client.versions().await,
        Err(FactoryError::NotAFactory { .. })
    ));
}

#[tokio::test]
async fn an_error_keeps_status_and_text() {
    let broken = || async { (StatusCode::INTERNAL_SERVER_ERROR, "internal server error\n") };
    let client = serve(Router::new().route("/versions", get(broken))).await;
    let error = client.versions().await.unwrap_err();
    assert!(
        matches!(&error, FactoryError::Fetch(FetchError::Refused { status: 500, text, .. }) if text == "internal server error"),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_id_that_is_none_is_refused() {
    let junk = || async { (StatusCode::CREATED, "{\"id\":\"../../etc\"}") };
    let client = serve(Router::new().route("/schematics", post(junk))).await;
    let answer = client
        .create_schematic(&serial_console_schematic(Arch::Arm64))
        .await;
    assert!(matches!(answer, Err(FactoryError::NotAFactory { .. })));
}

#[tokio::test]
async fn a_closed_port_and_an_unknown_name_are_told_apart() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let closed = client(&base).versions().await;
    let refused = FetchError::Unreachable {
        host: "127.0.0.1".to_owned(),
        way: NoWay::Refused,
        words: "Connection refused (os error 111)".to_owned(),
    };
    assert_eq!(closed.unwrap_err().to_string(), refused.to_string());
    let unknown = client("http://factory.invalid").versions().await;
    assert!(
        matches!(
            unknown,
            Err(FactoryError::Fetch(FetchError::UnknownHost { .. }))
        ),
        "{unknown:?}"
    );
}
