//! Accounts, devices and session tokens as rows.

use hubbub_chat::{
    ids::{DeviceId, UserId},
    ports::directory::{DirectoryAnswer, DirectoryRequest, TokenHash},
};

use super::{
    keys,
    state::State,
    values::{AccountRow, DeviceTokenRow, TokenRow},
};
use crate::store::{StoreError, Table};

/// The rows that say which ids were given last.
const LAST_USER: &[u8] = b"last-user";
const LAST_DEVICE: &[u8] = b"last-device";

impl State {
    /// Carries out one request of the directory upon the view.
    pub(super) fn handle_directory(
        &mut self,
        request: DirectoryRequest,
    ) -> Result<DirectoryAnswer, StoreError> {
        match request {
            DirectoryRequest::SignUp { name, password_hash } => self.sign_up(name, password_hash),
            DirectoryRequest::Credentials { name } => self.credentials(&name),
            DirectoryRequest::Login { user, token } => self.login(user, token),
            DirectoryRequest::Authenticate { token } => self.authenticate(&token),
            DirectoryRequest::Logout { device } => self.logout(device),
            DirectoryRequest::Devices { .. }
            | DirectoryRequest::Befriend { .. }
            | DirectoryRequest::Unfriend { .. }
            | DirectoryRequest::Friends { .. } => Ok(DirectoryAnswer::NotFound),
        }
    }

    fn sign_up(
        &mut self,
        name: String,
        password_hash: String,
    ) -> Result<DirectoryAnswer, StoreError> {
        let key = keys::name(&name);
        if self.view.get(Table::Names, &key)?.is_some() {
            return Ok(DirectoryAnswer::NameTaken);
        }
        let user = UserId(self.next_number(LAST_USER)?);
        self.view.write(Table::Names, key, &AccountRow { user, password_hash })?;
        self.view.put(Table::Accounts, keys::user(user), keys::name(&name));
        Ok(DirectoryAnswer::SignedUp(user))
    }

    fn credentials(&self, name: &str) -> Result<DirectoryAnswer, StoreError> {
        Ok(match self.view.read(Table::Names, &keys::name(name))? {
            Some(AccountRow { user, password_hash }) => {
                DirectoryAnswer::Credentials { user, password_hash }
            }
            None => DirectoryAnswer::NotFound,
        })
    }

    fn login(&mut self, user: UserId, token: TokenHash) -> Result<DirectoryAnswer, StoreError> {
        if self.view.get(Table::Accounts, &keys::user(user))?.is_none() {
            return Ok(DirectoryAnswer::NotFound);
        }
        let device = DeviceId(self.next_number(LAST_DEVICE)?);
        let row = TokenRow { user, device };
        self.view.write(Table::Tokens, keys::token(&token), &row)?;
        let row = DeviceTokenRow { token };
        self.view.write(Table::DeviceTokens, keys::device(device), &row)?;
        Ok(DirectoryAnswer::LoggedIn(device))
    }

    fn authenticate(&self, token: &TokenHash) -> Result<DirectoryAnswer, StoreError> {
        Ok(match self.view.read(Table::Tokens, &keys::token(token))? {
            Some(TokenRow { user, device }) => DirectoryAnswer::Authenticated { user, device },
            None => DirectoryAnswer::NotFound,
        })
    }

    fn logout(&mut self, device: DeviceId) -> Result<DirectoryAnswer, StoreError> {
        let device_key = keys::device(device);
        let row = self.view.read::<DeviceTokenRow>(Table::DeviceTokens, &device_key)?;
        if let Some(DeviceTokenRow { token }) = row {
            let key = keys::token(&token);
            // A later login may have brought the same token.
            let owner = self.view.read::<TokenRow>(Table::Tokens, &key)?;
            if owner.is_some_and(|owner| owner.device == device) {
                self.view.remove(Table::Tokens, key);
            }
            self.view.remove(Table::DeviceTokens, device_key);
        }
        Ok(DirectoryAnswer::LoggedOut)
    }

    fn next_number(&mut self, key: &[u8]) -> Result<u64, StoreError> {
        let last = self.view.read::<u64>(Table::Meta, key)?.unwrap_or_default();
        self.view.write(Table::Meta, key.into(), &(last + 1))?;
        Ok(last + 1)
    }
}
