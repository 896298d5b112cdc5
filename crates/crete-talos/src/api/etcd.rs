//! The etcd of a control plane.
//!
//! Before the bootstrap these calls do not fail: they hang until the deadline. It is short, and the
//! state of the service is read elsewhere.

use super::error::ApiError;
use super::frames::Frames;
use super::node::Node;
use super::wire::common::Data;
use super::wire::machine as wire;
use std::time::Duration;

const SHORT: Duration = Duration::from_secs(5);
/// Defragmenting stops the member while it rewrites its file.
const LONG: Duration = Duration::from_secs(120);

impl Node {
    /// The members, as the cluster sees them or as this member does.
    ///
    /// # Errors
    /// What a call can fail with; silence before the bootstrap.
    pub async fn etcd_members(&self, local: bool) -> Result<Vec<wire::EtcdMember>, ApiError> {
        let call = "EtcdMemberList";
        let request = wire::EtcdMemberListRequest { query_local: local };
        let mut machine = self.machine();
        let answer = self
            .answer(call, SHORT, machine.etcd_member_list(request))
            .await?;
        self.one(call, answer.messages)
            .map(|message| message.members)
    }

    /// The state of this member.
    ///
    /// # Errors
    /// As [`Node::etcd_members`].
    pub async fn etcd_status(&self) -> Result<wire::EtcdMemberStatus, ApiError> {
        let call = "EtcdStatus";
        let mut machine = self.machine();
        let answer = self.answer(call, SHORT, machine.etcd_status(())).await?;
        let message = self.one(call, answer.messages)?;
        Ok(message.member_status.unwrap_or_default())
    }

    /// What is wrong: no space, or a corrupt member.
    ///
    /// # Errors
    /// As [`Node::etcd_members`].
    pub async fn etcd_alarms(&self) -> Result<Vec<wire::EtcdMemberAlarm>, ApiError> {
        let call = "EtcdAlarmList";
        let mut machine = self.machine();
        let answer = self
            .answer(call, SHORT, machine.etcd_alarm_list(()))
            .await?;
        self.one(call, answer.messages)
            .map(|message| message.member_alarms)
    }

    /// Takes the alarms back.
    ///
    /// # Errors
    /// As [`Node::etcd_members`].
    pub async fn disarm_etcd(&self) -> Result<(), ApiError> {
        let call = "EtcdAlarmDisarm";
        let mut machine = self.machine();
        let answer = self
            .answer(call, SHORT, machine.etcd_alarm_disarm(()))
            .await?;
        self.one(call, answer.messages).map(drop)
    }

    /// Gives back the room of what was deleted. The member does not answer meanwhile.
    ///
    /// # Errors
    /// As [`Node::etcd_members`].
    pub async fn defragment_etcd(&self) -> Result<(), ApiError> {
        let call = "EtcdDefragment";
        let mut machine = self.machine();
        let answer = self.answer(call, LONG, machine.etcd_defragment(())).await?;
        self.one(call, answer.messages).map(drop)
    }

    /// Removes a member that is gone for good; asked of another one.
    ///
    /// # Errors
    /// As [`Node::etcd_members`].
    pub async fn remove_etcd_member(&self, id: u64) -> Result<(), ApiError> {
        let call = "EtcdRemoveMemberByID";
        let request = wire::EtcdRemoveMemberByIdRequest { member_id: id };
        let mut machine = self.machine();
        let answer = machine.etcd_remove_member_by_id(request);
        let answer = self.answer(call, SHORT, answer).await?;
        self.one(call, answer.messages).map(drop)
    }

    /// Lets this member leave.
    ///
    /// # Errors
    /// As [`Node::etcd_members`].
    pub async fn leave_etcd(&self) -> Result<(), ApiError> {
        let call = "EtcdLeaveCluster";
        let request = wire::EtcdLeaveClusterRequest::default();
        let mut machine = self.machine();
        let answer = self
            .answer(call, LONG, machine.etcd_leave_cluster(request))
            .await?;
        self.one(call, answer.messages).map(drop)
    }

    /// Gives the lead away; tells to whom.
    ///
    /// # Errors
    /// As [`Node::etcd_members`].
    pub async fn forfeit_etcd_lead(&self) -> Result<String, ApiError> {
        let call = "EtcdForfeitLeadership";
        let request = wire::EtcdForfeitLeadershipRequest::default();
        let mut machine = self.machine();
        let answer = self
            .answer(call, LONG, machine.etcd_forfeit_leadership(request))
            .await?;
        self.one(call, answer.messages)
            .map(|message| message.member)
    }

    /// A snapshot, piece by piece.
    #[must_use]
    pub fn etcd_snapshot(&self) -> Frames<Data> {
        let mut machine = self.machine();
        let request = wire::EtcdSnapshotRequest::default();
        Frames::new("EtcdSnapshot", self.name(), async move {
            machine.etcd_snapshot(request).await
        })
    }

    /// Uploads a snapshot, to be bootstrapped from.
    ///
    /// # Errors
    /// What a call can fail with.
    pub async fn upload_etcd_snapshot(&self, pieces: Vec<Vec<u8>>) -> Result<(), ApiError> {
        let call = "EtcdRecover";
        let data = pieces.into_iter().map(|bytes| Data {
            bytes,
            ..Data::default()
        });
        let data: Vec<Data> = data.collect();
        let mut machine = self.machine();
        let answer = machine.etcd_recover(futures_util::stream::iter(data));
        let answer = self.answer(call, LONG, answer).await?;
        self.one(call, answer.messages).map(drop)
    }
}
