//! The way from a request to an answer: what the factory's router knows, and its manners.

use super::answer::{error, handled, not_allowed, routed, text};
use super::{Shared, api, browser, images, keys, network_boot, pages, registry, talosctl};
use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{Method, Response, StatusCode};

/// What a path leads to.
enum Route<'a> {
    Root,
    Health,
    Llms,
    VersionPages,
    Static,
    Versions,
    Extensions(&'a str),
    Overlays(&'a str),
    Create,
    Stored(&'a str),
    Image([&'a str; 3]),
    NetworkBoot([&'a str; 3]),
    Tools(&'a str),
    Tool(&'a str, &'a str),
    SigningCertificate,
    RegistryKey,
    Registry(&'a str),
}

impl<'a> Route<'a> {
    fn of(path: &'a str) -> Option<Self> {
        let path = path.strip_prefix('/')?;
        if path == "v2" || path.starts_with("v2/") {
            return Some(Self::Registry(path[2..].trim_start_matches('/')));
        }
        let parts: Vec<&str> = path.split('/').collect();
        if parts.len() > 1 && parts.contains(&"") {
            return None;
        }
        Some(match *parts.as_slice() {
            [""] => Self::Root,
            ["healthz" | "readyz"] => Self::Health,
            ["llms.txt"] => Self::Llms,
            ["ui", "version-doc"] => Self::VersionPages,
            ["css" | "js" | "favicons", ..] if parts.len() > 1 => Self::Static,
            ["versions"] => Self::Versions,
            ["version", version, "extensions", "official"] => Self::Extensions(version),
            ["version", version, "overlays", "official"] => Self::Overlays(version),
            ["schematics"] => Self::Create,
            ["schematics", id] => Self::Stored(id),
            ["image", id, version, asset] => Self::Image([id, version, asset]),
            ["pxe", id, version, name] => Self::NetworkBoot([id, version, name]),
            ["talosctl", version] => Self::Tools(version),
            ["talosctl", version, name] => Self::Tool(version, name),
            ["secureboot", "signing-cert.pem"] => Self::SigningCertificate,
            ["oci", "cosign", "signing-key.pub"] => Self::RegistryKey,
            _ => return None,
        })
    }

    /// The methods that are registered, as the router lists them.
    fn methods(&self) -> &'static str {
        match self {
            Self::Create => "OPTIONS, POST",
            Self::Root | Self::Health | Self::Image(_) | Self::Tool(..) | Self::Registry(_) => {
                "GET, HEAD, OPTIONS"
            }
            _ => "GET, OPTIONS",
        }
    }

    fn takes(&self, method: &Method) -> bool {
        self.methods()
            .split(", ")
            .any(|known| known == method.as_str())
    }
}

/// The whole of it: a browser's questions first, then the router, then the handlers.
pub async fn answer(shared: &Shared, request: Request) -> Response<Body> {
    if let Some(answer) = browser::preflight(shared, &request) {
        return answer;
    }
    let readable = browser::readable(shared, &request);
    let mut response = routes(shared, request).await;
    browser::allow(&mut response, readable);
    response
}

async fn routes(shared: &Shared, request: Request) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let Some(route) = Route::of(&path) else {
        return nearby(&path, &request).unwrap_or_else(|| routed(error(404, "404 page not found")));
    };
    if !route.takes(request.method()) {
        return not_allowed(route.methods());
    }
    if request.method() == Method::OPTIONS {
        let mut response = Response::new(Body::empty());
        let allow = route.methods().parse().unwrap();
        response.headers_mut().insert("allow", allow);
        return routed(response);
    }
    if matches!(route, Route::Create) {
        return api::create(shared, request).await;
    }
    if matches!(route, Route::Static) {
        return routed(error(404, "404 page not found"));
    }
    // Parts can be looked at while waiting; a whole request cannot.
    let asked = request.into_parts().0;
    let mut response = handle(shared, &route, &asked).await;
    if asked.method == Method::HEAD && matches!(route, Route::Root | Route::Tool(..)) {
        // Without a body there is nothing to guess from.
        response.headers_mut().remove("content-type");
    }
    handled(response, &asked.headers)
}

async fn handle(shared: &Shared, route: &Route<'_>, asked: &Parts) -> Response<Body> {
    let query = asked.uri.query().unwrap_or_default();
    match route {
        Route::Root => pages::root(query),
        Route::Llms => pages::llms(),
        Route::VersionPages => pages::version_pages(query),
        Route::Versions => api::versions(shared, query),
        Route::Extensions(version) => api::extensions(version),
        Route::Overlays(version) => api::overlays(version),
        Route::Stored(id) => api::stored(shared, id),
        Route::Image(parts) => images::answer(shared, asked, *parts).await,
        Route::NetworkBoot(parts) => network_boot::answer(shared, *parts).await,
        Route::Tools(version) => talosctl::list(shared, version),
        Route::Tool(version, name) => talosctl::program(version, name),
        Route::SigningCertificate => keys::signing_certificate(shared),
        Route::RegistryKey => keys::registry_key(),
        Route::Registry(path) => registry::answer(shared, path),
        Route::Health | Route::Static | Route::Create => Response::new(Body::empty()),
    }
}

/// The router finds a path that is nearly right, and sends there.
fn nearby(path: &str, request: &Request) -> Option<Response<Body>> {
    let trimmed = path.trim_end_matches('/');
    let (first, rest) = match trimmed.get(1..)?.split_once('/') {
        Some((first, rest)) => (first, format!("/{rest}")),
        None => (trimmed.get(1..)?, String::new()),
    };
    let mut to = format!("/{}{rest}", first.to_ascii_lowercase());
    Route::of(&to)?;
    if let Some(query) = request.uri().query() {
        to = format!("{to}?{query}");
    }
    let mut response = if request.method() == Method::GET {
        let body = format!("<a href=\"{to}\">Moved Permanently</a>.\n\n");
        text(301, "text/html; charset=utf-8", body)
    } else {
        // The method is to be kept.
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
        response
    };
    response.headers_mut().insert("location", to.parse().ok()?);
    Some(routed(response))
}
