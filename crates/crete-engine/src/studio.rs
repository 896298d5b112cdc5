//! The studio: composing with what is remembered of the factory, opening, and keeping drafts.

use crate::Engine;
use crate::error::{EngineError, Result};
use crate::store;
use crete_factory::catalogue::{presets, targets};
use crete_factory::schematic;
use crete_factory::studio::{self, Known, Opened};
use crete_model::{
    Arch, Composition, DraftId, ErrorCode, FieldCode, FieldProblem, ImageOrigin, ImageView, Params,
    Preset, Problem, Remedy, SavedDraft, StudioDraft, TalosVersion, Targets, TrashKind, Workbench,
    params,
};
use std::path::Path;
use uuid::Uuid;

/// A draft's name is a title, not a path.
const LONGEST_NAME: usize = 120;

/// What the factory made of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    /// The id, by the factory: this one counts.
    pub id: String,
    /// The id computed here.
    pub predicted: String,
}

/// What a pasted text turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenedText {
    /// The choices.
    pub draft: StudioDraft,
    /// The schematic's id where the text named one.
    pub schematic_id: Option<String>,
}

/// Bytes of a file by those that arrived earlier, which is nearer than any table: of this
/// version, or else of its minor.
fn size_by_earlier(images: &[ImageView], version: &TalosVersion, name: &str) -> Option<u64> {
    let arrived = |same: &dyn Fn(&TalosVersion) -> bool| {
        images.iter().find_map(|view| {
            let ImageOrigin::Factory(origin) = &view.spec.origin else {
                return None;
            };
            let fits = origin.asset == name && view.spec.version.as_ref().is_some_and(same);
            Some(view.spec.file.as_ref().filter(|_| fits)?.downloaded)
        })
    };
    arrived(&|other| other == version)
        .or_else(|| arrived(&|other| other.minor() == version.minor()))
}

impl Engine {
    /// Everything an image can be for.
    #[must_use]
    pub fn targets(&self) -> &'static Targets {
        targets()
    }

    /// Answers that go together.
    #[must_use]
    pub fn presets(&self, arch: Arch) -> Vec<Preset> {
        presets(arch)
    }

    /// What a draft comes to, by what is remembered of the factory. Sends nothing.
    ///
    /// # Errors
    /// When the factory's address in the settings is unusable.
    pub fn compose(&self, draft: &StudioDraft) -> Result<Composition> {
        let versions = self.known_versions();
        let extensions = draft
            .version
            .as_ref()
            .and_then(|version| self.known_extensions(version));
        let known = Known {
            versions: versions.as_deref(),
            extensions: extensions.as_deref(),
        };
        let mut made = studio::compose(draft, &known, &self.factory_url()?);
        if let Some(version) = &draft.version {
            let images = self.images.all();
            for output in &mut made.outputs {
                if let Some(size) = size_by_earlier(&images, version, &output.name) {
                    output.estimated_size = size;
                }
            }
        }
        Ok(made)
    }

    /// Sends a draft's schematic to the factory. The factory's id is the true one.
    ///
    /// # Errors
    /// When the factory cannot be asked or refuses the schematic.
    pub async fn confirm(&self, draft: &StudioDraft) -> Result<Confirmed> {
        let composition = self.compose(draft)?;
        let created = self
            .factory()?
            .create_schematic(&composition.schematic)
            .await;
        let created = created.map_err(|error| error.problem())?;
        Ok(Confirmed {
            id: created.id,
            predicted: composition.schematic_id,
        })
    }

    /// Opens whatever a person pasted: an id, YAML, a link, an address, a reference.
    ///
    /// # Errors
    /// When it is nothing an Image Factory knows, or the factory cannot give the schematic.
    pub async fn open_text(&self, text: &str) -> Result<OpenedText> {
        match studio::open(text).map_err(|error| unreadable(&error))? {
            Opened::Draft(draft) => Ok(OpenedText {
                draft: *draft,
                schematic_id: None,
            }),
            Opened::Schematic(recipe) => {
                let mut draft = StudioDraft::default();
                studio::adopt(&mut draft, &recipe);
                Ok(OpenedText {
                    draft,
                    schematic_id: Some(schematic::id(&recipe)),
                })
            }
            Opened::Id { id, beside } => {
                let recipe = self.factory()?.schematic(&id).await;
                let recipe = recipe.map_err(|error| error.problem())?;
                let mut draft = *beside;
                studio::adopt(&mut draft, &recipe);
                Ok(OpenedText {
                    draft,
                    schematic_id: Some(id),
                })
            }
        }
    }

    /// Notes how the studio's table was left, so that a restart loses no answer. The answers may
    /// hold a machine configuration: the record is the person's alone.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn leave_workbench(&self, draft: Option<StudioDraft>, kept: Option<DraftId>) -> Result<()> {
        let workbench = Workbench {
            schema_version: 1,
            draft,
            kept,
        };
        store::write(&self.roots.workbench(), &workbench)
    }

    /// How the studio's table was left. One that cannot be read is as good as a clean one.
    #[must_use]
    pub fn workbench(&self) -> Workbench {
        let read = store::read_if_there(&self.roots.workbench());
        let mut left: Workbench = read
            .inspect_err(|error| tracing::warn!(%error, "the studio begins anew"))
            .ok()
            .flatten()
            .unwrap_or_default();
        // The draft it began from may be in the trash since.
        left.kept = left.kept.filter(|id| self.draft(*id).is_ok());
        left
    }

    /// Keeps a draft under a name; a new one when `id` is `None`.
    ///
    /// # Errors
    /// When the name is not acceptable, there is no such draft, or it cannot be written.
    pub fn save_draft(
        &self,
        id: Option<DraftId>,
        name: &str,
        draft: StudioDraft,
    ) -> Result<DraftId> {
        let name = name.trim();
        check_name(name)?;
        let now = self.clock.text();
        let created_at = match id {
            Some(id) => self.draft(id)?.created_at,
            None => now.clone(),
        };
        let id = id.unwrap_or_else(|| DraftId(Uuid::now_v7()));
        let saved = SavedDraft {
            schema_version: 1,
            id,
            name: name.to_owned(),
            draft,
            created_at,
            changed_at: now,
        };
        store::create(&self.roots.drafts().join(id.to_string()), &saved)?;
        self.drafts.set(id.to_string(), saved);
        Ok(id)
    }

    /// Moves a draft to the trash; returns the trash id and its name.
    ///
    /// # Errors
    /// When there is no such draft, or its folder cannot be moved.
    pub fn delete_draft(&self, id: DraftId) -> Result<(String, String)> {
        let name = self.draft(id)?.name;
        let folder = self.roots.drafts().join(id.to_string());
        let trash_id = self.discard_object(TrashKind::Drafts, &id.to_string(), &name, &folder)?;
        self.drafts.remove(&id.to_string());
        Ok((trash_id, name))
    }

    fn draft(&self, id: DraftId) -> Result<SavedDraft> {
        self.drafts
            .get(&id.to_string())
            .ok_or_else(|| EngineError::NotFound {
                kind: "draft",
                id: id.to_string(),
            })
    }

    pub(crate) fn load_draft(&self, folder: &Path, record: Result<SavedDraft>) {
        match record {
            Ok(saved) => self.drafts.set(saved.id.to_string(), saved),
            Err(error) => self.show_broken("drafts", folder, &error),
        }
    }
}

fn check_name(name: &str) -> Result<()> {
    let fault = |code, params| {
        EngineError::Invalid(vec![FieldProblem {
            field: "name".to_owned(),
            code,
            params,
        }])
    };
    if name.is_empty() {
        return Err(fault(FieldCode::Missing, Params::new()));
    }
    if name.chars().count() > LONGEST_NAME {
        return Err(fault(FieldCode::TooLong, params! { "max" => LONGEST_NAME }));
    }
    Ok(())
}

fn unreadable(error: &studio::OpenFault) -> Problem {
    let mut problem = Problem::new(ErrorCode::Invalid, Params::new()).with_remedy(Remedy::Retry);
    problem.fields.push(FieldProblem {
        field: "text".to_owned(),
        code: match error {
            studio::OpenFault::Empty => FieldCode::Missing,
            studio::OpenFault::ForeignAddress(_) => FieldCode::Unknown,
            studio::OpenFault::Schematic(_) => FieldCode::Unreadable,
        },
        params: params! { "reason" => error },
    });
    problem
}
