//! The practice factory beside recorded answers of a real one: status, headers and text.
//!
//! The practice factory never reads the record. It is asked every recorded request in order, and
//! then again in another order, with other names, other ids and other versions.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod recorded;
mod variation;

use crete_testkit::factory::{Options, PracticeFactory};
use recorded::Line;
use reqwest::header::HeaderMap;
use variation::Variation;

/// Lines whose body is the practice factory's own: pages, programs and keys are played.
const STAND_INS: &[&str] = &[
    "root-get",
    "llms",
    "ui-version-doc",
    "kernel-get",
    "kernel-range",
    "talosctl-bin",
];
/// Headers of the connection, and lengths of stand-ins.
const NOT_COMPARED: &[&str] = &["date", "content-length", "transfer-encoding"];

/// Both recorded factories, played.
struct Factories {
    direct: PracticeFactory,
    redirecting: PracticeFactory,
    client: reqwest::Client,
}

impl Factories {
    async fn start() -> Self {
        let options = Options {
            assets: [("metal-amd64.iso", "iso"), ("metal-amd64.raw.zst", "zst")]
                .map(|(name, text)| (name.to_owned(), text.into()))
                .into(),
            ..Options::default()
        };
        let direct = Options {
            direct: true,
            ..options.clone()
        };
        let redirecting = Options {
            without_keys: true,
            origin: Some("https://app.example".to_owned()),
            ..options
        };
        Self {
            direct: PracticeFactory::start(direct).await.unwrap(),
            redirecting: PracticeFactory::start(redirecting).await.unwrap(),
            client: reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
        }
    }

    fn of(&self, line: &Line) -> &PracticeFactory {
        match line.instance.as_str() {
            "direct" => &self.direct,
            _ => &self.redirecting,
        }
    }

    async fn post(&self, schematic: &str) {
        for factory in [&self.direct, &self.redirecting] {
            let url = format!("{}/schematics", factory.url);
            let post = self.client.post(url).body(schematic.to_owned());
            assert_eq!(post.send().await.unwrap().status(), 201, "{schematic}");
        }
    }

    /// What is different in the answer to a line.
    async fn ask(&self, line: &Line) -> Vec<String> {
        let factory = self.of(line);
        let method = line.method.parse().unwrap();
        let url = format!("{}{}", factory.url, line.path);
        let mut request = self.client.request(method, url).body(line.body.clone());
        for (name, value) in &line.headers {
            request = request.header(name, value);
        }
        if let Some(host) = &line.host {
            request = request.header("host", recorded::filled(host, factory));
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = String::from_utf8_lossy(&answer.bytes().await.unwrap()).into_owned();
        let mut faults = Vec::new();
        if status != line.status {
            faults.push(format!("{status}, not {}", line.status));
        }
        faults.extend(different_headers(line, &headers, factory));
        if !STAND_INS.contains(&line.name.as_str()) {
            faults.extend(different_text(line, &headers, &text, factory));
        }
        let named = faults.iter().map(|fault| format!("{}: {fault}", line.name));
        named.collect()
    }
}

fn different_headers(line: &Line, given: &HeaderMap, factory: &PracticeFactory) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, expected) in &line.answer_headers {
        let name = name.to_ascii_lowercase();
        if NOT_COMPARED.contains(&name.as_str()) {
            continue;
        }
        let value = given.get(&name).map(|value| value.to_str().unwrap());
        let expected = recorded::filled(expected, factory);
        if !value.is_some_and(|value| recorded::fits(&expected, value)) {
            faults.push(format!("{name} {value:?}, not {expected:?}"));
        }
    }
    for name in given.keys() {
        let known = line
            .answer_headers
            .iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(name.as_str()));
        if !known && !NOT_COMPARED.contains(&name.as_str()) {
            faults.push(format!("{name} is too much"));
        }
    }
    faults
}

fn different_text(
    line: &Line,
    headers: &HeaderMap,
    text: &str,
    factory: &PracticeFactory,
) -> Option<String> {
    let length = headers.get("content-length").map(|v| v.to_str().unwrap());
    if line.is_chunked() && length.is_some() {
        return Some(format!("its length {length:?} is told"));
    }
    let expected = recorded::filled(&line.text, factory);
    if line.is_whole {
        let short = line.has_length() && length != Some(&text.len().to_string());
        if short && line.method != "HEAD" {
            return Some(format!("its length is told as {length:?}"));
        }
        return (!recorded::fits(&expected, text)).then(|| format!("{text:?}, not {expected:?}"));
    }
    let (expected, given) = recorded::beginnings(&expected, text);
    (expected != given).then(|| format!("begins {given:?}, not {expected:?}"))
}

/// What had to be there before the first line.
async fn prepare(factories: &Factories, lines: &[Line]) {
    factories.post("{}").await;
    for line in lines {
        if let Some(schematic) = &line.schematic {
            factories.post(schematic).await;
        }
    }
}

#[tokio::test]
async fn every_recorded_request_is_answered_as_the_real_factory_did() {
    let lines = recorded::lines();
    assert_eq!(lines.len(), 126);
    let factories = Factories::start().await;
    prepare(&factories, &lines).await;
    let mut faults = Vec::new();
    for line in &lines {
        faults.extend(factories.ask(line).await);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test]
async fn so_it_is_when_they_are_shuffled_renamed_and_given_other_versions() {
    for seed in 1..=12 {
        let variation = Variation::new(seed);
        let lines = variation.of(recorded::lines());
        let factories = Factories::start().await;
        prepare(&factories, &lines).await;
        for line in lines.iter().filter(|line| line.creates()) {
            factories.post(&line.body).await;
        }
        let mut faults = Vec::new();
        for line in &lines {
            faults.extend(factories.ask(line).await);
        }
        assert!(faults.is_empty(), "seed {seed}:\n{}", faults.join("\n"));
    }
}
