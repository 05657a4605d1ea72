//! Every sample of Eclipse Pullpiri and TIMPANI: what is read from it, and every notice.

use std::fs;
use std::path::PathBuf;

use piccolo_resource::{
    Bundle, Comparison, Condition, Gpus, Kind, NetworkMode, Resource, ScenarioAction,
    SchedulingPolicy, read, units::Millicores, write,
};

/// The folder of samples, or none where this machine has no shared data.
pub(crate) fn samples() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let data = std::env::var_os("PICCOLO_SHARED_DATA").map_or(beside, PathBuf::from);
    let folder = data.join("pullpiri");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none(), "the shared data is absent");
    println!("the shared data is absent: nothing is tested");
    None
}

fn sample(folder: &std::path::Path, name: &str) -> Bundle {
    let text = fs::read_to_string(folder.join(name)).expect("the sample is there");
    read(&text, name)
}

/// What a file gives: how many documents, and each notice as `code line`.
fn outcome(bundle: &Bundle) -> (usize, Vec<String>) {
    let notices = bundle.notices.iter().map(|n| format!("{} {}", n.code, n.line));
    (bundle.documents.len(), notices.collect())
}

/// (file, documents, notices as `code line`)
const SAMPLES: &[(&str, usize, &[&str])] = &[
    ("br-resmgr-network-volume-example.yaml", 2, &[]),
    ("br-timpani-helloworld_timpani_policy.yaml", 5, &["R0101 16", "R0102 33", "R0102 49"]),
    ("head-helloworld.yaml", 3, &["R0101 22"]),
    ("head-helloworld_no_condition.yaml", 3, &["R0101 16"]),
    ("head-helloworld_policy.yaml", 4, &["R0101 16", "R0102 32"]),
    ("head-parameter-test.yaml", 4, &["R0101 16"]),
    (
        "head-schedule-test.yaml",
        6,
        &["R0102 8", "R0102 194", "R0101 203", "R0102 204", "R0102 229", "R0102 255", "R0102 281"],
    ),
    (
        "hist-antipinch-enable.yaml",
        5,
        &["R0101 16", "R0108 26", "R0101 31", "R0105 33", "R0101 38", "R0105 40", "R0106 47"],
    ),
    (
        "hist-bms-performance.yaml",
        8,
        &[
            "R0101 22",
            "R0108 32",
            "R0108 37",
            "R0108 42",
            "R0108 47",
            "R0101 52",
            "R0105 54",
            "R0101 59",
            "R0105 61",
            "R0106 68",
            "R0106 85",
            "R0106 102",
            "R0106 122",
        ],
    ),
    (
        "hist-bms.yaml",
        8,
        &[
            "R0101 19",
            "R0108 29",
            "R0108 34",
            "R0108 39",
            "R0108 44",
            "R0101 49",
            "R0105 51",
            "R0101 56",
            "R0105 58",
            "R0106 65",
            "R0106 82",
            "R0106 99",
            "R0106 119",
        ],
    ),
    ("hist-node.yaml", 2, &["R0104 10", "R0104 98"]),
    ("hist-nodeagent-test.yaml", 3, &["R0101 16", "R0104 29"]),
    // Its indentation is broken: no YAML at all.
    ("legacy2023-operation-scenario.yaml", 0, &["R0001 12"]),
    ("legacy2024-launch-scenario.yaml", 1, &["R0104 10"]),
    ("mco-bms-charging-package.yaml", 1, &["R0101 6"]),
    ("mco-scenario-bms-charging.yaml", 1, &[]),
    ("timpani-example_workload.yaml", 1, &["R0104 27"]),
];

#[test]
fn every_sample_gives_its_documents_and_notices() {
    let Some(folder) = samples() else { return };
    for (file, documents, notices) in SAMPLES {
        let (found, said) = outcome(&sample(&folder, file));
        assert_eq!((found, said.as_slice()), (*documents, strings(notices).as_slice()), "{file}");
    }
    let mut there: Vec<String> = fs::read_dir(&folder)
        .expect("the folder is readable")
        .map(|entry| {
            entry.expect("the entry is readable").file_name().into_string().expect("UTF-8")
        })
        .filter(|name| name.ends_with(".yaml"))
        .collect();
    there.sort();
    let listed: Vec<&str> = SAMPLES.iter().map(|(file, ..)| *file).collect();
    assert_eq!(there, listed, "every sample is listed");
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn every_sample_reads_back_as_it_is_written() {
    let Some(folder) = samples() else { return };
    let mut count = 0;
    for (file, ..) in SAMPLES {
        let resources: Vec<Resource> = sample(&folder, file).resources().cloned().collect();
        let again = read(&write(&resources), file);
        assert!(again.resources().eq(&resources), "{file}: {:?}", again.notices);
        count += resources.len();
    }
    let listed: usize = SAMPLES.iter().map(|(_, documents, _)| documents).sum();
    assert_eq!(count, listed);
}

#[test]
fn the_flagship_example_keeps_its_condition_typed() {
    let Some(folder) = samples() else { return };
    let bundle = sample(&folder, "head-helloworld.yaml");
    let Resource::Scenario(scenario) = &bundle.documents[0].resource else { panic!("{bundle:?}") };
    assert_eq!(bundle.documents[0].line, 4);
    assert_eq!(scenario.spec.action, ScenarioAction::Update);
    let Some(Condition { express, value, operands }) = &scenario.spec.condition else { panic!() };
    assert_eq!((*express, value.as_str()), (Comparison::Equal, "true"));
    let operands = [&operands.source, &operands.name, &operands.value];
    assert_eq!(operands, ["DDS", "value", "ADASObstacleDetectionIsWarning"]);
    let kinds: Vec<Kind> = bundle.resources().map(Resource::kind).collect();
    assert_eq!(kinds, [Kind::Scenario, Kind::Package, Kind::Model]);
}

#[test]
fn a_scenario_of_2024_becomes_one_of_today() {
    let Some(folder) = samples() else { return };
    let bundle = sample(&folder, "legacy2024-launch-scenario.yaml");
    let Resource::Scenario(scenario) = &bundle.documents[0].resource else { panic!("{bundle:?}") };
    assert_eq!(scenario.spec.action, ScenarioAction::Launch);
    assert_eq!(scenario.spec.target.as_str(), "version-display-1");
    let condition = scenario.spec.condition.as_ref().expect("it has a condition");
    assert_eq!((condition.express, condition.value.as_str()), (Comparison::Equal, "parking"));
}

#[test]
fn a_pod_with_a_gpu_becomes_a_model() {
    let Some(folder) = samples() else { return };
    let bundle = sample(&folder, "hist-nodeagent-test.yaml");
    let Resource::Model(model) = &bundle.documents[2].resource else { panic!("{bundle:?}") };
    let resources = model.spec.containers[0].resources.as_ref().expect("it has resources");
    let limits = resources.limits.as_ref().expect("it has limits");
    assert_eq!(limits.cpu, Some(Millicores(2_000)));
    assert_eq!(limits.memory.map(|memory| memory.0), Some(1 << 30));
    assert_eq!(limits.gpus, Some(Gpus::Count(1)));
}

#[test]
fn a_workload_file_becomes_a_schedule() {
    let Some(folder) = samples() else { return };
    let bundle = sample(&folder, "timpani-example_workload.yaml");
    let Resource::Schedule(schedule) = &bundle.documents[0].resource else { panic!("{bundle:?}") };
    assert_eq!(schedule.metadata.name.as_str(), "test_workload");
    assert_eq!(schedule.spec.len(), 6);
    assert_eq!(schedule.spec[0].policy, SchedulingPolicy::Fifo);
    assert_eq!(schedule.spec[5].policy, SchedulingPolicy::RoundRobin);
    assert_eq!(schedule.spec[5].period_us, 40_000);
}

#[test]
fn a_node_of_the_older_form_loses_nothing_that_counts() {
    let Some(folder) = samples() else { return };
    let bundle = sample(&folder, "hist-node.yaml");
    let Resource::Node(node) = &bundle.documents[0].resource else { panic!("{bundle:?}") };
    let spec = node.spec.as_ref().expect("it has a specification");
    assert_eq!(spec.hostname.as_deref(), Some("sample-node"));
    assert_eq!(spec.cluster_id.as_deref(), Some("piccolo-cluster-001"));
    assert_eq!(spec.config["node_id"], "node-12345");
    assert_eq!(spec.config["heartbeat_interval"], "30");
    assert_eq!(node.metadata.labels["vehicle_model"], "ev-2024");
    assert_eq!(node.status.as_ref().map(|status| status.conditions.len()), Some(3));
}

#[test]
fn the_branch_with_networks_and_volumes_is_read() {
    let Some(folder) = samples() else { return };
    let bundle = sample(&folder, "br-resmgr-network-volume-example.yaml");
    let Resource::Network(network) = &bundle.documents[0].resource else { panic!("{bundle:?}") };
    let mode = network.spec.as_ref().and_then(|spec| spec.network_mode);
    assert_eq!(mode, Some(NetworkMode::Bridge));
    let Resource::Volume(volume) = &bundle.documents[1].resource else { panic!("{bundle:?}") };
    let capacity = volume.spec.as_ref().and_then(|spec| spec.capacity);
    assert_eq!(capacity.map(|capacity| capacity.0), Some(1 << 30));
}
