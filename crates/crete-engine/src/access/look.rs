//! The access to a cluster as it is seen: what was written and what became of it, and what merging
//! would do. Nothing is changed.

use super::issue::{self, AccessTo, Issued};
use super::personal::{Look, PersonalFault};
use super::records::{Record, Records};
use super::{Access, PersonalFiles};
use crate::error::Result;
use crete_model::{
    AccessFile, AccessHow, AccessKind, AccessOffer, AccessRole, AccessState, AccessView,
};
use crete_talos::pki::{
    CaParts, Certificate, ClientCertificate, KubeconfigFile, PkiError, Secret, Talosconfig,
};
use jiff::Timestamp;
use std::path::Path;

impl Access<'_> {
    /// What there is to see.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub fn view(&self) -> Result<AccessView> {
        let records = Records::open(self.folder)?;
        let ours = Ours::of(self.to);
        let offers = [
            (AccessKind::Talosconfig, AccessRole::Admin),
            (AccessKind::Kubeconfig, AccessRole::Admin),
        ];
        Ok(AccessView {
            files: records
                .files
                .iter()
                .map(|record| file(record, &ours, self.now))
                .collect(),
            offers: offers
                .into_iter()
                .map(|(kind, role)| offer(self.to, kind, role, self.files, &records))
                .collect(),
            authorities: issue::authorities(self.to.bundle.parts(), self.now),
        })
    }
}

/// By what this cluster is known in a file.
struct Ours {
    talos: String,
    kubernetes: String,
}

impl Ours {
    fn of(to: &AccessTo) -> Self {
        let parts = to.bundle.parts();
        let crt = |ca: &Option<CaParts>| ca.as_ref().map(|ca| ca.crt.clone()).unwrap_or_default();
        Self {
            talos: crt(&parts.os),
            kubernetes: crt(&parts.k8s),
        }
    }
}

fn file(record: &Record, ours: &Ours, now: Timestamp) -> AccessFile {
    let look = Look::at(&record.path);
    let (state, certificate) = match &look {
        Err(_) => (AccessState::Unreadable, None),
        Ok(look) if look.bytes.is_none() => (AccessState::Gone, None),
        Ok(look) => match look.text().map(|text| certificate(record, text, ours)) {
            Err(_) | Ok(Err(())) => (AccessState::Unreadable, None),
            Ok(Ok(None)) => (AccessState::Gone, None),
            Ok(Ok(Some(pem))) => {
                let untouched = look.digest().as_deref() == Some(&record.written);
                let state = match untouched {
                    true => AccessState::Untouched,
                    false => AccessState::Changed,
                };
                (
                    state,
                    Certificate::parse("the client's certificate", &pem).ok(),
                )
            }
        },
    };
    let lifetime = certificate.map(|one| one.lifetime());
    AccessFile {
        id: record.id.clone(),
        kind: record.kind,
        role: record.role,
        how: record.how,
        path: record.path.display().to_string(),
        context: record.context.clone(),
        state,
        expires_at: lifetime.map(|lifetime| lifetime.not_after.to_string()),
        renew: lifetime.is_some_and(|lifetime| lifetime.needs_renewal(now)),
        expired: lifetime.is_some_and(|lifetime| lifetime.left(now).is_none()),
        can_undo: record.how == AccessHow::Merged && state == AccessState::Untouched,
    }
}

/// This cluster's certificate in a file: an error when the file does not parse, nothing when this
/// cluster is not in it.
fn certificate(
    record: &Record,
    text: &str,
    ours: &Ours,
) -> std::result::Result<Option<String>, ()> {
    match record.kind {
        AccessKind::Talosconfig => {
            let parsed = Talosconfig::parse(text).map_err(drop)?;
            let mut contexts = parsed.contexts.into_iter();
            let found = contexts
                .find(|(name, context)| *name == record.context && context.ca == ours.talos);
            Ok(found.map(|(_, context)| context.crt))
        }
        AccessKind::Kubeconfig => {
            let parsed = KubeconfigFile::parse(text).map_err(drop)?;
            let found = parsed.entries.into_iter().find(|entry| {
                entry.context == record.context && entry.authority == ours.kubernetes
            });
            Ok(found.map(|entry| entry.certificate))
        }
    }
}

/// What merging would do, found out by doing it with a certificate of nobody's.
fn offer(
    to: &AccessTo,
    kind: AccessKind,
    role: AccessRole,
    files: &PersonalFiles,
    records: &Records,
) -> AccessOffer {
    let nobody = ClientCertificate {
        certificate: String::new(),
        key: Secret::default(),
    };
    let issued = issue::around(to, kind, role, &nobody);
    let mut offer = AccessOffer {
        kind,
        path: None,
        exists: false,
        leads_to: None,
        context: issued.context(),
        taken: None,
        replaces: false,
        becomes_current: false,
        obstacle: None,
    };
    let Some(path) = files.of(kind) else {
        return offer;
    };
    offer.path = Some(path.display().to_string());
    let mine = records.files.iter().find(|one| {
        one.how == AccessHow::Merged && one.kind == kind && one.role == role && one.path == path
    });
    let old = mine.map(|one| one.context.as_str());
    if let Err(fault) = foresee(&mut offer, path, &issued, old) {
        offer.obstacle = Some(fault.to_string());
    }
    offer
}

fn foresee(
    offer: &mut AccessOffer,
    path: &Path,
    issued: &Issued,
    old: Option<&str>,
) -> std::result::Result<(), PersonalFault> {
    let look = Look::at(path)?;
    offer.exists = look.bytes.is_some();
    offer.leads_to = (look.path != path).then(|| look.path.display().to_string());
    if offer.exists && look.mode & 0o200 == 0 {
        return Err(PersonalFault::ReadOnly(look.path));
    }
    let text = look.text()?;
    let read = || -> std::result::Result<_, PkiError> {
        let (names, current): (Vec<String>, String) = match issued {
            Issued::Talos(_) => {
                let parsed = Talosconfig::parse(text)?;
                let names = parsed.contexts.into_iter().map(|(name, _)| name);
                (names.collect(), parsed.context)
            }
            Issued::Kubernetes(_) => {
                let parsed = KubeconfigFile::parse(text)?;
                let names = parsed.entries.into_iter().map(|entry| entry.context);
                (names.collect(), parsed.current)
            }
        };
        let (_, context) = issued.merged(text, old)?;
        Ok((names, current, context))
    };
    let (names, current, context) = read().map_err(|error| PersonalFault::Unreadable {
        path: look.path.clone(),
        reason: error.to_string(),
    })?;
    offer.replaces = names.contains(&context);
    offer.becomes_current = current.is_empty();
    let wanted = std::mem::replace(&mut offer.context, context);
    offer.taken = (offer.context != wanted && old.is_none()).then_some(wanted);
    Ok(())
}
