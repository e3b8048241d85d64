//! The registry of a folder of data, over restarts.

use std::time::Duration;

use hubbub_chat::{
    MessageId, ServerId,
    ports::{
        Answer, Outcome, Request,
        registry::{LeaseInfo, LeaseKey, RegistryAnswer, RegistryRequest},
        store::StoreRules,
    },
};
use hubbub_service::{
    backend::{Backend, Holders, LocalBackend, OpenError, RegistryConfig},
    store::FjallConfig,
};
use tokio::sync::oneshot;

use crate::support::{Disk, Places, design, within};

const FILE: &str = "registry.json";

async fn ask(disk: &Disk, request: Request) -> Answer {
    let (reply, answer) = oneshot::channel();
    disk.backend.submit(request, Box::new(move |answer| drop(reply.send(answer))));
    within("answer of the registry", answer).await.unwrap()
}

async fn lease(disk: &Disk, holder: u64) -> Option<u64> {
    let (key, ttl) = (LeaseKey::Chat(ServerId(1)), design().lease_ttl);
    let request = RegistryRequest::Lease { key, holder, ttl, info: LeaseInfo::default() };
    match ask(disk, Request::Registry(request)).await {
        Answer::Registry(Outcome::Ok(RegistryAnswer::Leased { epoch, .. })) => Some(epoch),
        Answer::Registry(Outcome::Ok(RegistryAnswer::Held)) => None,
        other => panic!("no answer to a lease: {other:?}"),
    }
}

async fn next_id(disk: &Disk) -> Option<MessageId> {
    match ask(disk, Request::NextId).await {
        Answer::NextId(Outcome::Ok(id)) => Some(id),
        Answer::NextId(Outcome::Refused) => None,
        other => panic!("no answer of the generator: {other:?}"),
    }
}

#[tokio::test]
async fn a_lease_is_on_disk_before_its_holder_is_told_and_lives_through_a_restart() {
    let net = Places::net();
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::open(&net, folder.path(), &design());
    let epoch = lease(&disk, 1).await;
    assert!(epoch.is_some());
    let file = folder.path().join(FILE);
    let on_disk = std::fs::read_to_string(&file).unwrap();
    assert!(on_disk.contains(r#""holder":1"#), "{on_disk}");
    lease(&disk, 1).await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), on_disk, "a renewal writes nothing");
    disk.close().await;

    let disk = Disk::open(&net, folder.path(), &design());
    assert_eq!(lease(&disk, 2).await, None, "its holder may live");
    assert_eq!(lease(&disk, 1).await, epoch);
    disk.close().await;
}

#[tokio::test]
async fn ids_of_the_generator_rise_over_a_restart() {
    let net = Places::net();
    let folder = tempfile::tempdir().unwrap();
    let mut last = MessageId::ZERO;
    for _ in 0..3 {
        let disk = Disk::open(&net, folder.path(), &design());
        // After a restart it waits until the clock has passed what was reserved.
        let first = within("an id", async {
            loop {
                if let Some(id) = next_id(&disk).await {
                    return id;
                }
            }
        });
        let first = first.await;
        assert!(first > last);
        last = next_id(&disk).await.unwrap();
        assert!(last > first);
        disk.close().await;
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_said() {
    let net = Places::net();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FILE), "{").unwrap();
    let registry = RegistryConfig { holders: Holders::Here, ttl_max: Duration::from_secs(6) };
    let (rules, config) = (StoreRules::from(&design()), FjallConfig::default());
    let opened = LocalBackend::open(net.clone(), folder.path(), rules, config, registry);
    let Err(error) = opened else { panic!("it was opened") };
    assert!(matches!(error, OpenError::Registry(_)), "{error}");
    assert!(error.to_string().contains(FILE), "{error}");
}
