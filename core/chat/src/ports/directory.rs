//! The directory: accounts, devices and session tokens. Passwords and tokens come in hashed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{DeviceId, UserId};

/// Bytes of an account's name at most.
pub const NAME_BYTES_MAX: usize = 64;

/// Friends and requests of one user at most.
pub const FRIENDS_MAX: usize = 5000;

/// Bytes of a name that others are shown at most.
pub const DISPLAY_NAME_BYTES_MAX: usize = 128;

/// Bytes of what a user says about themselves at most.
pub const ABOUT_BYTES_MAX: usize = 1024;

/// Bytes of a user's settings at most, as text.
pub const SETTINGS_BYTES_MAX: usize = 8192;

/// The hash of a session token.
pub type TokenHash = [u8; 32];

/// What the directory is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DirectoryRequest {
    /// Opens an account.
    SignUp {
        /// A name that nobody else has.
        name: String,
        /// The password's hash, in whatever form the service uses.
        password_hash: String,
    },
    /// The stored password hash of an account.
    Credentials {
        /// The account's name.
        name: String,
    },
    /// Issues a new device to a user whose password was checked.
    Login {
        /// The user.
        user: UserId,
        /// The hash of the device's token.
        token: TokenHash,
    },
    /// Whose token this is.
    Authenticate {
        /// The hash of the token.
        token: TokenHash,
    },
    /// Ends a device's login; its token is refused from now on.
    Logout {
        /// The device.
        device: DeviceId,
    },
    /// The devices of a user that are logged in.
    Devices {
        /// The user.
        user: UserId,
    },
    /// `user` asks `other` to be friends, or says yes to having been asked.
    Befriend {
        /// Who asks.
        user: UserId,
        /// Whom.
        other: UserId,
    },
    /// Takes back a friendship, or a request for one by either side.
    Unfriend {
        /// Who wants it.
        user: UserId,
        /// Of whom.
        other: UserId,
    },
    /// The friends of a user and the requests that wait.
    Friends {
        /// The user.
        user: UserId,
    },
    /// What a user shows of themselves.
    Profile {
        /// The user.
        user: UserId,
    },
    /// Replaces what a user shows of themselves.
    WriteProfile {
        /// The user.
        user: UserId,
        /// What they show from now on.
        profile: Profile,
    },
    /// What a user's programs keep for them.
    Settings {
        /// The user.
        user: UserId,
    },
    /// Replaces what a user's programs keep for them.
    WriteSettings {
        /// The user.
        user: UserId,
        /// A JSON object as text, which the directory does not look into.
        settings: String,
    },
}

/// What a user shows of themselves; empty until it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The name that others are shown, at most `DISPLAY_NAME_BYTES_MAX` bytes.
    pub display_name: String,
    /// What they say about themselves, at most `ABOUT_BYTES_MAX` bytes.
    pub about: String,
}

/// What the directory answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DirectoryAnswer {
    /// To `SignUp`.
    SignedUp(UserId),
    /// To `SignUp`: somebody has the name.
    NameTaken,
    /// To `Credentials`.
    Credentials {
        /// The user.
        user: UserId,
        /// The stored hash.
        password_hash: String,
    },
    /// To `Login`.
    LoggedIn(DeviceId),
    /// To `Authenticate`.
    Authenticated {
        /// The token's user.
        user: UserId,
        /// The token's device.
        device: DeviceId,
    },
    /// To `Logout`.
    LoggedOut,
    /// To `Devices`, in the order of their ids.
    Devices(Vec<DeviceId>),
    /// To `Befriend`: the other has to say yes.
    Asked,
    /// To `Befriend`: they are friends now, or were already.
    Befriended,
    /// To `Befriend`: one of the two has `FRIENDS_MAX` friends and requests.
    TooManyFriends,
    /// To `Unfriend`: they are no friends, and no request waits.
    Unfriended,
    /// To `Friends`, each in the order of the ids.
    Friends {
        /// Who is a friend.
        friends: Vec<UserId>,
        /// Who has asked the user.
        asked_by: Vec<UserId>,
        /// Whom the user has asked.
        asked: Vec<UserId>,
    },
    /// To `Profile`.
    Profile(Profile),
    /// To `Settings`: an empty object until something is written.
    Settings(String),
    /// To `WriteProfile` and `WriteSettings`.
    Written,
    /// There is no such account or token, or one would be a friend of oneself.
    NotFound,
}

/// The settings of a user who has written none.
pub const NO_SETTINGS: &str = "{}";

/// The pure model of the directory.
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

impl DirectoryRequest {
    /// Whether its texts keep to their bounds. A directory refuses what does not.
    #[must_use]
    pub fn fits(&self) -> bool {
        match self {
            Self::SignUp { name, .. } | Self::Credentials { name } => name.len() <= NAME_BYTES_MAX,
            Self::WriteProfile { profile: Profile { display_name, about }, .. } => {
                display_name.len() <= DISPLAY_NAME_BYTES_MAX && about.len() <= ABOUT_BYTES_MAX
            }
            Self::WriteSettings { settings, .. } => settings.len() <= SETTINGS_BYTES_MAX,
            _ => true,
        }
    }

    /// Whether it changes nothing whatever becomes of it.
    #[must_use]
    pub fn is_read(&self) -> bool {
        match self {
            Self::Credentials { .. }
            | Self::Authenticate { .. }
            | Self::Devices { .. }
            | Self::Friends { .. }
            | Self::Profile { .. }
            | Self::Settings { .. } => true,
            Self::SignUp { .. }
            | Self::Login { .. }
            | Self::Logout { .. }
            | Self::Befriend { .. }
            | Self::Unfriend { .. }
            | Self::WriteProfile { .. }
            | Self::WriteSettings { .. } => false,
        }
    }
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
                    self.friends.entry(one).or_default().remove(&other);
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
