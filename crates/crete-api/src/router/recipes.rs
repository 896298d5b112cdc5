//! Recipes of clusters as text, and where a person saves them.

use super::{Router, page};
use crate::host::Host;
use crate::types::{ClusterOrDraft, RecipeText, Saved};
use crete_model::{ClusterRecipe, Problem};

/// A recipe as text, with a name for its file.
pub(super) fn recipe_text((recipe, yaml): (ClusterRecipe, String)) -> RecipeText {
    RecipeText {
        yaml,
        file_name: format!("{}.crete.yaml", recipe.name),
    }
}

impl<H: Host> Router<H> {
    pub(super) async fn save_recipe(&self, request: ClusterOrDraft) -> Result<Saved, Problem> {
        let engine = self.engine();
        let recipe = match request {
            ClusterOrDraft::Cluster { cluster } => engine.cluster_recipe(cluster),
            ClusterOrDraft::Draft { draft } => engine.draft_recipe(&draft),
        };
        let text = recipe_text(page(recipe)?);
        let Some(path) = self.host.save_path(&text.file_name).await? else {
            return Ok(Saved { path: None });
        };
        page(crete_engine::save_text(&path, text.yaml).await)?;
        Ok(Saved {
            path: Some(path.display().to_string()),
        })
    }
}
