//! Requests to the API.

use std::sync::Arc;

use hubbub_chat::{ChannelId, DeviceId, UserId};
use hubbub_service::{
    client::{HttpError, request_json},
    net::Net,
};
use hyper::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::within;

/// A client of one server's API.
#[derive(Clone)]
pub(crate) struct Http {
    pub(crate) net: Arc<dyn Net>,
    pub(crate) address: String,
}

/// A device that is logged in.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    pub(crate) token: String,
}

impl Http {
    pub(crate) fn new(net: &Arc<dyn Net>, address: &str) -> Self {
        Self { net: net.clone(), address: address.into() }
    }

    async fn request(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Value, HttpError> {
        let answer = request_json(&*self.net, &self.address, method, path, token, body);
        within("answer", answer).await
    }

    pub(crate) async fn get(&self, path: &str, token: Option<&str>) -> Value {
        self.request(Method::GET, path, token, None).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, token: Option<&str>, body: Value) -> Value {
        self.request(Method::POST, path, token, Some(&body)).await.unwrap()
    }

    pub(crate) async fn put(&self, path: &str, token: &str, body: Option<Value>) -> Value {
        self.request(Method::PUT, path, Some(token), body.as_ref()).await.unwrap()
    }

    pub(crate) async fn delete(&self, path: &str, token: &str) {
        let answer = self.request(Method::DELETE, path, Some(token), None).await.unwrap();
        assert_eq!(answer, Value::Null);
    }

    /// The status and the body of a refusal.
    pub(crate) async fn refused(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> (u16, Value) {
        match self.request(method, path, token, body.as_ref()).await {
            Err(HttpError::Refused { status, detail, .. }) => {
                (status.as_u16(), serde_json::from_str(&detail).unwrap())
            }
            other => panic!("not refused: {other:?}"),
        }
    }

    /// The status and the code of a refused `POST`.
    pub(crate) async fn code(&self, path: &str, token: Option<&str>, body: Value) -> (u16, String) {
        let (status, body) = self.refused(Method::POST, path, token, Some(body)).await;
        (status, body["error"].as_str().unwrap().to_owned())
    }

    /// Sends these bytes as they are and reads until the server closes.
    pub(crate) async fn raw(&self, request: &str) -> (u16, String) {
        let exchange = async {
            let mut stream = self.net.connect(&self.address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        };
        let answer = within("answer", exchange).await;
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        (status, body.to_owned())
    }

    pub(crate) async fn sign_up(&self, name: &str) -> UserId {
        let body = json!({ "name": name, "password": "correct horse" });
        serde_json::from_value(self.post("/v1/users", None, body).await["user"].clone()).unwrap()
    }

    pub(crate) async fn log_in(&self, name: &str) -> Account {
        let body = json!({ "name": name, "password": "correct horse" });
        let answer = self.post("/v1/login", None, body).await;
        let device = serde_json::from_value(answer["device"].clone()).unwrap();
        let user = serde_json::from_value(answer["user"].clone()).unwrap();
        Account { user, device, token: answer["token"].as_str().unwrap().to_owned() }
    }

    /// Signs up and logs in.
    pub(crate) async fn enter(&self, name: &str) -> Account {
        self.sign_up(name).await;
        self.log_in(name).await
    }

    pub(crate) async fn create_group(&self, creator: &Account, members: &[UserId]) -> ChannelId {
        let body = json!({ "number": 1, "members": members });
        let answer = self.post("/v1/channels", Some(&creator.token), body).await;
        serde_json::from_value(answer["channel"].clone()).unwrap()
    }
}
