//! The client: a few requests, and errors that name the cause.

use crate::asset::below;
use crate::{catalogue, schematic};
use crete_fetch::{FetchError, Http, ProxyFault};
use crete_model::{Extension, Schematic, TalosVersion};
use reqwest::RequestBuilder;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use serde::Deserialize;
use std::time::{Duration, SystemTime};
use url::Url;

/// The longest wait for an answer. None of these takes long: only images are built.
const ANSWERS_WITHIN: Duration = Duration::from_secs(60);
/// The longest answer that is read; the lists are some tens of KiB.
const LONGEST: usize = 4 << 20;

/// Why the factory could not be used.
#[derive(Debug, thiserror::Error)]
pub enum FactoryError {
    /// The address in the settings is none.
    #[error("{text:?} is no web address")]
    BadAddress {
        /// The text.
        text: String,
    },
    /// It could not be asked.
    #[error(transparent)]
    Fetch(FetchError),
    /// What answers is no Image Factory.
    #[error("{host} is no Image Factory: {words}")]
    NotAFactory {
        /// The host.
        host: String,
        /// What it said instead.
        words: String,
    },
}

/// A schematic the factory took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The id, by the factory.
    pub id: String,
    /// The canonical text; older factories answer only with the id.
    pub yaml: Option<String>,
}

/// A client of one factory.
#[derive(Debug, Clone)]
pub struct Client {
    base: Url,
    http: Http,
    answers_within: Duration,
}

impl Client {
    /// A client for a base address. Proxy and certificates are the HTTP client's.
    #[must_use]
    pub fn new(base: Url, http: Http) -> Self {
        Self {
            base,
            http,
            answers_within: ANSWERS_WITHIN,
        }
    }

    /// The same with another limit for each answer.
    #[must_use]
    pub fn with_patience(mut self, answers_within: Duration) -> Self {
        self.answers_within = answers_within;
        self
    }

    /// The factory's host, for sentences.
    #[must_use]
    pub fn host(&self) -> String {
        self.base.host_str().unwrap_or_default().to_owned()
    }

    /// All Talos versions the factory offers, in no order. What does not read as a version is
    /// left out: a new kind of entry must not hide the others.
    ///
    /// # Errors
    /// When the factory cannot be asked, or the answer is no list of texts.
    pub async fn versions(&self) -> Result<Vec<TalosVersion>, FactoryError> {
        let texts: Vec<String> = self.json(self.get("versions")).await?;
        Ok(texts.iter().filter_map(|text| text.parse().ok()).collect())
    }

    /// The system extensions of a version, in the factory's order. The one that is only for the
    /// factory's makers is left out.
    ///
    /// # Errors
    /// When the factory cannot be asked, or does not offer the version.
    pub async fn extensions(&self, version: &TalosVersion) -> Result<Vec<Extension>, FactoryError> {
        let path = format!("version/{version}/extensions/official");
        let listed = self.json(self.get(&path)).await?;
        Ok(catalogue::extensions::shown(listed))
    }

    /// The names of a version's overlays.
    ///
    /// # Errors
    /// When the factory cannot be asked, or does not offer the version.
    pub async fn overlays(&self, version: &TalosVersion) -> Result<Vec<String>, FactoryError> {
        #[derive(serde::Deserialize)]
        struct Listed {
            name: String,
        }
        let path = format!("version/{version}/overlays/official");
        let listed: Vec<Listed> = self.json(self.get(&path)).await?;
        Ok(listed.into_iter().map(|overlay| overlay.name).collect())
    }

    /// A schematic by its id.
    ///
    /// # Errors
    /// When the factory cannot be asked, does not know the id, or answers with no schematic.
    pub async fn schematic(&self, id: &str) -> Result<Schematic, FactoryError> {
        let body = self.body(self.get(&format!("schematics/{id}"))).await?;
        let text = String::from_utf8_lossy(&body);
        schematic::parse(&text).map_err(|error| FactoryError::NotAFactory {
            host: self.host(),
            words: error.to_string(),
        })
    }

    /// Sends a schematic. The same content gives the same id, again.
    ///
    /// # Errors
    /// When the factory cannot be asked or refuses it.
    pub async fn create_schematic(&self, wanted: &Schematic) -> Result<Created, FactoryError> {
        #[derive(Deserialize)]
        struct Answer {
            id: String,
            schematic: Option<String>,
        }
        let body = schematic::canonical(wanted);
        let url = below(&self.base, "schematics");
        let request = self.http.client().post(url.clone()).body(body);
        let Answer {
            id,
            schematic: yaml,
        } = self.json((url, request)).await?;
        let hexadecimal = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !hexadecimal {
            // It becomes part of addresses and is shown to people.
            let words = format!("the id {id:?} is not 64 hexadecimal digits");
            return Err(FactoryError::NotAFactory {
                host: self.host(),
                words,
            });
        }
        Ok(Created { id, yaml })
    }

    fn get(&self, path: &str) -> (Url, RequestBuilder) {
        let url = below(&self.base, path);
        let request = self.http.client().get(url.clone());
        (url, request)
    }

    /// Sends a request and reads JSON, whatever type it is said to be.
    async fn json<T: serde::de::DeserializeOwned>(
        &self,
        request: (Url, RequestBuilder),
    ) -> Result<T, FactoryError> {
        let body = self.body(request).await?;
        serde_json::from_slice(&body).map_err(|_| FactoryError::NotAFactory {
            host: self.host(),
            words: beginning(&body),
        })
    }

    /// Sends a request and reads the answer of a factory that took it.
    async fn body(&self, (url, request): (Url, RequestBuilder)) -> Result<Vec<u8>, FactoryError> {
        let answer = match tokio::time::timeout(self.answers_within, receive(request)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                return Err(FactoryError::Fetch(self.http.classify(&url, &error).await));
            }
            Err(_) => {
                return Err(FactoryError::Fetch(FetchError::NoAnswer {
                    host: self.host(),
                    waited: self.answers_within,
                }));
            }
        };
        match self.fault(&url, &answer) {
            Some(fault) => Err(fault),
            None => Ok(answer.body),
        }
    }

    /// Why an answer is none of a factory that took the request.
    fn fault(&self, asked: &Url, answer: &Answer) -> Option<FactoryError> {
        let (host, words, status) = (self.host(), beginning(&answer.body), answer.status);
        if answer.endless {
            let words = "an endless answer".to_owned();
            return Some(FactoryError::NotAFactory { host, words });
        }
        let page = words.starts_with('<');
        if status == 407 {
            return Some(FactoryError::Fetch(FetchError::Proxy {
                proxy: self.http.proxy_for(asked).unwrap_or_default(),
                fault: ProxyFault::SignIn,
                words,
            }));
        }
        if page && (status == 511 || answer.url.origin() != asked.origin()) {
            return Some(FactoryError::Fetch(FetchError::SignIn {
                host,
                portal: answer.url.host_str().unwrap_or_default().to_owned(),
                title: crete_fetch::page_title(&answer.body),
            }));
        }
        if (200..300).contains(&status) {
            return None;
        }
        Some(if page {
            // A page instead of a sentence: something else answers in the factory's place.
            FactoryError::NotAFactory { host, words }
        } else {
            FactoryError::Fetch(FetchError::Refused {
                host,
                status,
                text: words,
                retry_after: answer.retry_after,
            })
        })
    }
}

/// An answer as it came.
struct Answer {
    status: u16,
    url: Url,
    /// How long to wait before another question, if it says so.
    retry_after: Option<Duration>,
    body: Vec<u8>,
    endless: bool,
}

async fn receive(request: RequestBuilder) -> Result<Answer, reqwest::Error> {
    let mut response = request.send().await?;
    let mut answer = Answer {
        status: response.status().as_u16(),
        url: response.url().clone(),
        retry_after: asked_to_wait(response.headers()),
        body: Vec::new(),
        endless: false,
    };
    while let Some(chunk) = response.chunk().await? {
        if answer.body.len() + chunk.len() > LONGEST {
            answer.endless = true;
            break;
        }
        answer.body.extend_from_slice(&chunk);
    }
    Ok(answer)
}

fn asked_to_wait(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok();
    crete_fetch::retry::retry_after(text(RETRY_AFTER)?, text(DATE), SystemTime::now())
}

/// The beginning of an answer, for sentences.
fn beginning(body: &[u8]) -> String {
    String::from_utf8_lossy(body)
        .trim()
        .chars()
        .take(300)
        .collect()
}
