//! Asking, and judging the head of the answer before anything of it is believed.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::{
    CONTENT_LENGTH, CONTENT_RANGE, DATE, ETAG, HeaderMap, HeaderName, IF_RANGE, LAST_MODIFIED,
    RANGE, RETRY_AFTER,
};
use url::Url;

use super::{Event, Work};
use crate::container::first_line;
use crate::error::{FetchError, ProxyFault};
use crate::http::{host_of, is_page_type, page_title};
use crate::partial::SideFile;
use crate::resume::{ResponseHead, validator};
use crate::retry;

/// Bytes of a refusal or a page that are read for its words.
const WORDS: usize = 8 * 1024;

/// Asks, tells after a while that the server builds, and refuses what cannot be the file.
pub(super) async fn ask(
    work: &Work<'_>,
    held: Option<&SideFile>,
) -> Result<(Response, ResponseHead), FetchError> {
    let request = work.request;
    let host = request.host();
    (work.events)(Event::Asking { host: host.clone() });
    let patience = &request.patience;
    let answering = async {
        let send = send(work, held);
        tokio::pin!(send);
        tokio::select! {
            answer = &mut send => return Some(answer),
            () = tokio::time::sleep(patience.building_after) => {}
        }
        (work.events)(Event::Building { host: host.clone() });
        let rest = patience.answer.saturating_sub(patience.building_after);
        tokio::time::timeout(rest, send).await.ok()
    };
    match work.unless_cancelled(answering).await? {
        Some(Ok(response)) => vet(work, response).await,
        Some(Err(error)) => Err(work.http.classify(&request.url, &error).await),
        None => Err(FetchError::NoAnswer {
            host,
            waited: patience.answer,
        }),
    }
}

async fn send(work: &Work<'_>, held: Option<&SideFile>) -> Result<Response, reqwest::Error> {
    let url = &work.request.url;
    let get = |url: &Url| {
        let get = work.http.client().get(url.clone());
        match held.and_then(|side| Some((side, validator(side)?))) {
            Some((side, proof)) => get
                .header(RANGE, format!("bytes={}-", side.received))
                .header(IF_RANGE, proof),
            None => get,
        }
    };
    let response = get(url).send().await?;
    if response.status().as_u16() == 407 && response.url() != url {
        // The client does not tell a proxy who we are again when it follows a redirect.
        let url = response.url().clone();
        return get(&url).send().await;
    }
    Ok(response)
}

/// Lets through what may be the file, or a part of it.
async fn vet(work: &Work<'_>, response: Response) -> Result<(Response, ResponseHead), FetchError> {
    let url = &work.request.url;
    let status = response.status().as_u16();
    let page = is_page_type(response.headers());
    let plain_proxy = work.http.proxy_for(url).filter(|_| url.scheme() == "http");
    if matches!(status, 200 | 206 | 416) && !page {
        let head = head_of(&response);
        return Ok((response, head));
    }
    let (final_url, headers) = (response.url().clone(), response.headers().clone());
    let words = words_of(work, response, page).await;
    if status == 407 {
        let proxy = plain_proxy.unwrap_or_default();
        return Err(FetchError::Proxy {
            proxy,
            fault: ProxyFault::SignIn,
            words,
        });
    }
    if page && (status < 400 || status == 511) {
        return Err(match plain_proxy {
            // Whatever is there, it did not pass the request on.
            Some(proxy) => FetchError::Proxy {
                proxy,
                fault: ProxyFault::NotAProxy,
                words,
            },
            None => FetchError::SignIn {
                host: host_of(url),
                portal: host_of(&final_url),
                title: words,
            },
        });
    }
    Err(refusal(work, status, &final_url, &headers, words))
}

/// An answer that is no file.
fn refusal(
    work: &Work<'_>,
    status: u16,
    final_url: &Url,
    headers: &HeaderMap,
    text: String,
) -> FetchError {
    let url = &work.request.url;
    let elsewhere = final_url.origin() != url.origin();
    let denied = (400..500).contains(&status) && !matches!(status, 408 | 425 | 429);
    if elsewhere && denied {
        return FetchError::LinkRefused {
            host: host_of(final_url),
            status,
            text,
        };
    }
    if matches!(status, 404 | 410) {
        return FetchError::NotThere {
            url: without_query(url),
            text,
        };
    }
    FetchError::Refused {
        host: host_of(final_url),
        status,
        text,
        retry_after: asked_to_wait(headers, work),
    }
}

fn asked_to_wait(headers: &HeaderMap, work: &Work<'_>) -> Option<Duration> {
    let value = header(headers, &RETRY_AFTER)?;
    let date = header(headers, &DATE);
    retry::retry_after(&value, date.as_deref(), (work.request.now)())
}

/// The reason in the first bytes: a page's title, or a text's first line. A failure to read it
/// changes nothing.
async fn words_of(work: &Work<'_>, mut response: Response, page: bool) -> String {
    let mut start = Vec::new();
    let reading = async {
        while start.len() < WORDS
            && let Ok(Some(bytes)) = response.chunk().await
        {
            start.extend_from_slice(&bytes);
        }
    };
    // Cancelling is noticed by whoever asks next; this wait is short.
    let _ = tokio::time::timeout(work.request.patience.stall, reading).await;
    start.truncate(WORDS);
    if page {
        page_title(&start)
    } else {
        first_line(&start).unwrap_or_default()
    }
}

fn head_of(response: &Response) -> ResponseHead {
    let text = |name: HeaderName| header(response.headers(), &name);
    ResponseHead {
        status: response.status().as_u16(),
        content_length: text(CONTENT_LENGTH).and_then(|text| text.parse().ok()),
        content_range: text(CONTENT_RANGE),
        etag: text(ETAG),
        last_modified: text(LAST_MODIFIED),
    }
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

pub(super) fn without_query(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.to_string()
}
