//! Generated resources of every kind read back as they are written, and any text is read without a panic.

use std::collections::{BTreeMap, HashSet};

use piccolo_resource::units::{Bytes, Millicores};
use piccolo_resource::*;
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

fn text() -> impl Strategy<Value = String> {
    let awkward = select(vec![
        "", " ", "null", "~", "true", "No", "y", "0x1F", "1e3", "-", "- a", "a: b", "a #b", "#",
        "%", "@a", "`", "&a", "*a", "!t", "|", ">", "'", "\"", "\\", "{}", "[]", "---", "...",
        "<<", "a:", ":a", "::", "a\nb", "\r\n", "\t", "\u{0}", "\u{7f}", "\u{85}", "\u{a0}",
        "\u{2028}", "\u{feff}", "ß", "漢", "🚗", "9.", "+1", ".inf", "on",
    ]);
    prop_oneof![awkward.prop_map(str::to_owned), ".{0,12}", any::<String>()]
}

fn name() -> impl Strategy<Value = Name> {
    "[a-zA-Z0-9]([a-zA-Z0-9._-]{0,20}[a-zA-Z0-9])?"
        .prop_map(|text| Name::new(&text).expect("a name"))
}

fn texts() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map(text(), text(), 0..3)
}

fn metadata() -> impl Strategy<Value = Metadata> {
    (name(), texts(), texts()).prop_map(|(name, labels, annotations)| Metadata {
        name,
        labels,
        annotations,
    })
}

fn scenario() -> impl Strategy<Value = Resource> {
    let operands =
        (text(), text(), text()).prop_map(|(source, name, value)| Operands { source, name, value });
    let condition = (select(Comparison::ALL), text(), operands)
        .prop_map(|(express, value, operands)| Condition { express, value, operands });
    let spec = (of(condition), select(ScenarioAction::ALL), name())
        .prop_map(|(condition, action, target)| ScenarioSpec { condition, action, target });
    let status = of(select(ScenarioState::ALL)).prop_map(|state| ScenarioStatus { state });
    (metadata(), spec, of(status))
        .prop_map(|(metadata, spec, status)| Scenario { metadata, spec, status }.into())
}

fn package() -> impl Strategy<Value = Resource> {
    let resources = (of(name()), of(name()), of(any::<bool>()))
        .prop_map(|(volume, network, realtime)| ModelResources { volume, network, realtime });
    let model = (name(), name(), of(resources)).prop_map(|(name, node, resources)| PackageModel {
        name,
        node,
        resources,
    });
    let pattern = text().prop_map(|kind| Pattern { kind });
    let spec = (vec(pattern, 0..2), of(name()), of(name()), vec(model, 1..3)).prop_map(
        |(pattern, policy, schedule, models)| PackageSpec { pattern, policy, schedule, models },
    );
    let status =
        (name(), select(ModelState::ALL)).prop_map(|(name, state)| ModelStatus { name, state });
    let status = vec(status, 0..2).prop_map(|status| PackageStatus { status });
    (metadata(), spec, of(status))
        .prop_map(|(metadata, spec, status)| Package { metadata, spec, status }.into())
}

fn limits() -> impl Strategy<Value = Limits> {
    let gpus = prop_oneof![Just(Gpus::All), any::<u32>().prop_map(Gpus::Count)];
    (of(any::<u64>()), of(any::<u64>()), of(gpus)).prop_map(|(cpu, memory, gpus)| Limits {
        cpu: cpu.map(Millicores),
        memory: memory.map(Bytes),
        gpus,
    })
}

fn container() -> impl Strategy<Value = Container> {
    let security = (of(any::<bool>()), vec(text(), 0..2), of(any::<u32>())).prop_map(
        |(privileged, add, run_as_user)| ContainerSecurity {
            privileged,
            capabilities: Some(Capabilities { add, drop: Vec::new() }),
            run_as_user,
            run_as_group: None,
        },
    );
    let resources = (of(limits()), of(limits()))
        .prop_map(|(limits, requests)| ContainerResources { limits, requests });
    let env = (text(), text()).prop_map(|(name, value)| EnvironmentVariable { name, value });
    let port = (of(any::<u16>()), of(any::<u16>()))
        .prop_map(|(container_port, host_port)| ContainerPort { container_port, host_port });
    let mount = (name(), text()).prop_map(|(name, mount_path)| VolumeMount { name, mount_path });
    let process = (vec(text(), 0..3), vec(text(), 0..3), of(text()), vec(env, 0..2));
    let outside = (vec(port, 0..2), vec(mount, 0..2), of(resources), of(security));
    (name(), text(), process, outside, of(any::<bool>())).prop_map(
        |(name, image, (command, args, working_dir, env), outside, tty)| {
            let (ports, volume_mounts, resources, security_context) = outside;
            Container {
                name,
                image,
                command,
                args,
                working_dir,
                env,
                ports,
                volume_mounts,
                resources,
                security_context,
                stdin: tty.map(|tty| !tty),
                tty,
            }
        },
    )
}

fn volume_source() -> impl Strategy<Value = VolumeSource> {
    (name(), of(text())).prop_map(|(name, path)| VolumeSource {
        name,
        host_path: path.map(|path| HostPath { path }),
    })
}

fn model() -> impl Strategy<Value = Resource> {
    let http = (text(), any::<u16>()).prop_map(|(path, port)| ProbeHttp { path, port });
    let exec = vec(text(), 0..2).prop_map(|command| ProbeExec { command });
    let tcp = any::<u16>().prop_map(|port| ProbeTcp { port });
    let probe = (of(http), of(tcp), of(exec), of(any::<u32>()), of(any::<u8>())).prop_map(
        |(http, tcp, exec, period_s, failure_threshold)| Probe {
            http,
            tcp,
            exec,
            initial_delay_s: period_s,
            period_s,
            timeout_s: None,
            failure_threshold,
        },
    );
    let parts =
        (vec(container(), 0..2), vec(container(), 1..3), vec(volume_source(), 0..2), of(probe));
    let options = (of(any::<bool>()), of(select(RestartPolicy::ALL)), of(any::<u64>()), of(text()));
    (metadata(), parts, options).prop_map(|(metadata, parts, options)| {
        let (init_containers, containers, volumes, liveness) = parts;
        let (host_network, restart_policy, termination_grace_period_s, runtime_class_name) =
            options;
        let spec = ModelSpec {
            host_network,
            host_ipc: host_network,
            runtime_class_name,
            restart_policy,
            termination_grace_period_s,
            security_context: Some(PodSecurity { run_as_user: Some(1000), run_as_group: None }),
            init_containers,
            containers,
            volumes,
            probe_config: liveness.map(|probe| ProbeConfig { liveness: Some(probe) }),
        };
        Model { metadata, spec }.into()
    })
}

fn volume() -> impl Strategy<Value = Resource> {
    let spec =
        (
            vec(volume_source(), 0..2),
            of(name()),
            of(any::<u64>().prop_map(Bytes)),
            of(text()),
            of(select(AsilLevel::ALL)),
        )
            .prop_map(|(volumes, volume_name, capacity, mount_path, asil_level)| {
                VolumeSpec { volumes, volume_name, capacity, mount_path, asil_level }
            });
    (metadata(), of(spec)).prop_map(|(metadata, spec)| Volume { metadata, spec }.into())
}

fn network() -> impl Strategy<Value = Resource> {
    let spec = (of(name()), of(select(NetworkMode::ALL)), of(text())).prop_map(
        |(network_name, network_mode, dummy)| NetworkSpec { network_name, network_mode, dummy },
    );
    (metadata(), of(spec)).prop_map(|(metadata, spec)| Network { metadata, spec }.into())
}

fn node() -> impl Strategy<Value = Resource> {
    let resources = (of(any::<u32>()), of(any::<u64>()), of(text())).prop_map(
        |(cpu_cores, memory_mb, architecture)| NodeResources {
            cpu_cores,
            memory_mb,
            disk_gb: memory_mb,
            os_version: architecture.clone(),
            architecture,
        },
    );
    let spec = (of(text()), of(text()), of(resources), of(any::<i64>()), texts()).prop_map(
        |(role, address, resources, last_heartbeat_s, config)| NodeSpec {
            role,
            ip_address: address.clone(),
            hostname: address,
            resources,
            cluster_id: None,
            status: None,
            last_heartbeat_s,
            config,
        },
    );
    let usage = prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL;
    let capacity = (of(any::<u32>()), of(usage)).prop_map(|(cpu_cores, usage)| NodeCapacity {
        cpu_cores,
        memory_mb: None,
        disk_gb: None,
        cpu_usage_percent: usage,
        memory_usage_percent: usage,
    });
    let address = (text(), text()).prop_map(|(kind, address)| NodeAddress { kind, address });
    let status =
        (of(text()), vec(address, 0..2), of(capacity)).prop_map(|(state, addresses, capacity)| {
            NodeStatus {
                state,
                phase: None,
                last_heartbeat_time_s: None,
                conditions: Vec::new(),
                addresses,
                allocatable: capacity.clone(),
                capacity,
                node_info: None,
            }
        });
    (metadata(), of(spec), of(status))
        .prop_map(|(metadata, spec, status)| Node { metadata, spec, status }.into())
}

fn policy() -> impl Strategy<Value = Resource> {
    let placement = vec(name(), 0..3).prop_map(|available_nodes| Placement { available_nodes });
    let trigger = (of(any::<u32>()), of(any::<u32>())).prop_map(|(cpu_percent, count)| Trigger {
        resource_threshold: Some(ResourceThreshold { cpu_percent, memory_percent: cpu_percent }),
        deadline_miss_threshold: count.map(|count| DeadlineMissThreshold { count }),
    });
    let procedure = (text(), text(), of(trigger)).prop_map(|(kind, strategy, trigger)| Procedure {
        kind,
        strategy,
        trigger,
    });
    let threshold =
        (text(), of(text()), select(Comparison::ALL), prop::num::f64::NORMAL, of(name())).prop_map(
            |(metric, process, operator, value, target_node)| Threshold {
                action: metric.clone(),
                metric,
                process,
                operator,
                value,
                target_node,
            },
        );
    let spec = (of(placement), of(procedure), vec(threshold, 0..2)).prop_map(
        |(placement, procedure, thresholds)| PolicySpec { placement, procedure, thresholds },
    );
    (metadata(), spec).prop_map(|(metadata, spec)| Policy { metadata, spec }.into())
}

fn schedule() -> impl Strategy<Value = Resource> {
    let task = (
        text(),
        any::<i32>(),
        select(SchedulingPolicy::ALL),
        any::<u64>(),
        any::<[u32; 5]>(),
        name(),
    );
    let task = task.prop_map(|(name, priority, policy, cpu_affinity, times, node)| Task {
        name,
        priority,
        policy,
        cpu_affinity,
        period_us: times[0],
        release_time_us: times[1],
        runtime_us: times[2],
        deadline_us: times[3],
        node,
        deadline_misses_max: times[4],
    });
    (metadata(), of(select(TemporalClass::ALL)), vec(task, 1..3)).prop_map(
        |(metadata, temporal_class, spec)| Schedule { metadata, temporal_class, spec }.into(),
    )
}

fn resource() -> impl Strategy<Value = Resource> {
    prop_oneof![scenario(), package(), model(), volume(), network(), node(), policy(), schedule()]
}

fn config(cases: u32) -> ProptestConfig {
    let persistence = proptest::test_runner::FileFailurePersistence::WithSource("regressions");
    ProptestConfig {
        cases,
        failure_persistence: Some(Box::new(persistence)),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn reading_what_was_written_gives_the_same(mut resources in vec(resource(), 1..4)) {
        let mut seen = HashSet::new();
        resources.retain(|resource| seen.insert((resource.kind(), resource.name().clone())));
        let text = write(&resources);
        let bundle = read(&text, "generated.yaml");
        prop_assert!(bundle.is_valid(), "{text}\n{:#?}", bundle.notices);
        let again: Vec<Resource> = bundle.resources().cloned().collect();
        prop_assert_eq!(&again, &resources, "{}", text);
        prop_assert_eq!(write(&again), text);
    }

    #[test]
    fn any_text_is_read(text in "(kind|spec|name|[-:#&*!|>'\"%@`{}\\[\\], \n\ta0~<]){0,60}") {
        let bundle = read(&text, "noise.yaml");
        prop_assert!(bundle.is_valid() || !bundle.notices.is_empty());
        prop_assert!(bundle.notices.iter().all(|notice| notice.line > 0 && notice.column > 0));
    }
}

#[test]
fn json_has_the_fields_of_the_yaml() {
    let text =
        "apiVersion: v1\nkind: Scenario\nmetadata: {name: s}\nspec: {action: launch, target: p}\n";
    let bundle = read(text, "s.yaml");
    let json = serde_json::to_string(&bundle.documents[0].resource).expect("it serialises");
    let expected = r#"{"apiVersion":"v1","kind":"Scenario","metadata":{"name":"s"},"spec":{"action":"launch","target":"p"}}"#;
    assert_eq!(json, expected);
}

#[test]
fn the_written_form_is_canonical() {
    let text = "kind: Model\nmetadata: {labels: {b: 'no', a: \"5\"}, name: m}\napiVersion: 'v1'\nspec:\n  \
                containers: [{image: 'quay.io/podman/hello:latest', name: c, command: [/bin/sh, -c, \"a b\\n\"], \
                resources: {limits: {memory: 1048576, cpu: 0.50}}, ports: [{}]}]\n  hostNetwork: True\n";
    let expected = r#"---
apiVersion: v1
kind: Model
metadata:
  name: m
  labels:
    a: "5"
    b: "no"
spec:
  hostNetwork: true
  containers:
    - name: c
      image: quay.io/podman/hello:latest
      command:
        - /bin/sh
        - "-c"
        - "a b\n"
      ports:
        - {}
      resources:
        limits:
          cpu: "500m"
          memory: "1Mi"
"#;
    let bundle = read(text, "model.yaml");
    assert_eq!(bundle.notices, []);
    let resources: Vec<Resource> = bundle.resources().cloned().collect();
    assert_eq!(write(&resources), expected);
}
