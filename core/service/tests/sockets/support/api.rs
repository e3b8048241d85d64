//! An API server by hand: it says what the test wants about chat servers.

use std::{collections::VecDeque, sync::Arc};

use hubbub_chat::Monotonic;
use hubbub_service::net::{BoxStream, Net};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
};

use super::{Mortal, within};

/// A running one.
pub(crate) struct Api {
    pub(crate) address: String,
    asked: mpsc::UnboundedReceiver<(Monotonic, String)>,
    process: Arc<Mortal>,
}

impl Api {
    /// Starts one that gives these answers, one after the other and the last for ever. A status of 0
    /// is no answer at all: the connection stays open.
    pub(crate) async fn start(
        net: &Arc<dyn Net>,
        name: &str,
        answers: impl IntoIterator<Item = (u16, Value)>,
    ) -> Self {
        let process = Mortal::on(net);
        let mut listener = process.listen(name).await.unwrap();
        let address = listener.address();
        let (ask, asked) = mpsc::unbounded_channel();
        let mut answers: VecDeque<_> = answers.into_iter().collect();
        let net = net.clone();
        process.spawn(Box::pin(async move {
            let mut held = Vec::new();
            loop {
                let mut stream = listener.accept().await.unwrap();
                let head = read_head(&mut stream).await;
                drop(ask.send((net.now().monotonic, head)));
                let answer = match answers.len() {
                    1 => answers[0].clone(),
                    _ => answers.pop_front().unwrap(),
                };
                if let (status @ 1.., body) = answer {
                    let (body, length) = (body.to_string(), body.to_string().len());
                    let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n\r\n");
                    // Whoever asked may have gone away.
                    drop(stream.write_all(format!("{head}{body}").as_bytes()).await);
                }
                held.push(stream);
            }
        }));
        Self { address, asked, process }
    }

    /// When it was asked next, and with which path.
    pub(crate) async fn asked(&mut self) -> (Monotonic, String) {
        let (at, head) = within("ask", self.asked.recv()).await.unwrap();
        assert!(head.contains("\r\nauthorization: Bearer "), "{head}");
        (at, head.split(' ').nth(1).unwrap().to_owned())
    }

    pub(crate) fn kill(&self) {
        self.process.kill();
    }
}

async fn read_head(stream: &mut BoxStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}
