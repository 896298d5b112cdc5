//! The client: a few requests, and errors that name the cause.

use crate::asset::below;
use crate::{catalogue, schematic};
use crete_model::{ErrorCode, Extension, Problem, Remedy, Schematic, TalosVersion, params};
use serde::Deserialize;
use std::error::Error;
use std::io;
use url::Url;

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
    /// The name does not resolve.
    #[error("{host} is not known: {words}")]
    UnknownHost {
        /// The host.
        host: String,
        /// The system's words.
        words: String,
    },
    /// Nothing answers.
    #[error("{host} cannot be reached: {words}")]
    Unreachable {
        /// The host.
        host: String,
        /// The system's words.
        words: String,
    },
    /// TLS failed.
    #[error("no trusted connection to {host}: {words}")]
    Tls {
        /// The host.
        host: String,
        /// The system's words.
        words: String,
    },
    /// What answers is no Image Factory.
    #[error("{host} is no Image Factory: {words}")]
    NotAFactory {
        /// The host.
        host: String,
        /// What it said instead.
        words: String,
    },
    /// The factory answered with an error.
    #[error("{host} answered {status}: {text}")]
    Refused {
        /// The host.
        host: String,
        /// HTTP status.
        status: u16,
        /// The answer's text.
        text: String,
    },
}

impl FactoryError {
    /// The error as a person gets it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let away = |code, host: &str, words: &str| {
            Problem::new(code, params! { "host" => host })
                .with_detail(words)
                .with_remedy(Remedy::Retry)
                .with_remedy(Remedy::EnterPractice)
                .with_remedy(Remedy::OpenSettings)
        };
        match self {
            Self::BadAddress { text } => {
                Problem::new(ErrorCode::Setting, params! { "setting" => "factory_url" })
                    .with_detail(text)
                    .with_remedy(Remedy::OpenSettings)
            }
            Self::UnknownHost { host, words } => away(ErrorCode::FactoryUnknownHost, host, words),
            Self::Unreachable { host, words } => away(ErrorCode::FactoryUnreachable, host, words),
            Self::Tls { host, words } => away(ErrorCode::FactoryTls, host, words),
            Self::NotAFactory { host, words } => {
                Problem::new(ErrorCode::NotAFactory, params! { "host" => host })
                    .with_detail(words)
                    .with_remedy(Remedy::OpenSettings)
                    .with_remedy(Remedy::EnterPractice)
            }
            Self::Refused { status, text, .. } => Problem::new(
                ErrorCode::FactoryRefused,
                params! { "status" => status, "text" => text },
            )
            .with_detail(text)
            .with_remedy(Remedy::Retry),
        }
    }
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
    http: reqwest::Client,
}

impl Client {
    /// A client for a base address. Deadlines, proxy and certificates are the HTTP client's.
    #[must_use]
    pub fn new(base: Url, http: reqwest::Client) -> Self {
        Self { base, http }
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
        let request = self.http.get(below(&self.base, "versions"));
        let texts: Vec<String> = self.json(request).await?;
        Ok(texts.iter().filter_map(|text| text.parse().ok()).collect())
    }

    /// The system extensions of a version, in the factory's order. The one that is only for the
    /// factory's makers is left out.
    ///
    /// # Errors
    /// When the factory cannot be asked, or does not offer the version.
    pub async fn extensions(&self, version: &TalosVersion) -> Result<Vec<Extension>, FactoryError> {
        let path = format!("version/{version}/extensions/official");
        let listed = self.json(self.http.get(below(&self.base, &path))).await?;
        Ok(catalogue::extensions::shown(listed))
    }

    /// A schematic by its id.
    ///
    /// # Errors
    /// When the factory cannot be asked, does not know the id, or answers with no schematic.
    pub async fn schematic(&self, id: &str) -> Result<Schematic, FactoryError> {
        let body = self
            .body(
                self.http
                    .get(below(&self.base, &format!("schematics/{id}"))),
            )
            .await?;
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
        let request = self.http.post(below(&self.base, "schematics")).body(body);
        let Answer {
            id,
            schematic: yaml,
        } = self.json(request).await?;
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

    /// Sends a request and reads JSON, whatever type it is said to be.
    async fn json<T: serde::de::DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<T, FactoryError> {
        let body = self.body(request).await?;
        serde_json::from_slice(&body).map_err(|_| FactoryError::NotAFactory {
            host: self.host(),
            words: beginning(&body),
        })
    }

    /// Sends a request and reads the answer of a factory that took it.
    async fn body(&self, request: reqwest::RequestBuilder) -> Result<Vec<u8>, FactoryError> {
        let mut response = request
            .send()
            .await
            .map_err(|error| self.classify(&error))?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.classify(&error))?
        {
            if body.len() + chunk.len() > LONGEST {
                let words = "an endless answer".to_owned();
                return Err(FactoryError::NotAFactory {
                    host: self.host(),
                    words,
                });
            }
            body.extend_from_slice(&chunk);
        }
        let start = beginning(&body);
        if !status.is_success() && !start.starts_with('<') {
            return Err(FactoryError::Refused {
                host: self.host(),
                status: status.as_u16(),
                text: start,
            });
        }
        if !status.is_success() {
            // A page instead of a sentence: something else answers in the factory's place.
            return Err(FactoryError::NotAFactory {
                host: self.host(),
                words: start,
            });
        }
        Ok(body)
    }

    fn classify(&self, error: &reqwest::Error) -> FactoryError {
        let host = self.host();
        let words = chain(error);
        let lower = words.to_lowercase();
        if lower.contains("dns error") || lower.contains("failed to lookup") {
            return FactoryError::UnknownHost { host, words };
        }
        if lower.contains("certificate") || lower.contains("tls") {
            return FactoryError::Tls { host, words };
        }
        if error.is_decode() || lower.contains("invalid http") {
            return FactoryError::NotAFactory { host, words };
        }
        FactoryError::Unreachable { host, words }
    }
}

/// The beginning of an answer, for sentences.
fn beginning(body: &[u8]) -> String {
    String::from_utf8_lossy(body)
        .trim()
        .chars()
        .take(300)
        .collect()
}

/// An error and its causes, as one text.
fn chain(error: &reqwest::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(": ");
        match error.downcast_ref::<io::Error>() {
            Some(io) => words.push_str(&io.to_string()),
            None => words.push_str(&error.to_string()),
        }
        cause = error.source();
    }
    words
}
