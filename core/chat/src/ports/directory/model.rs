//! The pure model of the directory.

use std::collections::BTreeMap;

use super::{DirectoryAnswer, DirectoryRequest, FRIENDS_MAX, NO_SETTINGS, Profile, TokenHash};
use crate::ids::{DeviceId, UserId};

/// Accounts and what belongs to them, in ordered maps.
#[derive(Debug, Clone, Default)]
pub struct DirectoryModel {
    names: BTreeMap<String, UserId>,
    password_hashes: BTreeMap<UserId, String>,
    tokens: BTreeMap<TokenHash, (UserId, DeviceId)>,
    friends: BTreeMap<UserId, BTreeMap<UserId, Tie>>,
    profiles: BTreeMap<UserId, Profile>,
    settings: BTreeMap<UserId, String>,
    last_user: u64,
    last_device: u64,
}

/// What one user is to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tie {
    Friend,
    Asked,
    AskedBy,
}

impl DirectoryModel {
    /// Carries out one request.
    pub fn handle(&mut self, request: DirectoryRequest) -> DirectoryAnswer {
        match request {
            DirectoryRequest::SignUp { name, password_hash } => self.sign_up(name, password_hash),
            DirectoryRequest::Credentials { name } => self.credentials(&name),
            DirectoryRequest::Login { user, token } => self.login(user, token),
            DirectoryRequest::Authenticate { token } => match self.tokens.get(&token) {
                Some((user, device)) => {
                    DirectoryAnswer::Authenticated { user: *user, device: *device }
                }
                None => DirectoryAnswer::NotFound,
            },
            DirectoryRequest::Logout { device } => {
                self.tokens.retain(|_, (_, owner)| *owner != device);
                DirectoryAnswer::LoggedOut
            }
            DirectoryRequest::Devices { user } => self.devices(user),
            DirectoryRequest::Befriend { user, other } => self.befriend(user, other),
            DirectoryRequest::Unfriend { user, other } => {
                for (one, other) in [(user, other), (other, user)] {
                    if let Some(ties) = self.friends.get_mut(&one) {
                        ties.remove(&other);
                    }
                }
                DirectoryAnswer::Unfriended
            }
            DirectoryRequest::Friends { user } => self.friends(user),
            DirectoryRequest::Profile { user } => self.of_known(user, |directory| {
                let profile = directory.profiles.get(&user).cloned();
                DirectoryAnswer::Profile(profile.unwrap_or_default())
            }),
            DirectoryRequest::WriteProfile { user, profile } => self.of_known(user, |directory| {
                directory.profiles.insert(user, profile);
                DirectoryAnswer::Written
            }),
            DirectoryRequest::Settings { user } => self.of_known(user, |directory| {
                let settings = directory.settings.get(&user).cloned();
                DirectoryAnswer::Settings(settings.unwrap_or_else(|| NO_SETTINGS.into()))
            }),
            DirectoryRequest::WriteSettings { user, settings } => {
                self.of_known(user, |directory| {
                    directory.settings.insert(user, settings);
                    DirectoryAnswer::Written
                })
            }
        }
    }

    fn of_known(
        &mut self,
        user: UserId,
        then: impl FnOnce(&mut Self) -> DirectoryAnswer,
    ) -> DirectoryAnswer {
        if self.password_hashes.contains_key(&user) {
            then(self)
        } else {
            DirectoryAnswer::NotFound
        }
    }

    fn devices(&self, user: UserId) -> DirectoryAnswer {
        let tokens = self.tokens.values().filter(|(owner, _)| *owner == user);
        let mut devices: Vec<DeviceId> = tokens.map(|(_, device)| *device).collect();
        devices.sort_unstable();
        DirectoryAnswer::Devices(devices)
    }

    fn befriend(&mut self, user: UserId, other: UserId) -> DirectoryAnswer {
        let known = |user| self.password_hashes.contains_key(&user);
        if user == other || !known(user) || !known(other) {
            return DirectoryAnswer::NotFound;
        }
        let tie = self.friends.get(&user).and_then(|ties| ties.get(&other)).copied();
        let is_full = |user| self.friends.get(&user).is_some_and(|ties| ties.len() >= FRIENDS_MAX);
        let (mine, theirs, answer) = match tie {
            Some(Tie::Friend) => return DirectoryAnswer::Befriended,
            Some(Tie::Asked) => return DirectoryAnswer::Asked,
            Some(Tie::AskedBy) => (Tie::Friend, Tie::Friend, DirectoryAnswer::Befriended),
            None if is_full(user) || is_full(other) => return DirectoryAnswer::TooManyFriends,
            None => (Tie::Asked, Tie::AskedBy, DirectoryAnswer::Asked),
        };
        self.friends.entry(user).or_default().insert(other, mine);
        self.friends.entry(other).or_default().insert(user, theirs);
        answer
    }

    fn friends(&self, user: UserId) -> DirectoryAnswer {
        let who = |wanted: Tie| {
            let ties = self.friends.get(&user).into_iter().flatten();
            ties.filter(|(_, tie)| **tie == wanted).map(|(other, _)| *other).collect()
        };
        DirectoryAnswer::Friends {
            friends: who(Tie::Friend),
            asked_by: who(Tie::AskedBy),
            asked: who(Tie::Asked),
        }
    }

    fn sign_up(&mut self, name: String, password_hash: String) -> DirectoryAnswer {
        if self.names.contains_key(&name) {
            return DirectoryAnswer::NameTaken;
        }
        self.last_user += 1;
        let user = UserId(self.last_user);
        self.names.insert(name, user);
        self.password_hashes.insert(user, password_hash);
        DirectoryAnswer::SignedUp(user)
    }

    fn credentials(&self, name: &str) -> DirectoryAnswer {
        let user = self.names.get(name);
        match user.and_then(|user| Some((*user, self.password_hashes.get(user)?))) {
            Some((user, hash)) => {
                DirectoryAnswer::Credentials { user, password_hash: hash.clone() }
            }
            None => DirectoryAnswer::NotFound,
        }
    }

    fn login(&mut self, user: UserId, token: TokenHash) -> DirectoryAnswer {
        if !self.password_hashes.contains_key(&user) {
            return DirectoryAnswer::NotFound;
        }
        self.last_device += 1;
        let device = DeviceId(self.last_device);
        self.tokens.insert(token, (user, device));
        DirectoryAnswer::LoggedIn(device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign_up(directory: &mut DirectoryModel, name: &str) -> DirectoryAnswer {
        let password_hash = "hash".to_owned();
        directory.handle(DirectoryRequest::SignUp { name: name.into(), password_hash })
    }

    #[test]
    fn a_name_is_given_once() {
        let mut directory = DirectoryModel::default();
        assert_eq!(sign_up(&mut directory, "ann"), DirectoryAnswer::SignedUp(UserId(1)));
        assert_eq!(sign_up(&mut directory, "ann"), DirectoryAnswer::NameTaken);
        assert_eq!(sign_up(&mut directory, "ben"), DirectoryAnswer::SignedUp(UserId(2)));
    }

    #[test]
    fn every_login_issues_a_new_device() {
        let mut directory = DirectoryModel::default();
        sign_up(&mut directory, "ann");
        let user = UserId(1);
        let first = directory.handle(DirectoryRequest::Login { user, token: [1; 32] });
        let second = directory.handle(DirectoryRequest::Login { user, token: [2; 32] });
        assert_eq!(first, DirectoryAnswer::LoggedIn(DeviceId(1)));
        assert_eq!(second, DirectoryAnswer::LoggedIn(DeviceId(2)));
    }

    #[test]
    fn both_must_want_to_be_friends() {
        let mut directory = DirectoryModel::default();
        sign_up(&mut directory, "ann");
        sign_up(&mut directory, "ben");
        let (ann, ben) = (UserId(1), UserId(2));
        let befriend = |user, other| DirectoryRequest::Befriend { user, other };
        let friends = |directory: &mut DirectoryModel, user| match directory
            .handle(DirectoryRequest::Friends { user })
        {
            DirectoryAnswer::Friends { friends, asked_by, asked } => (friends, asked_by, asked),
            other => panic!("{other:?}"),
        };
        assert_eq!(directory.handle(befriend(ann, ben)), DirectoryAnswer::Asked);
        assert_eq!(directory.handle(befriend(ann, ben)), DirectoryAnswer::Asked);
        assert_eq!(friends(&mut directory, ben), (vec![], vec![ann], vec![]));
        assert_eq!(directory.handle(befriend(ben, ann)), DirectoryAnswer::Befriended);
        assert_eq!(friends(&mut directory, ann), (vec![ben], vec![], vec![]));
        directory.handle(DirectoryRequest::Unfriend { user: ann, other: ben });
        assert_eq!(friends(&mut directory, ben), (vec![], vec![], vec![]));
        assert_eq!(directory.handle(befriend(ann, ann)), DirectoryAnswer::NotFound);
        assert_eq!(directory.handle(befriend(ann, UserId(9))), DirectoryAnswer::NotFound);
    }

    #[test]
    fn unfriending_users_who_are_nobody_keeps_nothing_of_them() {
        let mut directory = DirectoryModel::default();
        sign_up(&mut directory, "ann");
        for other in (2..10).map(UserId) {
            let unfriend = DirectoryRequest::Unfriend { user: UserId(1), other };
            assert_eq!(directory.handle(unfriend), DirectoryAnswer::Unfriended);
        }
        assert!(directory.friends.is_empty());
    }

    #[test]
    fn a_logged_out_token_is_refused() {
        let mut directory = DirectoryModel::default();
        sign_up(&mut directory, "ann");
        directory.handle(DirectoryRequest::Login { user: UserId(1), token: [1; 32] });
        let authenticate = DirectoryRequest::Authenticate { token: [1; 32] };
        let known = DirectoryAnswer::Authenticated { user: UserId(1), device: DeviceId(1) };
        assert_eq!(directory.handle(authenticate.clone()), known);
        directory.handle(DirectoryRequest::Logout { device: DeviceId(1) });
        assert_eq!(directory.handle(authenticate), DirectoryAnswer::NotFound);
    }
}
