//! What every directory does. Each test runs against the model and against SQLite.

use hubbub_chat::{
    DeviceId, UserId,
    ports::directory::{DirectoryAnswer, DirectoryRequest, FRIENDS_MAX, Profile},
};

use crate::support::{Subject, sign_up};

fn befriend(user: UserId, other: UserId) -> DirectoryRequest {
    DirectoryRequest::Befriend { user, other }
}

fn friends(subject: &mut Subject, user: UserId) -> [Vec<UserId>; 3] {
    match subject.ask(DirectoryRequest::Friends { user }) {
        DirectoryAnswer::Friends { friends, asked_by, asked } => [friends, asked_by, asked],
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_name_is_given_once_and_ids_count_up_without_holes() {
    for mut subject in Subject::all() {
        assert_eq!(subject.sign_up("ann"), UserId(1));
        for _ in 0..3 {
            assert_eq!(subject.ask(sign_up("ann")), DirectoryAnswer::NameTaken);
        }
        assert_eq!(subject.sign_up("Ann"), UserId(2), "names compare byte by byte");
        assert_eq!(subject.sign_up("an\0n"), UserId(3));
        let credentials = DirectoryRequest::Credentials { name: "Ann".into() };
        let password_hash = "hash of Ann".into();
        let expected = DirectoryAnswer::Credentials { user: UserId(2), password_hash };
        assert_eq!(subject.ask(credentials), expected);
        let nobody = DirectoryRequest::Credentials { name: "an".into() };
        assert_eq!(subject.ask(nobody), DirectoryAnswer::NotFound);
    }
}

#[test]
fn a_device_id_is_never_given_again() {
    for mut subject in Subject::all() {
        let ann = subject.sign_up("ann");
        let first = subject.log_in(ann, 1);
        let last = subject.log_in(ann, 2);
        let logout = DirectoryRequest::Logout { device: last };
        // Twice: the first answer may have been lost.
        for _ in 0..2 {
            assert_eq!(subject.ask(logout.clone()), DirectoryAnswer::LoggedOut);
        }
        let authenticate = |token| DirectoryRequest::Authenticate { token: [token; 32] };
        assert_eq!(subject.ask(authenticate(2)), DirectoryAnswer::NotFound);
        let known = DirectoryAnswer::Authenticated { user: ann, device: first };
        assert_eq!(subject.ask(authenticate(1)), known);
        assert_eq!(subject.log_in(ann, 3), DeviceId(last.0 + 1));
        let devices = DirectoryAnswer::Devices(vec![first, DeviceId(last.0 + 1)]);
        assert_eq!(subject.ask(DirectoryRequest::Devices { user: ann }), devices);
    }
}

#[test]
fn ids_that_were_never_given_are_unknown() {
    for mut subject in Subject::all() {
        let ann = subject.sign_up("ann");
        for user in [UserId(0), UserId(2), UserId(u64::MAX)] {
            let profile = Profile::default();
            for request in [
                DirectoryRequest::Login { user, token: [1; 32] },
                befriend(ann, user),
                befriend(user, ann),
                DirectoryRequest::Profile { user },
                DirectoryRequest::WriteProfile { user, profile },
                DirectoryRequest::Settings { user },
                DirectoryRequest::WriteSettings { user, settings: "{}".into() },
            ] {
                assert_eq!(subject.ask(request.clone()), DirectoryAnswer::NotFound, "{request:?}");
            }
            let none = DirectoryAnswer::Devices(Vec::new());
            assert_eq!(subject.ask(DirectoryRequest::Devices { user }), none);
            let unfriend = DirectoryRequest::Unfriend { user: ann, other: user };
            assert_eq!(subject.ask(unfriend), DirectoryAnswer::Unfriended);
            let logout = DirectoryRequest::Logout { device: DeviceId(user.0) };
            assert_eq!(subject.ask(logout), DirectoryAnswer::LoggedOut);
            assert_eq!(friends(&mut subject, user), [vec![], vec![], vec![]]);
        }
        assert_eq!(subject.log_in(ann, 1), DeviceId(1), "nothing was written");
    }
}

#[test]
fn both_must_want_to_be_friends_and_either_can_end_it() {
    for mut subject in Subject::all() {
        let (ann, ben) = (subject.sign_up("ann"), subject.sign_up("ben"));
        for _ in 0..2 {
            assert_eq!(subject.ask(befriend(ann, ben)), DirectoryAnswer::Asked);
        }
        assert_eq!(friends(&mut subject, ann), [vec![], vec![], vec![ben]]);
        assert_eq!(friends(&mut subject, ben), [vec![], vec![ann], vec![]]);
        for _ in 0..2 {
            assert_eq!(subject.ask(befriend(ben, ann)), DirectoryAnswer::Befriended);
        }
        assert_eq!(subject.ask(befriend(ann, ben)), DirectoryAnswer::Befriended);
        assert_eq!(friends(&mut subject, ann), [vec![ben], vec![], vec![]]);
        let unfriend = DirectoryRequest::Unfriend { user: ben, other: ann };
        assert_eq!(subject.ask(unfriend), DirectoryAnswer::Unfriended);
        assert_eq!(friends(&mut subject, ann), [vec![], vec![], vec![]]);
        assert_eq!(subject.ask(befriend(ann, ann)), DirectoryAnswer::NotFound);
    }
}

#[test]
fn friends_and_requests_have_a_bound_on_either_side() {
    for mut subject in Subject::all() {
        let ann = subject.sign_up("ann");
        let others = (0..FRIENDS_MAX).map(|number| sign_up(&format!("user-{number}"))).collect();
        let asked = subject.ask_all(others).into_iter().map(|answer| match answer {
            DirectoryAnswer::SignedUp(other) => befriend(ann, other),
            other => panic!("{other:?}"),
        });
        let answers = subject.ask_all(asked.collect());
        assert_eq!(answers, vec![DirectoryAnswer::Asked; FRIENDS_MAX]);
        let one_more = subject.sign_up("one more");
        let full = DirectoryAnswer::TooManyFriends;
        assert_eq!(subject.ask(befriend(ann, one_more)), full);
        assert_eq!(subject.ask(befriend(one_more, ann)), full);
        assert_eq!(friends(&mut subject, one_more), [vec![], vec![], vec![]]);
        // Saying yes needs no more room.
        assert_eq!(subject.ask(befriend(UserId(2), ann)), DirectoryAnswer::Befriended);
        subject.ask(DirectoryRequest::Unfriend { user: ann, other: UserId(2) });
        assert_eq!(subject.ask(befriend(one_more, ann)), DirectoryAnswer::Asked);
    }
}

#[test]
fn profiles_and_settings_are_empty_until_they_are_written() {
    for mut subject in Subject::all() {
        let (ann, ben) = (subject.sign_up("ann"), subject.sign_up("ben"));
        let read = |subject: &mut Subject, user| {
            let profile = subject.ask(DirectoryRequest::Profile { user });
            (profile, subject.ask(DirectoryRequest::Settings { user }))
        };
        let empty = (
            DirectoryAnswer::Profile(Profile::default()),
            DirectoryAnswer::Settings("{}".to_owned()),
        );
        assert_eq!(read(&mut subject, ann), empty);
        for (about, settings) in [("first", r#"{"a":1}"#), ("sécond", "{}")] {
            let profile = Profile { display_name: "Ann".into(), about: about.into() };
            let write = DirectoryRequest::WriteProfile { user: ann, profile: profile.clone() };
            assert_eq!(subject.ask(write), DirectoryAnswer::Written);
            let write = DirectoryRequest::WriteSettings { user: ann, settings: settings.into() };
            assert_eq!(subject.ask(write), DirectoryAnswer::Written);
            let settings = DirectoryAnswer::Settings(settings.into());
            assert_eq!(read(&mut subject, ann), (DirectoryAnswer::Profile(profile), settings));
        }
        assert_eq!(read(&mut subject, ben), empty);
    }
}
