//! One deployment in several processes: they find each other in the registry, and `kill -9` of any of
//! them loses nothing.

use crate::{
    phone::Phone,
    program::{Program, Server},
};

/// Quick to notice what is gone.
const QUICK: &str = r#"
version = 1
name = "quick"
summary = "Servers that are gone are noticed within two seconds."
[load]
connections = 2
rate = "1/s"
deliver_p99 = "5s"
[design]
lease_ttl = "1500ms"
request_timeout = "1s"
resync_interval = "1s"
"#;

/// A store, two chat servers, a presence server and an API, each a process.
struct Deployment {
    program: Program,
    store: Server,
    chats: [Server; 2],
    _presence: Server,
    api: Server,
}

impl Deployment {
    fn start() -> Self {
        let program = Program::new();
        program.write("quick.toml", QUICK);
        let store = start_store(&program, "127.0.0.1:0");
        let part = |role: &str, number: &str| start_part(&program, &store, role, number);
        let chats = [part("chat", "1"), part("chat", "2")];
        let (presence, api) = (part("presence", "1"), part("api", "1"));
        Self { chats, _presence: presence, api, store, program }
    }

    /// A user with a device, at no chat server yet.
    fn enter(&self, name: &str) -> Phone {
        Phone::sign_up(&self.api.address, name)
    }

    fn start_chat(&mut self, number: usize) {
        let server = number.to_string();
        self.chats[number - 1] = start_part(&self.program, &self.store, "chat", &server);
    }
}

fn start_store(program: &Program, listen: &str) -> Server {
    let arguments = ["serve", "--role", "store", "--listen", listen, "--data", "data"];
    Server::start_with(program, &[&arguments[..], &["--scenario", "quick.toml"]].concat())
}

fn start_part(program: &Program, store: &Server, role: &str, number: &str) -> Server {
    let mut arguments = vec!["serve", "--role", role, "--store", &store.address];
    arguments.extend(["--listen", "127.0.0.1:0", "--scenario", "quick.toml"]);
    if role != "api" {
        arguments.extend(["--server", number]);
    }
    Server::start_with(program, &arguments)
}

#[test]
fn users_of_different_chat_servers_reach_one_another() {
    let deployment = Deployment::start();
    let (mut ann, mut ben) = (deployment.enter("ann"), deployment.enter("ben"));
    ann.befriend(&ben);
    ben.befriend(&ann);
    ann.attach_to(&deployment.chats[0].address);
    ben.attach_to(&deployment.chats[1].address);
    ann.say(&ben, "over two servers");
    ben.say(&ann, "and back");
    for phone in [&mut ann, &mut ben] {
        phone.wait_for(&["over two servers", "and back"]);
    }
    ann.wait_until_online(&mut ben);
}

#[test]
fn users_of_a_killed_chat_server_go_on_at_the_other() {
    let mut deployment = Deployment::start();
    let (mut ann, mut ben) = (deployment.enter("ann"), deployment.enter("ben"));
    ann.attach_to(&deployment.chats[0].address);
    ben.attach_to(&deployment.chats[1].address);
    ann.say(&ben, "one");
    ben.wait_for(&["one"]);

    deployment.chats[0].kill();
    ben.say(&ann, "two");
    ann.say(&ben, "three");
    assert_eq!(ann.server(), deployment.chats[1].address);
    ann.wait_for(&["one", "two", "three"]);

    // The other way round, with the first one started again under its number.
    deployment.start_chat(1);
    ann.attach_to(&deployment.chats[0].address);
    deployment.chats[1].kill();
    ann.say(&ben, "four");
    ben.say(&ann, "five");
    assert_eq!(ben.server(), deployment.chats[0].address);
    for phone in [&mut ann, &mut ben] {
        phone.wait_for(&["one", "two", "three", "four", "five"]);
    }
}

#[test]
fn nothing_that_was_accepted_is_lost_by_a_kill_of_the_store() {
    let mut deployment = Deployment::start();
    let (mut ann, mut ben) = (deployment.enter("ann"), deployment.enter("ben"));
    ann.attach_to(&deployment.chats[0].address);
    ben.attach_to(&deployment.chats[1].address);
    let before: Vec<String> = (1..=20).map(|number| format!("before {number}")).collect();
    for text in &before {
        ann.say(&ben, text);
    }
    deployment.store.kill();
    // It is on its way while there is no store, under one number all the time.
    ann.send(&ben, "meanwhile");
    let address = deployment.store.address.clone();
    deployment.store = start_store(&deployment.program, &address);
    ann.wait_for_acceptance(&ben, "meanwhile");
    ben.say(&ann, "after");

    let mut expected: Vec<&str> = before.iter().map(String::as_str).collect();
    expected.extend(["meanwhile", "after"]);
    ann.wait_for(&expected);
    ben.wait_for(&expected);
    // Another device of the same user reads the same from the store.
    let mut again = ben.log_in_again();
    again.attach_to(&deployment.chats[0].address);
    again.wait_for(&expected);
}

#[test]
fn a_design_that_only_a_simulation_can_store_is_refused() {
    let program = Program::new();
    program.write("naive.toml", format!("{QUICK}direct_key = \"id\"\n"));
    let ended = program.run(&["serve", "--scenario", "naive.toml", "--data", "data"]);
    assert_eq!(ended.status, 2, "{}", ended.stderr);
    assert!(ended.stderr.contains("simulation"), "{}", ended.stderr);
    assert_eq!(program.names(), ["naive.toml"], "nothing is written");
}

#[test]
fn a_role_without_what_it_needs_says_what_is_missing() {
    let program = Program::new();
    for (arguments, missing) in [
        (&["--role", "chat", "--server", "1"][..], "--store"),
        (&["--role", "presence", "--store", "127.0.0.1:1"], "--server"),
        (&["--role", "notify", "--store", "127.0.0.1:1"], "--webhook"),
        (&["--role", "api"], "--store"),
    ] {
        let ended = program.run(&[&["serve"], arguments].concat());
        assert_eq!(ended.status, 2, "{arguments:?}");
        assert!(ended.stderr.contains(missing), "{}", ended.stderr);
    }
    let https = ["serve", "--webhook", "https://push/v1", "--listen", "127.0.0.1:0"];
    let ended = program.run(&https);
    assert_eq!(ended.status, 2);
    assert!(ended.stderr.contains("http://host:port/path"), "{}", ended.stderr);
}
