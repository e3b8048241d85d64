//! The directory: accounts, devices and session tokens. Passwords and tokens come in hashed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{DeviceId, UserId};

/// Bytes of an account's name at most.
pub const NAME_BYTES_MAX: usize = 64;

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
    /// To `Credentials`, `Login` and `Authenticate`: there is no such account or token.
    NotFound,
}

/// The pure model of the directory.
#[derive(Debug, Clone, Default)]
pub struct DirectoryModel {
    names: BTreeMap<String, UserId>,
    password_hashes: BTreeMap<UserId, String>,
    tokens: BTreeMap<TokenHash, (UserId, DeviceId)>,
    last_user: u64,
    last_device: u64,
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
