//! QMP, from QEMU's side.

use super::machine::{End, Machine, Status};
use super::script::{Fault, Ignored};
use serde_json::{Value, json};
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};

/// Serves one client after the other, until the machine ends.
pub(super) async fn serve(machine: Arc<Machine>, listener: UnixListener) {
    loop {
        let stream = tokio::select! {
            () = machine.closing.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(_) => return,
            },
        };
        // A client that goes away ends its own conversation only.
        let _ = converse(&machine, stream).await;
    }
}

async fn converse(machine: &Arc<Machine>, stream: UnixStream) -> io::Result<()> {
    let script = &machine.script;
    let (read, write) = stream.into_split();
    let mut out = Out {
        write,
        pieces: script.qmp_pieces,
    };
    if script.before_greeting == Some(Fault::Hang) {
        machine.closing.cancelled().await;
        return Ok(());
    }
    if script.early_event {
        out.send(&event("RTC_CHANGE", json!({ "offset": 0 })))
            .await?;
    }
    let (major, minor, micro) = script.version;
    let greeting = json!({ "QMP": {
        "version": {
            "qemu": { "micro": micro, "minor": minor, "major": major },
            "package": "fake"
        },
        "capabilities": ["oob"]
    }});
    out.send(&greeting).await?;
    let mut events = machine.events.subscribe();
    let mut garbage = script.qmp_garbage.clone();
    let mut negotiated = false;
    let mut lines = BufReader::new(read).lines();
    loop {
        let line = tokio::select! {
            biased;
            event = events.recv(), if negotiated => {
                if let Ok(event) = event {
                    out.send(&event).await?;
                }
                continue;
            }
            () = machine.closing.cancelled() => return Ok(()),
            line = lines.next_line() => match line? {
                Some(line) => line,
                None => return Ok(()),
            },
        };
        let request: Value = match serde_json::from_str(&line) {
            Ok(request) => request,
            Err(_) => {
                let desc = format!("JSON parse error, invalid keyword '{line}'");
                out.send(&json!({ "error": { "class": "GenericError", "desc": desc } }))
                    .await?;
                continue;
            }
        };
        if negotiated && machine.is_deaf() {
            continue;
        }
        if negotiated && let Some(garbage) = garbage.take() {
            out.write(format!("{garbage}\r\n").as_bytes()).await?;
            continue;
        }
        if script.qmp_noise {
            out.send(&event(
                "MADE_UP",
                json!({ "nested": { "list": [1, "two"] } }),
            ))
            .await?;
            out.send(&event("LONG", json!({ "text": "x".repeat(200_000) })))
                .await?;
        }
        let reply = reply(machine, &request, &mut negotiated);
        // What a command causes is told before its answer, as QEMU does.
        while let Ok(event) = events.try_recv() {
            if negotiated {
                out.send(&event).await?;
            }
        }
        out.send(&reply.answer).await?;
        if let Some(end) = reply.end {
            machine.end(end);
        }
    }
}

struct Reply {
    answer: Value,
    /// What follows once the answer has left.
    end: Option<End>,
}

fn reply(machine: &Machine, request: &Value, negotiated: &mut bool) -> Reply {
    let command = request["execute"].as_str().unwrap_or_default();
    let mut end = None;
    let done: Result<Value, (&str, String)> = match command {
        _ if first_argument(request).is_some() => {
            let name = first_argument(request).unwrap_or_default();
            Err(("GenericError", format!("Parameter '{name}' is unexpected")))
        }
        "qmp_capabilities" if *negotiated => Err((
            "CommandNotFound",
            "Capabilities negotiation is already complete, command ignored".to_owned(),
        )),
        "qmp_capabilities" => {
            *negotiated = true;
            Ok(json!({}))
        }
        _ if !*negotiated => Err((
            "CommandNotFound",
            "Expecting capabilities negotiation with 'qmp_capabilities'".to_owned(),
        )),
        "query-status" => {
            let (status, running) = match machine.status() {
                Status::Prelaunch => ("prelaunch", false),
                Status::Running => ("running", true),
                Status::Paused => ("paused", false),
            };
            Ok(json!({ "status": status, "singlestep": false, "running": running }))
        }
        "query-uuid" => Ok(json!({ "UUID": machine.uuid() })),
        "cont" => {
            machine.set_status(Status::Running);
            Ok(json!({}))
        }
        "stop" => {
            machine.set_status(Status::Paused);
            Ok(json!({}))
        }
        "system_powerdown" => {
            machine.tell("POWERDOWN", Value::Null);
            // A guest whose processors stand still cannot react.
            if machine.status() == Status::Running && !machine.script.ignores(Ignored::Acpi) {
                end = Some(End::GuestShutdown);
            }
            Ok(json!({}))
        }
        "quit" => {
            if !machine.script.ignores(Ignored::Quit) {
                machine.tell(
                    "SHUTDOWN",
                    json!({ "guest": false, "reason": "host-qmp-quit" }),
                );
                end = Some(End::Told);
            }
            Ok(json!({}))
        }
        other => Err((
            "CommandNotFound",
            format!("The command {other} has not been found"),
        )),
    };
    let id = &request["id"];
    let answer = match done {
        Ok(value) => json!({ "return": value, "id": id }),
        Err((class, desc)) => json!({ "id": id, "error": { "class": class, "desc": desc } }),
    };
    Reply { answer, end }
}

/// None of the commands played here takes any.
fn first_argument(request: &Value) -> Option<&str> {
    let arguments = request["arguments"].as_object()?;
    arguments.keys().next().map(String::as_str)
}

/// An event as QEMU writes it.
pub(super) fn event(name: &str, data: Value) -> Value {
    let mut event = json!({
        "timestamp": { "seconds": 1_795_572_963, "microseconds": 45_442 },
        "event": name,
    });
    if !data.is_null() {
        event["data"] = data;
    }
    event
}

struct Out {
    write: OwnedWriteHalf,
    pieces: usize,
}

impl Out {
    async fn send(&mut self, message: &Value) -> io::Result<()> {
        self.write(format!("{message}\r\n").as_bytes()).await
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let size = if self.pieces == 0 {
            bytes.len()
        } else {
            self.pieces
        };
        for piece in bytes.chunks(size) {
            self.write.write_all(piece).await?;
            if self.pieces > 0 {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }
}
