//! Policies, desires and things as data: what is read, what is refused, and how that is said.

use piccolo_recovery::{
    Criticality, Desired, DesiredError, ModelName, Policy, PolicyError, Recovery, Remedy, Rung,
    Thing,
};

use crate::support::{Bench, desired, model, name, needs, optional, package};

#[test]
fn a_policy_says_only_what_is_not_the_default() {
    let policy: Policy = serde_json::from_str(
        r#"{"detection": {"lost_after": 5}, "ladders": {"low": {
            "rungs": [{"remedy": "roll-back", "tries": 1}],
            "backoff": {"first_us": 1, "factor": 1, "cap_us": 1, "jitter_percent": 0},
            "budget": {"recoveries": 1, "window_us": 1}, "deadline_us": 1, "objective_us": 1}}}"#,
    )
    .unwrap();
    assert_eq!(policy.detection.lost_after, 5);
    assert_eq!(policy.detection.suspect_after, Policy::default().detection.suspect_after);
    assert_eq!(policy.ladders.low.rungs, [Rung { remedy: Remedy::RollBack, tries: 1 }]);
    assert_eq!(policy.ladders.high, Policy::default().ladders.high);
    assert_eq!(policy.check(), Ok(()));
    let error = serde_json::from_str::<Policy>(r#"{"detecton": {}}"#).unwrap_err();
    assert!(error.to_string().starts_with("unknown field `detecton`"), "{error}");
}

/// Makes a policy senseless.
type Break = fn(&mut Policy);

#[test]
fn a_policy_that_makes_no_sense_is_refused() {
    let cases: [(Break, &str); 7] = [
        (
            |policy| policy.detection.heartbeat_us = 0,
            "detection.heartbeat_us is 0: it must be at least 1",
        ),
        (
            |policy| policy.detection.suspect_after = 9,
            "detection.suspect_after is greater than detection.lost_after: lower it, or raise \
             detection.lost_after",
        ),
        (
            |policy| policy.ladders.low.rungs[1].tries = 0,
            "ladders.low.rungs[1].tries is 0: it must be at least 1",
        ),
        (
            |policy| policy.ladders.high.rungs[1].remedy = Remedy::Restart,
            "ladders.high.rungs has Restart twice: put all its tries on one rung",
        ),
        (
            |policy| policy.ladders.safety.backoff.cap_us = 1,
            "ladders.safety.backoff.first_us is greater than ladders.safety.backoff.cap_us: \
             lower it, or raise ladders.safety.backoff.cap_us",
        ),
        (
            |policy| policy.vehicle.reserved = 40,
            "vehicle.reserved is greater than vehicle.recoveries - 1: lower it, or raise \
             vehicle.recoveries - 1",
        ),
        (
            |policy| policy.ladders.medium.budget.recoveries = u32::MAX,
            "ladders.medium.budget.recoveries is greater than RECOVERIES_MAX: lower it, or raise \
             RECOVERIES_MAX",
        ),
    ];
    assert_eq!(Policy::default().check(), Ok(()));
    for (break_it, expected) in cases {
        let mut policy = Policy::default();
        break_it(&mut policy);
        let error: PolicyError = Recovery::new(policy).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_desire_that_cannot_be_is_refused() {
    let two =
        |one, other| desired(&[("a", package(Criticality::Low, &[("m", one), ("o", other)]))]);
    let cases: [(Desired, &str); 7] = [
        (two(model(&[]), model(&["n1"])), "a/m has no candidate node: name one"),
        (
            two(model(&["n1", "n9"]), model(&["n1"])),
            "a/m names the node n9, which is not desired: add it, or name another",
        ),
        (
            two(needs(&["n1"], "b/m"), model(&["n1"])),
            "a/m names the model b/m, which is not desired: add it, or name another",
        ),
        (
            two(needs(&["n1"], "a/o"), needs(&["n1"], "a/m")),
            "a/m needs itself over what it needs: break the circle",
        ),
        (
            two(needs(&["n1"], "a/o"), optional(&["n1"])),
            "a/m needs a/o, which is optional: make both optional, or none",
        ),
        (
            desired(&[("a/b", package(Criticality::Low, &[]))]),
            "`a/b` is no name: it must not be empty nor have `/`, `@` or a space",
        ),
        (
            two(
                piccolo_recovery::DesiredModel {
                    state: piccolo_state::ModelState::Dead,
                    ..model(&["n1"])
                },
                model(&["n1"]),
            ),
            "a/m cannot be wanted dead: only running, paused or exited",
        ),
    ];
    for (wanted, expected) in cases {
        let mut recovery = Recovery::new(Policy::default()).unwrap();
        let before = recovery.clone();
        assert_eq!(recovery.desire(5, wanted).unwrap_err().to_string(), expected);
        assert_eq!(recovery, before);
    }
}

#[test]
fn another_revision_needs_another_generation() {
    let mut wanted = desired(&[("a", package(Criticality::Low, &[("m", model(&["n1"]))]))]);
    let mut bench = Bench::running(Policy::default(), wanted.clone());
    wanted.packages.get_mut("a").unwrap().revision = 2;
    let error = bench.recovery.desire(bench.now_us, wanted).unwrap_err();
    assert_eq!(error, DesiredError::Generation { package: "a".to_owned() });
}

#[test]
fn things_are_read_as_they_are_written() {
    let all = [
        Thing::Node("hpc".to_owned()),
        Thing::Package("cruise".to_owned()),
        Thing::Model(ModelName::new("cruise", "lane")),
        Thing::Instance(ModelName::new("cruise", "lane"), "hpc".to_owned()),
    ];
    let texts = ["node hpc", "package cruise", "model cruise/lane", "instance cruise/lane@hpc"];
    for (thing, text) in all.into_iter().zip(texts) {
        assert_eq!(thing.to_string(), text);
        assert_eq!(text.parse::<Thing>().unwrap(), thing);
        let json = serde_json::to_string(&thing).unwrap();
        assert_eq!(serde_json::from_str::<Thing>(&json).unwrap(), thing);
    }
    for wrong in ["", "hpc", "node ", "model cruise", "instance a/b", "thing x", "model a/b/c"] {
        assert!(wrong.parse::<Thing>().is_err(), "{wrong}");
    }
    let error = "cruise".parse::<ModelName>().unwrap_err();
    assert_eq!(error.to_string(), "`cruise` is no model; write PACKAGE/MODEL");
}

#[test]
fn what_is_kept_goes_on_as_if_nothing_had_been() {
    let wanted = desired(&[("a", package(Criticality::Medium, &[("m", model(&["n1", "n2"]))]))]);
    let mut bench = Bench::running(Policy::default(), wanted);
    bench.dies("a/m", "n1");
    let kept = serde_json::to_string(&bench.recovery).unwrap();
    let again: Recovery = serde_json::from_str(&kept).unwrap();
    assert_eq!(again, bench.recovery);
    assert_eq!(again.in_flight().count(), 1);
    assert_eq!(again.placement(&name("a/m")), Some("n1"));
}
