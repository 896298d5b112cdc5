//! A network's process of another version: it greets as such, and carries nothing.
//!
//! Beside the program lies `manners`: the version and the protocol that whoever comes is greeted
//! with, as in `0.0.9 1 0`.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

fn main() -> std::io::Result<()> {
    let words: Vec<String> = std::env::args().collect();
    let [program, _, config, _, socket] = &words[..] else {
        return Err(std::io::Error::other("--config FILE --socket PATH"));
    };
    let manners = Path::new(program).with_file_name("manners");
    let config: Value = serde_json::from_slice(&std::fs::read(config)?)?;
    for stream in UnixListener::bind(socket)?.incoming() {
        serve(stream?, &hello(&manners, &config)?, &config)?;
    }
    Ok(())
}

fn hello(manners: &Path, config: &Value) -> std::io::Result<Value> {
    let manners = std::fs::read_to_string(manners)?;
    let mut manners = manners.split_whitespace();
    let version = manners.next().unwrap_or_default();
    let protocol: Vec<u16> = manners.filter_map(|word| word.parse().ok()).collect();
    Ok(json!({
        "product": "crete-net",
        "protocol": protocol,
        "version": version,
        "network": config["network"],
        "pid": std::process::id(),
    }))
}

/// Greets and answers until whoever drives it hangs up.
fn serve(mut stream: UnixStream, hello: &Value, config: &Value) -> std::io::Result<()> {
    let asks = BufReader::new(stream.try_clone()?).lines();
    let _ = writeln!(stream, "{hello}");
    for ask in asks.map_while(Result::ok) {
        let Ok(ask) = serde_json::from_str::<Value>(&ask) else {
            break;
        };
        let done = match ask["do"].as_str() {
            Some("quit") => std::process::exit(0),
            Some("status") => status(config),
            _ => json!(true),
        };
        let _ = writeln!(stream, "{}", json!({ "id": ask["id"], "done": done }));
    }
    Ok(())
}

fn status(config: &Value) -> Value {
    json!({
        "network": config["network"],
        "subnet": config["subnet"],
        "conflict": null,
        "mtu": config["mtu"],
        "internet": true,
        "uptime_us": 1,
        "ports": [],
        "leases": [],
        "neighbours": [],
        "trespasses": [],
        "forwards": [],
        "balancers": [],
        "nat": {
            "connections": 0,
            "promised": 0,
            "connections_refused": 0,
            "associations": 0,
            "associations_refused": 0,
            "echo_denied": false,
        },
    })
}
