//! The practice factory beside recorded answers of a real one: status, type and text.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use crete_testkit::factory::{Options, PracticeFactory};
use serde_json::Value;

/// Lines whose body is compared too. Extension lists differ in digests that a factory computes.
const WHOLE: &[&str] = &[
    "health",
    "ready",
    "unknown-route",
    "unknown-route-post",
    "versions",
    "versions-slash",
    "versions-post",
    "extensions-unknown-version",
    "extensions-old-prerelease",
    "extensions-malformed-version",
    "extensions-short-version",
    "extensions-missing-catalogue",
    "extensions-wrong-tail",
    "overlays-1.6",
    "overlays-unknown",
    "create-empty",
    "create-empty-again",
    "create-qga",
    "create-json",
    "create-no-body",
    "create-blank",
    "create-unknown-key",
    "create-bootloader-auto",
    "create-bootloader-case",
    "create-unknown-extension",
    "create-overlay",
    "create-overlay-unknown",
    "create-owner",
    "create-embedded",
    "create-get",
    "create-put",
    "get-empty",
    "get-unknown",
    "get-short",
    "image-unknown-schematic",
    "image-unknown-version",
    "image-bad-version",
    "image-short-version",
    "image-bad-format",
    "image-bad-arch",
    "image-bad-platform",
    "image-board-name",
    "image-vmdk",
    "image-sha256",
    "image-post",
];
/// Lines of which status and type are compared.
const HEADS: &[&str] = &[
    "versions-gzip",
    "versions-conditional",
    "ready-head",
    "versions-head",
    "extensions",
    "extensions-nov",
    "extensions-real-digest",
    "extensions-head",
    "overlays",
    "get-head",
    "iso-head",
    "rawzst-head",
];

#[tokio::test]
async fn covered_lines_are_answered_as_the_real_factory_did() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/fixtures/factory/factory-transcript.jsonl"
    );
    let options = Options {
        assets: [("metal-amd64.iso", "iso"), ("metal-amd64.raw.zst", "zst")]
            .map(|(name, text)| (name.to_owned(), text.into()))
            .into(),
        ..Options::default()
    };
    let factory = PracticeFactory::start(options).await.unwrap();
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let post = client
        .post(format!("{}/schematics", factory.url))
        .body("{}");
    assert_eq!(post.send().await.unwrap().status(), 201);

    let (mut seen, mut faults) = (0, Vec::new());
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let name = line["name"].as_str().unwrap();
        let whole = WHOLE.contains(&name);
        if line["instance"] != "direct" || !(whole || HEADS.contains(&name)) {
            continue;
        }
        seen += 1;
        let request = &line["request"];
        let method = request["method"].as_str().unwrap().parse().unwrap();
        let url = format!("{}{}", factory.url, request["path"].as_str().unwrap());
        let body = request["body"].as_str().unwrap_or_default().to_owned();
        let answer = client.request(method, url).body(body).send().await.unwrap();
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        let recorded = |wanted: &str| recorded_header(&line["headers"], wanted);
        let status = answer.status().as_u16();
        if u64::from(status) != line["status"].as_u64().unwrap() {
            faults.push(format!("{name}: {status}, not {}", line["status"]));
        }
        for key in ["content-type", "allow", "location", "server"] {
            if header(key) != recorded(key) {
                faults.push(format!(
                    "{name}: {key} {:?}, not {:?}",
                    header(key),
                    recorded(key)
                ));
            }
        }
        let text = answer.text().await.unwrap();
        if whole && Some(text.as_str()) != line["body"].as_str() {
            faults.push(format!("{name}: {text:?}, not {}", line["body"]));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(seen, WHOLE.len() + HEADS.len());
}

fn recorded_header(headers: &Value, wanted: &str) -> Option<String> {
    let pairs: Vec<(String, String)> = match headers {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()))
            .collect(),
        Value::Array(list) => list
            .iter()
            .map(|pair| {
                (
                    pair[0].as_str().unwrap().to_owned(),
                    pair[1].as_str().unwrap().to_owned(),
                )
            })
            .collect(),
        _ => Vec::new(),
    };
    pairs
        .into_iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value)
}
