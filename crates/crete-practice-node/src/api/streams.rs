//! Streams of answers that go on until the client has enough.

use crate::boot::Boot;
use crete_talos::api::wire::common::Data;
use crete_talos::api::wire::machine as wire;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use tonic::Status;

/// A stream as tonic takes it.
pub(super) type Answers<T> = BoxStream<'static, Result<T, Status>>;

/// Answers that are all there.
pub(super) fn all<T: Send + 'static>(answers: Vec<T>) -> Answers<T> {
    stream::iter(answers.into_iter().map(Ok)).boxed()
}

/// First these, then whatever `more` gives from a place on, one after another.
pub(super) fn then<T, P, F, Fut>(first: Vec<T>, place: P, more: F) -> Answers<T>
where
    T: Send + 'static,
    P: Send + 'static,
    F: Fn(P) -> Fut + Send + Sync + Clone + 'static,
    Fut: Future<Output = (Vec<T>, P)> + Send + 'static,
{
    let state = (VecDeque::from(first), Some(place), more);
    stream::unfold(state, |(mut ready, mut place, more)| async move {
        loop {
            if let Some(answer) = ready.pop_front() {
                return Some((Ok(answer), (ready, place, more)));
            }
            let (next, behind) = more(place.take()?).await;
            ready.extend(next);
            place = Some(behind);
        }
    })
    .boxed()
}

/// Events, after the first message that says that the node listens.
pub(super) fn events(boot: &Arc<Boot>, request: wire::EventsRequest) -> Answers<wire::Event> {
    let place = boot.events.begin(&request);
    let (boot, actor) = (Arc::clone(boot), request.with_actor_id);
    then(vec![boot.events.hello()], place, move |place| {
        let (boot, actor) = (Arc::clone(&boot), actor.clone());
        async move {
            let (mut events, next) = boot.events.after(place).await;
            events.retain(|event| actor.is_empty() || event.actor_id == actor);
            (events, next)
        }
    })
}

/// A log, a frame a line.
pub(super) fn log(boot: &Arc<Boot>, id: &str, follow: bool, last: Option<u64>) -> Answers<Data> {
    let begin = boot.logs.begin(id, last);
    let (lines, place) = boot.logs.there(id, begin);
    let first = frames(lines);
    if !follow {
        return all(first);
    }
    let (boot, id) = (Arc::clone(boot), id.to_owned());
    then(first, place, move |place| {
        let (boot, id) = (Arc::clone(&boot), id.clone());
        async move {
            let (lines, next) = boot.logs.after(&id, place).await;
            (frames(lines), next)
        }
    })
}

fn frames(lines: Vec<String>) -> Vec<Data> {
    let frame = |line: String| Data {
        metadata: None,
        bytes: line.into_bytes(),
    };
    lines.into_iter().map(frame).collect()
}
