//! Users, devices and groups in bulk, for load tests. Off unless the server was started with it.

use axum::{
    Json,
    extract::{FromRequest, Request, State},
    http::StatusCode,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use hubbub_chat::{
    ChannelId, DeviceId, OperationId, UserId,
    frame::{Change, ChangeFrame, ChangeOutcome},
    ports::{
        Outcome,
        directory::{DirectoryAnswer, DirectoryRequest},
        store::{StoreAnswer, StoreRequest},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Api, ApiError, PROVISION_BYTES_MAX, SharedApi, extract::Body};
use crate::{
    backend::{ask_directory, ask_store},
    password::{NO_PASSWORD, new_token, token_hash},
};

/// Users in one request at most.
const USERS_MAX: u32 = 100_000;

/// Members of groups in one request at most, over all groups.
const MEMBERS_MAX: usize = 1_000_000;

/// Users or groups that are made at a time, well below what the store has room for.
const AT_ONCE_MAX: usize = 1024;

/// What to provision.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvisionRequest {
    /// How many users, each with one device.
    pub users: u32,
    /// Groups by the places of their members in the list of users, the creator first.
    #[serde(default)]
    pub groups: Vec<Vec<u32>>,
}

/// What was provisioned.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Provisioned {
    /// The devices, one per user.
    pub devices: Vec<ProvisionedDevice>,
    /// The groups, in the order of the request.
    pub groups: Vec<ChannelId>,
}

/// A user with a device that is logged in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProvisionedDevice {
    /// The user.
    pub user: UserId,
    /// The device.
    pub device: DeviceId,
    /// The device's token.
    pub token: String,
}

pub(super) async fn provision(
    State(api): SharedApi,
    request: Request,
) -> Result<Json<Provisioned>, ApiError> {
    if !api.provision {
        let detail = "start the server with --provision to allow this";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", detail));
    }
    let body = Body::<_, PROVISION_BYTES_MAX>::from_request(request, &api).await;
    let Body(request) = body?;
    check(&request)?;
    let batch = api.net.random();
    let users = (0..request.users).map(|index| provision_user(&api, batch, index));
    let devices: Vec<_> = stream::iter(users).buffered(AT_ONCE_MAX).try_collect().await?;
    let groups = (1..).zip(&request.groups);
    let groups: Vec<_> =
        groups.map(|(number, members)| create_group(&api, &devices, number, members)).collect();
    let groups = stream::iter(groups).buffered(AT_ONCE_MAX).try_collect().await?;
    Ok(Json(Provisioned { devices, groups }))
}

fn check(request: &ProvisionRequest) -> Result<(), ApiError> {
    let members = request.groups.iter().map(Vec::len).sum::<usize>();
    let known = request.groups.iter().flatten().all(|index| *index < request.users);
    if request.users == 0 || request.users > USERS_MAX {
        return Err(ApiError::field("users", &format!("expected 1 to {USERS_MAX}")));
    }
    if members > MEMBERS_MAX || !known || request.groups.iter().any(Vec::is_empty) {
        let users = request.users;
        let reason = format!("expected members below {users} and at most {MEMBERS_MAX} of them");
        return Err(ApiError::field("groups", &reason));
    }
    Ok(())
}

async fn provision_user(api: &Api, batch: u64, index: u32) -> Result<ProvisionedDevice, ApiError> {
    let name = format!("provisioned-{batch:016x}-{index}");
    let sign_up = DirectoryRequest::SignUp { name, password_hash: NO_PASSWORD.into() };
    let Outcome::Ok(DirectoryAnswer::SignedUp(user)) = ask_directory(&*api.backend, sign_up).await
    else {
        return Err(ApiError::unavailable());
    };
    let token = new_token(&*api.net);
    let login = DirectoryRequest::Login { user, token: token_hash(&token) };
    let Outcome::Ok(DirectoryAnswer::LoggedIn(device)) = ask_directory(&*api.backend, login).await
    else {
        return Err(ApiError::unavailable());
    };
    let register = StoreRequest::Register { user, device: Some(device) };
    match ask_store(&*api.backend, register).await {
        Outcome::Ok(StoreAnswer::Done) => Ok(ProvisionedDevice { user, device, token }),
        _ => Err(ApiError::unavailable()),
    }
}

async fn create_group(
    api: &Api,
    devices: &[ProvisionedDevice],
    number: u64,
    members: &[u32],
) -> Result<ChannelId, ApiError> {
    let member = |index: &u32| devices.get(*index as usize);
    let Some(creator) = members.first().and_then(member) else {
        return Err(ApiError::field("groups", "a group needs a member"));
    };
    let channel = ChannelId::group(creator.user, number);
    let users = members.iter().filter_map(member).map(|device| device.user).collect();
    // As `POST /v1/channels` does: before the device's own first change.
    let frame = ChangeFrame { channel, operation: OperationId(0), change: Change::Create(users) };
    match api.chat.change(creator.user, creator.device, frame).await {
        Some(ChangeOutcome::Accepted(_)) => Ok(channel),
        Some(ChangeOutcome::Refused(reason)) => {
            let reason = json!(reason);
            Err(ApiError::field("groups", &format!("the server refuses one: {reason}")))
        }
        None => Err(ApiError::unavailable()),
    }
}
