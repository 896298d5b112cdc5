//! The dev host: the program's router and page in a browser, over loopback only.
//!
//! For development, for machines without a display, and for end-to-end tests in Chromium; never
//! shipped. A random token in the printed address keeps other local pages and programs out.

mod browser;
mod socket;

use anyhow::{Context, Result, bail};
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use browser::Browser;
use crete_api::dispatch;
use crete_engine::Places;
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;

/// The same policy as the window's. No inline script, no other host.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// What all requests share.
struct Shared {
    router: crete_api::Router<Browser>,
    token: String,
    /// `127.0.0.1:port`: another name in `Host` means another page is asking.
    authority: String,
}

struct Options {
    page: PathBuf,
    port: u16,
    practice: bool,
}

fn options(args: impl Iterator<Item = String>) -> Result<Options> {
    let mut options = Options {
        page: PathBuf::from("ui/dist"),
        port: 0,
        practice: false,
    };
    let mut args = args.skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--page" => options.page = PathBuf::from(value()?),
            "--port" => options.port = value()?.parse().context("--port")?,
            "--practice" => options.practice = true,
            other => bail!("unknown option {other}; known are --page, --port, --practice"),
        }
    }
    Ok(options)
}

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("CRETE_LOG"))
        .with_writer(std::io::stderr)
        .init();
    let options = options(std::env::args())?;
    let program = std::env::current_exe()?;
    let places = Places::from_environment(|name| std::env::var(name).ok(), &program);
    let host = Arc::new(Browser::new(places));
    let router = crete_api::Router::open(host, options.practice)
        .await
        .map_err(|problem| {
            anyhow::anyhow!(
                "{:?} {:?} {:?}",
                problem.code,
                problem.params,
                problem.detail
            )
        })?;
    let listener =
        tokio::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, options.port)))
            .await
            .context("the dev host's port")?;
    let authority = listener.local_addr()?.to_string();
    // One that was given lets a page which is still open go on with the next dev host. It comes in
    // the environment, which nobody else can read.
    let token = std::env::var("CRETE_DEVHOST_TOKEN")
        .ok()
        .filter(|token| !token.is_empty())
        .unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string());
    println!("dev host listening on http://{authority}/?token={token}");
    let shared = Arc::new(Shared {
        router,
        token,
        authority,
    });
    let app = routes(shared.clone(), &options.page);
    axum::serve(listener, app)
        .with_graceful_shutdown(ended())
        .await?;
    shared.router.engine().close().await;
    Ok(())
}

/// Waits for the signal to end.
async fn ended() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

fn routes(shared: Arc<Shared>, page: &std::path::Path) -> Router {
    let index = ServeFile::new(page.join("index.html"));
    let policy =
        |name, value| SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value));
    Router::new()
        .route("/rpc/{name}", post(rpc))
        .route("/ws", get(socket::open))
        .with_state(shared)
        .fallback_service(ServeDir::new(page).fallback(index))
        .layer(policy(header::CONTENT_SECURITY_POLICY, CSP))
        .layer(policy(header::REFERRER_POLICY, "no-referrer"))
        .layer(policy(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(policy(header::CACHE_CONTROL, "no-store"))
}

impl Shared {
    /// True for our own page only: the right token, and the address it was given under.
    fn admits(&self, token: Option<&str>, headers: &HeaderMap) -> bool {
        let named = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        token == Some(self.token.as_str()) && named == Some(self.authority.as_str())
    }
}

async fn rpc(
    State(shared): State<Arc<Shared>>,
    UrlPath(name): UrlPath<String>,
    headers: HeaderMap,
    Json(request): Json<Value>,
) -> Response {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    if !shared.admits(bearer, &headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    match dispatch(&shared.router, &name, request).await {
        Ok(answer) => Json(answer).into_response(),
        Err(problem) => (StatusCode::UNPROCESSABLE_ENTITY, Json(problem)).into_response(),
    }
}
