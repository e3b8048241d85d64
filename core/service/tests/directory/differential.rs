//! Random requests to the model and to SQLite side by side, in batches of any size, through
//! restarts: every answer must be the same.

use std::{collections::BTreeMap, sync::mpsc};

use hubbub_chat::{
    DeviceId, UserId,
    ports::directory::{DirectoryAnswer, DirectoryModel, DirectoryRequest, Profile},
    random::Random,
};
use hubbub_service::directory::SqliteConfig;

use crate::support::{OnDisk, known};

const STEPS: usize = 4000;
/// Names, and so users at most.
const USERS: u64 = 30;

fn request(random: &mut Random, step: usize) -> DirectoryRequest {
    let name = format!("user-{}", random.below(USERS));
    let token = [u8::try_from(random.below(40)).unwrap(); 32];
    // Some are beyond those that exist.
    let mut user = || UserId(random.below(USERS + 4));
    let (user, other) = (user(), user());
    match random.below(20) {
        0..3 => DirectoryRequest::SignUp { name, password_hash: format!("hash-{step}") },
        3 => DirectoryRequest::Credentials { name },
        4..6 => DirectoryRequest::Login { user, token },
        6 | 7 => DirectoryRequest::Authenticate { token },
        8 => DirectoryRequest::Logout { device: DeviceId(random.below(400)) },
        9 => DirectoryRequest::Devices { user },
        10..13 => DirectoryRequest::Befriend { user, other },
        13 => DirectoryRequest::Unfriend { user, other },
        14 | 15 => DirectoryRequest::Friends { user },
        16 => DirectoryRequest::Profile { user },
        17 => {
            let profile = Profile { display_name: name, about: step.to_string() };
            DirectoryRequest::WriteProfile { user, profile }
        }
        18 => DirectoryRequest::Settings { user },
        _ => DirectoryRequest::WriteSettings { user, settings: format!(r#"{{"step":{step}}}"#) },
    }
}

fn situation(answer: &DirectoryAnswer) -> &'static str {
    match answer {
        DirectoryAnswer::SignedUp(_) => "signed up",
        DirectoryAnswer::NameTaken => "name taken",
        DirectoryAnswer::Credentials { .. } => "credentials",
        DirectoryAnswer::LoggedIn(_) => "logged in",
        DirectoryAnswer::Authenticated { .. } => "authenticated",
        DirectoryAnswer::LoggedOut => "logged out",
        DirectoryAnswer::Devices(_) => "devices",
        DirectoryAnswer::Asked => "asked",
        DirectoryAnswer::Befriended => "befriended",
        DirectoryAnswer::TooManyFriends => "too many friends",
        DirectoryAnswer::Unfriended => "unfriended",
        DirectoryAnswer::Friends { .. } => "friends",
        DirectoryAnswer::Profile(_) => "profile",
        DirectoryAnswer::Settings(_) => "settings",
        DirectoryAnswer::Written => "written",
        DirectoryAnswer::NotFound => "not found",
    }
}

fn compare(seed: u64) {
    let mut random = Random::new(seed);
    let mut directory = OnDisk::new(SqliteConfig { batch_max: 16, ..SqliteConfig::default() });
    let mut model = DirectoryModel::default();
    let mut situations = BTreeMap::<&str, u32>::new();
    let mut step = 0;
    while step < STEPS {
        let (sender, answers) = mpsc::channel();
        let mut expected = Vec::new();
        for _ in 0..=random.below(40) {
            step += 1;
            let request = request(&mut random, step);
            let sender = sender.clone();
            directory.directory().submit(request.clone(), move |outcome| {
                sender.send(outcome).unwrap();
            });
            expected.push((model.handle(request.clone()), request));
        }
        for (expected, request) in expected {
            let answer = known(answers.recv().unwrap());
            assert_eq!(answer, expected, "seed {seed}, near step {step}: {request:?}");
            *situations.entry(situation(&answer)).or_default() += 1;
        }
        if random.below(20) == 0 {
            directory.reopen();
        }
    }
    // All but "too many friends", which the contract reaches.
    assert_eq!(situations.len(), 15, "{situations:?}");
}

#[test]
fn sqlite_answers_as_the_model_does() {
    (1..=4).for_each(compare);
}
