//! From sign-up to a conversation.

use hubbub_chat::{ChannelId, Content, MessageId, frame::ServerFrame};

use crate::support::{Http, Phone, Places, Server, Session, design};

#[tokio::test]
async fn three_devices_of_two_users_talk_in_a_direct_channel_and_a_group() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let accounts = [http.enter("ann").await, http.log_in("ann").await, http.enter("ben").await];
    let [ann, tablet, ben] = &accounts;
    assert_eq!(ann.user, tablet.user);
    let group = http.create_group(ann, &[ben.user]).await;
    let direct = ChannelId::direct(ann.user, ben.user);
    let mut phones = Vec::new();
    for account in &accounts {
        phones.push(Phone::synced(&net, account, &server.address, &design()).await);
    }
    for round in 0..3 {
        for (index, phone) in phones.iter().enumerate() {
            phone.say(direct, &format!("direct {index} {round}")).await;
            phone.say(group, &format!("group {index} {round}")).await;
        }
    }
    for (channel, name) in [(direct, "direct"), (group, "group")] {
        let first = phones[0].messages(channel, 9).await;
        for (index, phone) in phones.iter_mut().enumerate() {
            let rounds: Vec<_> = (0..3).map(|round| format!("{name} {index} {round}")).collect();
            let prefix = format!("{name} {index} ");
            let own: Vec<_> = first.iter().filter(|text| text.starts_with(&prefix)).collect();
            assert_eq!(own, rounds.iter().collect::<Vec<_>>(), "a device's sends keep their order");
            assert_eq!(phone.messages(channel, 9).await, first, "all hold the same");
        }
    }
}

#[tokio::test]
async fn an_acceptance_is_the_delivery_on_the_sending_device_alone() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let (ann, tablet) = (http.enter("ann").await, http.log_in("ann").await);
    let ben = http.enter("ben").await;
    let channel = ChannelId::direct(ann.user, ben.user);
    let (mut on_phone, _) = Session::hello(&net, &server.address, &ann).await;
    let (mut on_tablet, _) = Session::hello(&net, &server.address, &tablet).await;
    let (mut at_ben, _) = Session::hello(&net, &server.address, &ben).await;
    on_phone.say(channel, 1, "one").await;
    assert_eq!(on_phone.accepted(1).await, MessageId(1));
    on_phone.say(channel, 2, "two").await;
    // No entry comes between the two acceptances.
    assert_eq!(on_phone.accepted(2).await, MessageId(2));
    for session in [&mut on_tablet, &mut at_ben] {
        for (message_id, body) in [(1, "one"), (2, "two")] {
            let ServerFrame::Entry { entry } = session.next().await else { panic!("no entry") };
            assert_eq!(entry.message_id, MessageId(message_id));
            assert_eq!(entry.content, Content::Text(body.into()));
        }
    }
}

#[tokio::test]
async fn a_repeated_send_gets_its_first_answer_again() {
    let net = Places::net();
    let (server, models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
    let channel = ChannelId::direct(ann.user, ben.user);
    let (mut session, _) = Session::hello(&net, &server.address, &ann).await;
    session.say(channel, 1, "one").await;
    let first = session.next().await;
    let (mut newer, _) = Session::hello(&net, &server.address, &ann).await;
    newer.say(channel, 1, "one").await;
    assert_eq!(newer.next().await, first);
    assert_eq!(crate::support::stored(&models).len(), 1);
}
