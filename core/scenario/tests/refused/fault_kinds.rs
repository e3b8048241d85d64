//! Faults of clocks, of processes and of a share of the users: what they need, and what they
//! exclude.

use hubbub_scenario::Scenario;

use crate::support::{self, HEAD, WORKLOAD};

/// A scenario with one fault for each of these, from 5 s on for 5 s.
fn text(faults: &[&str]) -> String {
    let faults = faults.iter().map(|keys| format!("[[fault]]\nat = \"5s\"\nfor = \"5s\"\n{keys}"));
    format!("{HEAD}{WORKLOAD}{}", faults.collect::<String>())
}

fn refusal(faults: &[&str]) -> String {
    support::refusal(&text(faults))
}

fn is_right(faults: &[&str]) {
    Scenario::parse("x.toml", &text(faults)).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn a_share_of_the_users_is_a_target_of_its_own() {
    for kind in ["partition", "blip", "crash", "power-loss"] {
        is_right(&[&format!("kind = \"{kind}\"\nusers = \"10%\"\n")]);
    }
    insta::assert_snapshot!(refusal(&["kind = \"crash\"\nhost = \"chat-1\"\nusers = \"10%\"\n"]), @r#"
    error: a fault has `host` or `users`, not both
      --> x.toml:12:8
       |
    12 | host = "chat-1"
       |        ^^^^^^^^
       = remove one, or write a fault for each
    "#);
    insta::assert_snapshot!(
        refusal(&["kind = \"blip\"\nbetween = [[\"chat-1\"], [\"store\"]]\nusers = \"10%\"\n"]), @r#"
        error: a fault has `between` or `users`, not both
          --> x.toml:12:11
           |
        12 | between = [["chat-1"], ["store"]]
           |           ^^^^^^^^^^^^^^^^^^^^^^^
           = remove one; `host`, `users` and `region` mean these against all others
        "#);
    insta::assert_snapshot!(refusal(&["kind = \"drain\"\nhost = \"chat-1\"\nusers = \"10%\"\n"]), @r#"
    error: `drain` strikes a host
      --> x.toml:13:9
       |
    13 | users = "10%"
       |         ^^^^^
       = remove `users`
    "#);
    insta::assert_snapshot!(refusal(&["kind = \"skew\"\nby = \"1s\"\nusers = \"10%\"\n"]), @r#"
    error: `skew` strikes a host
      --> x.toml:11:8
       |
    11 | kind = "skew"
       |        ^^^^^^
       = write which: `host = "chat-1"`
    "#);
}

#[test]
fn a_share_of_the_users_has_a_percent_sign_and_somebody_in_it() {
    insta::assert_snapshot!(refusal(&["kind = \"blip\"\nusers = \"10\"\n"]), @r#"
    error: bad value of `fault.users`: `10` is no share of the users
      --> x.toml:12:9
       |
    12 | users = "10"
       |         ^^^^
       = write a number from 0 to 100 with up to four decimals and a percent sign, such as "10%"
    "#);
    insta::assert_snapshot!(refusal(&["kind = \"blip\"\nusers = 0.1\n"]), @r#"
    error: `fault.users` must be a share with its percent sign, not a number with a fraction
      --> x.toml:12:9
       |
    12 | users = 0.1
       |         ^^^
       = write it like this: `users = "10%"`
    "#);
    insta::assert_snapshot!(refusal(&["kind = \"blip\"\nusers = \"0%\"\n"]), @r#"
    error: `users` must be more than 0%
      --> x.toml:12:9
       |
    12 | users = "0%"
       |         ^^^^
    "#);
}

#[test]
fn a_fault_of_a_clock_says_by_how_much() {
    is_right(&["kind = \"skew\"\nhost = \"chat-1\"\nby = \"-4999ms\"\n"]);
    is_right(&["kind = \"clock-step\"\nhost = \"devices-1\"\nby = \"-1h\"\n"]);
    insta::assert_snapshot!(refusal(&["kind = \"skew\"\nhost = \"chat-1\"\n"]), @r#"
    error: `skew` needs to know by how much
      --> x.toml:11:8
       |
    11 | kind = "skew"
       |        ^^^^^^
       = write by how much the clock is off: `by = "2s"`, or `by = "-2s"` for behind
    "#);
    insta::assert_snapshot!(refusal(&["kind = \"clock-step\"\nhost = \"chat-1\"\nby = \"0s\"\n"]), @r#"
    error: `by` must not be 0: the clock would be right
      --> x.toml:13:6
       |
    13 | by = "0s"
       |      ^^^^
    "#);
    insta::assert_snapshot!(refusal(&["kind = \"clock-step\"\nhost = \"chat-1\"\nby = \"fast\"\n"]), @r#"
    error: bad value of `fault.by`: `fast` is no offset
      --> x.toml:13:6
       |
    13 | by = "fast"
       |      ^^^^^^
       = write a number and a unit, with a minus for a clock that is behind, such as "2s" or "-500ms"
    "#);
    insta::assert_snapshot!(refusal(&["kind = \"crash\"\nhost = \"chat-1\"\nby = \"1s\"\n"]), @r#"
    error: `crash` moves no clock
      --> x.toml:13:6
       |
    13 | by = "1s"
       |      ^^^^
       = remove it, or use `kind = "skew"` or `kind = "clock-step"`
    "#);
}

#[test]
fn a_skewed_clock_has_time_to_be_wrong() {
    insta::assert_snapshot!(refusal(&["kind = \"skew\"\nhost = \"chat-1\"\nby = \"-5s\"\n"]), @r#"
    error: a skewed clock stands still for 5s, which is all of it
      --> x.toml:10:7
       |
    10 | for = "5s"
       |       ^^^^
       = make `for` longer than `by`, or use `kind = "clock-step"`, which jumps
    "#);
}

#[test]
fn only_a_chat_server_is_drained() {
    is_right(&["kind = \"drain\"\nhost = \"chat-2\"\n"]);
    insta::assert_snapshot!(refusal(&["kind = \"drain\"\nhost = \"store\"\n"]), @r#"
    error: `store` has no sessions to hand over
      --> x.toml:12:8
       |
    12 | host = "store"
       |        ^^^^^^^
       = drain a chat server: chat-1, chat-2, chat-3
    "#);
}

#[test]
fn states_that_exclude_one_another_do_not_overlap() {
    let pause = "kind = \"pause\"\nhost = \"chat-1\"\n";
    let drain = "kind = \"drain\"\nhost = \"chat-1\"\n";
    insta::assert_snapshot!(refusal(&[pause, drain]), @r#"
    error: `chat-1` is paused already, since 5s for 5s
      --> x.toml:14:6
       |
    14 | at = "5s"
       |      ^^^^
       = let it start again first, or strike another host
    "#);
    let skew = "kind = \"skew\"\nhost = \"chat-1\"\nby = \"1s\"\n";
    let step = "kind = \"clock-step\"\nhost = \"chat-1\"\nby = \"1s\"\n";
    insta::assert_snapshot!(refusal(&[skew, step]), @r#"
    error: `chat-1` has a wrong clock already, since 5s for 5s
      --> x.toml:15:6
       |
    15 | at = "5s"
       |      ^^^^
       = let it be right again first, or strike another host
    "#);
    is_right(&[skew, pause]);
    is_right(&[skew, "kind = \"skew\"\nhost = \"chat-2\"\nby = \"-1s\"\n"]);
}

#[test]
fn a_rolling_restart_is_the_only_stop_of_chat_servers() {
    let rolling = "kind = \"rolling-restart\"\n";
    for kind in ["crash", "power-loss", "restart", "drain", "pause"] {
        let stop = format!("kind = \"{kind}\"\nhost = \"chat-2\"\n");
        for faults in [[rolling, stop.as_str()], [stop.as_str(), rolling]] {
            assert!(refusal(&faults).contains("stops chat servers already"), "{kind}");
        }
    }
    assert!(refusal(&[rolling, rolling]).contains("stops chat servers already"));
    is_right(&[rolling, "kind = \"crash\"\nhost = \"store\"\n"]);
    is_right(&[rolling, "kind = \"partition\"\nhost = \"chat-1\"\n"]);
}

#[test]
fn a_host_is_slow_or_paused() {
    let slow = "kind = \"slow\"\nlatency = \"10ms\"\nhost = \"chat-1\"\n";
    let pause = "kind = \"pause\"\nhost = \"chat-1\"\n";
    assert!(refusal(&[slow, pause]).contains("`chat-1` is slow already, since 5s for 5s"));
    assert!(refusal(&[pause, slow]).contains("`chat-1` is paused already, since 5s for 5s"));
    is_right(&[slow, "kind = \"pause\"\nhost = \"chat-2\"\n"]);
}

#[test]
fn what_has_nothing_to_strike_is_refused() {
    let refused = [
        ("kind = \"gateway-failing\"\n", "strikes pushes, and nobody gets any"),
        ("kind = \"gateway-slow\"\nlatency = \"1s\"\n", "strikes pushes, and nobody gets any"),
        ("kind = \"black-hole\"\nhost = \"devices-1\"\n", "nobody connects to `devices-1`"),
        ("kind = \"lease-lost\"\nhost = \"devices-1\"\n", "`devices-1` holds no lease"),
        ("kind = \"reconnect-storm\"\nhost = \"store\"\n", "has no connections of devices"),
        ("kind = \"partition\"\nregion = \"eu\"\n", "unknown region `eu`"),
    ];
    for (fault, problem) in refused {
        assert!(refusal(&[fault]).contains(problem), "{}", refusal(&[fault]));
    }
    let alone =
        format!("{}[cluster]\nchat = 1\n", text(&["kind = \"hint-loss\"\nhost = \"chat-1\"\n"]));
    assert!(support::refusal(&alone).contains("between chat servers, and there is one alone"));
}

#[test]
fn a_host_of_a_role_can_be_struck_when_it_is_there() {
    let fault = "[[fault]]\nat = \"5s\"\nfor = \"5s\"\nkind = \"crash\"\nhost = \"presence-2\"\n";
    let text = |count: u32| format!("{HEAD}{WORKLOAD}{fault}[cluster]\npresence = {count}\n");
    assert!(Scenario::parse("x.toml", &text(2)).is_ok());
    let error = Scenario::parse("x.toml", &text(1)).expect_err("there is one").to_string();
    insta::assert_snapshot!(error, @r#"
    error: unknown host `presence-2`
      --> x.toml:12:8
       |
    12 | host = "presence-2"
       |        ^^^^^^^^^^^^
       = did you mean `presence-1`? this cluster has chat-1, chat-2, chat-3, presence-1, store, devices-1, devices-2
    "#);
}
