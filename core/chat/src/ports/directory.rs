//! The directory: accounts, devices and session tokens. Passwords and tokens come in hashed.

mod model;

pub use model::DirectoryModel;

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
