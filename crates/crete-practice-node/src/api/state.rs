//! Resources over the API: get, list, watch.

use super::roles::Roles;
use super::streams::{Answers, all, then};
use crate::boot::Boot;
use crate::resources::kinds;
use crate::services::wire_time;
use crate::store::{Change, Kind, Resource};
use crete_talos::api::wire::cosi::resource as wire;
use std::sync::Arc;
use tonic::{Request, Response, Status};
use wire::EventType;

/// Bytes of a bookmark: which boot, which place.
const BOOKMARK: usize = 16;

pub(super) struct State {
    boot: Arc<Boot>,
    roles: Roles,
}

impl State {
    pub fn new(boot: Arc<Boot>, roles: Roles) -> Self {
        Self { boot, roles }
    }

    /// The kind of a request, when the caller may read it.
    fn kind(&self, namespace: &str, name: &str) -> Result<Kind, Status> {
        let Some(kind) = kinds::find(namespace, name) else {
            let text = format!("resource type {name:?} is not supported");
            return Err(Status::permission_denied(text));
        };
        match kind.sensitive && !self.roles.admin {
            true => Err(Status::permission_denied("not authorized")),
            false => Ok(kind),
        }
    }

    fn bookmark(&self, place: u64) -> Vec<u8> {
        let boot = self.boot.began_at().as_nanosecond();
        let boot = u64::try_from(boot).unwrap_or_default();
        [boot.to_be_bytes(), place.to_be_bytes()].concat()
    }

    fn place(&self, bookmark: &[u8]) -> Result<u64, Status> {
        let lost = || Status::failed_precondition("invalid watch bookmark");
        let place = <[u8; BOOKMARK]>::try_from(bookmark).map_err(|_| lost())?;
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&place[8..]);
        let place = u64::from_be_bytes(bytes);
        let same = self.bookmark(place) == bookmark && self.boot.store.knows(place);
        if same { Ok(place) } else { Err(lost()) }
    }
}

fn resource(resource: &Resource) -> wire::Resource {
    wire::Resource {
        metadata: Some(wire::Metadata {
            namespace: resource.kind.namespace.to_owned(),
            r#type: resource.kind.name.to_owned(),
            id: resource.id.clone(),
            version: resource.version.to_string(),
            owner: resource.kind.owner.to_owned(),
            phase: "running".to_owned(),
            created: Some(wire_time(resource.created)),
            updated: Some(wire_time(resource.updated)),
            finalizers: Vec::new(),
            labels: resource.labels.clone().into_iter().collect(),
            annotations: Default::default(),
        }),
        spec: Some(wire::Spec {
            proto_spec: resource.spec.proto.clone(),
            yaml_spec: resource.spec.yaml.clone(),
        }),
    }
}

/// A resource that is gone, or was never there.
fn tombstone(kind: Kind, id: &str) -> wire::Resource {
    wire::Resource {
        metadata: Some(wire::Metadata {
            namespace: kind.namespace.to_owned(),
            r#type: kind.name.to_owned(),
            id: id.to_owned(),
            version: "undefined".to_owned(),
            phase: "running".to_owned(),
            ..wire::Metadata::default()
        }),
        spec: Some(wire::Spec::default()),
    }
}

fn event(kind: EventType, resource: Option<wire::Resource>) -> wire::Event {
    wire::Event {
        resource,
        event_type: kind.into(),
        ..wire::Event::default()
    }
}

fn changed(change: &Change) -> wire::Event {
    match change {
        Change::Created(new) => event(EventType::Created, Some(resource(new))),
        Change::Updated(new, old) => wire::Event {
            old: Some(resource(old)),
            ..event(EventType::Updated, Some(resource(new)))
        },
        Change::Destroyed(old) => event(EventType::Destroyed, Some(resource(old))),
    }
}

/// Which resources of a kind somebody watches.
#[derive(Clone)]
struct Wanted {
    id: Option<String>,
    aggregated: bool,
}

impl Wanted {
    fn frames(&self, events: Vec<wire::Event>) -> Vec<wire::WatchResponse> {
        match self.aggregated {
            true if events.is_empty() => Vec::new(),
            true => vec![wire::WatchResponse { event: events }],
            false => {
                let alone = |event| wire::WatchResponse { event: vec![event] };
                events.into_iter().map(alone).collect()
            }
        }
    }
}

#[tonic::async_trait]
impl wire::state_server::State for State {
    type ListStream = Answers<wire::ListResponse>;
    type WatchStream = Answers<wire::WatchResponse>;

    async fn get(
        &self,
        request: Request<wire::GetRequest>,
    ) -> Result<Response<wire::GetResponse>, Status> {
        let wire::GetRequest {
            namespace,
            r#type: name,
            id,
        } = request.into_inner();
        let kind = self.kind(&namespace, &name)?;
        let Some(found) = self.boot.store.get(kind, &id) else {
            let text = format!("resource {name}({namespace}/{id}@undefined) doesn't exist");
            return Err(Status::not_found(text));
        };
        Ok(Response::new(wire::GetResponse {
            resource: Some(resource(&found)),
        }))
    }

    async fn list(
        &self,
        request: Request<wire::ListRequest>,
    ) -> Result<Response<Self::ListStream>, Status> {
        let request = request.into_inner();
        let kind = self.kind(&request.namespace, &request.r#type)?;
        let answer = |found: &Arc<Resource>| wire::ListResponse {
            resource: Some(resource(found)),
        };
        let found = self.boot.store.list(kind);
        Ok(Response::new(all(found.iter().map(answer).collect())))
    }

    async fn watch(
        &self,
        request: Request<wire::WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let request = request.into_inner();
        // The maintenance service of 1.12, and its ordinary one, stumble over an empty request.
        if request.r#type.is_empty() && !self.boot.since_1_13() {
            let text = "runtime error: invalid memory address or nil pointer dereference";
            return Err(Status::internal(text));
        }
        let kind = self.kind(&request.namespace, &request.r#type)?;
        let options = request.options.unwrap_or_default();
        let api = request.api_version;
        let wanted = Wanted {
            id: request.id,
            aggregated: options.aggregated,
        };
        let (mut place, there) = self.boot.store.now(kind);
        let mut events = Vec::new();
        if let Some(bookmark) = &options.start_from_bookmark {
            place = self.place(bookmark)?;
        } else if let Some(id) = &wanted.id {
            if options.bootstrap_contents {
                let text = "bootstrap contents is not supported for resource watch";
                return Err(Status::unimplemented(text));
            }
            events.push(match there.iter().find(|one| one.id == *id) {
                Some(found) => event(EventType::Created, Some(resource(found))),
                None => event(EventType::Destroyed, Some(tombstone(kind, id))),
            });
        } else if options.bootstrap_contents {
            let created = |one: &Arc<Resource>| event(EventType::Created, Some(resource(one)));
            events.extend(there.iter().map(created));
            if api >= 1 {
                events.push(event(EventType::Bootstrapped, Some(tombstone(kind, ""))));
            }
        }
        if let Some(last) = events.last_mut() {
            last.bookmark = Some(self.bookmark(place));
        }
        // An empty message says that the watch is there.
        let mut first = vec![wire::WatchResponse::default()];
        first.extend(wanted.frames(events));
        let own = Self::new(Arc::clone(&self.boot), self.roles);
        let own = Arc::new(own);
        Ok(Response::new(then(first, place, move |place| {
            let (own, wanted) = (Arc::clone(&own), wanted.clone());
            async move {
                let (changes, next) = own.boot.store.after(kind, place).await;
                let mine = changes.iter().filter(|(_, change)| {
                    let id = &change.resource().id;
                    wanted.id.as_ref().is_none_or(|wanted| wanted == id)
                });
                let events = mine.map(|(at, change)| wire::Event {
                    bookmark: Some(own.bookmark(*at)),
                    ..changed(change)
                });
                (wanted.frames(events.collect()), next)
            }
        })))
    }
}
