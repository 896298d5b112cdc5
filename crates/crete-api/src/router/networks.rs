//! Networks and the ways into them.

use super::{Router, page};
use crate::commands::NetworkCommands;
use crate::host::Host;
use crate::types::*;
use crete_model::{
    ForwardDraft, ForwardOffer, NetworkChange, NetworkDraft, NetworkReveal, Problem,
};

impl<H: Host> NetworkCommands for Router<H> {
    async fn network_offer(&self, _: Nothing) -> Result<NetworkDraft, Problem> {
        Ok(self.engine().offer_network())
    }

    async fn network_check(&self, request: NetworkDraft) -> Result<DraftVerdict, Problem> {
        Ok(DraftVerdict {
            fields: self.engine().check_network(&request),
        })
    }

    async fn network_create(&self, request: NetworkDraft) -> Result<NetworkRef, Problem> {
        let network = page(self.engine().create_network(&request))?;
        Ok(NetworkRef { network })
    }

    async fn network_change(&self, request: NetworkChange) -> Result<Nothing, Problem> {
        page(self.engine().change_network(request).await)?;
        Ok(Nothing {})
    }

    async fn network_resubnet(&self, request: NetworkRef) -> Result<Nothing, Problem> {
        page(self.engine().resubnet(request.network).await)?;
        Ok(Nothing {})
    }

    async fn network_restart(&self, request: NetworkRef) -> Result<Nothing, Problem> {
        page(self.engine().restart_network(request.network).await)?;
        Ok(Nothing {})
    }

    async fn network_delete(&self, request: NetworkRef) -> Result<Trashed, Problem> {
        let (trash_id, name) = page(self.engine().delete_network(request.network).await)?;
        Ok(Trashed { trash_id, name })
    }

    async fn network_reveal(&self, request: NetworkRef) -> Result<NetworkReveal, Problem> {
        page(self.engine().reveal_network(request.network))
    }

    async fn forward_offer(&self, request: ForwardDraft) -> Result<ForwardOffer, Problem> {
        page(self.engine().offer_forward(&request))
    }

    async fn forward_check(&self, request: ForwardCheck) -> Result<DraftVerdict, Problem> {
        let engine = self.engine();
        Ok(DraftVerdict {
            fields: engine.check_forward(&request.draft, request.forward),
        })
    }

    async fn forward_open(&self, request: ForwardDraft) -> Result<ForwardRef, Problem> {
        let forward = page(self.engine().open_forward(&request).await)?;
        Ok(ForwardRef { forward })
    }

    async fn forward_change(&self, request: ForwardEdit) -> Result<Nothing, Problem> {
        let engine = self.engine();
        page(engine.change_forward(request.forward, &request.draft).await)?;
        Ok(Nothing {})
    }

    async fn forward_close(&self, request: ForwardRef) -> Result<ForwardDraft, Problem> {
        page(self.engine().close_forward(request.forward).await)
    }
}
