//! Small files, each with one thing that is odd or wrong, and all that is said about it.

use piccolo_resource::read;

const HEAD: &str = "apiVersion: v1\nkind: Scenario\nmetadata: {name: s}\n";

/// Reads a text and holds every notice against `line:column code path`.
#[track_caller]
fn check(text: &str, documents: usize, expected: &[&str]) {
    let bundle = read(text, "case.yaml");
    let said: Vec<String> = bundle
        .notices
        .iter()
        .map(|n| format!("{}:{} {} {}", n.line, n.column, n.code, n.path).trim_end().to_owned())
        .collect();
    assert_eq!(said, expected, "{text}\n{:#?}", bundle.notices);
    assert_eq!(bundle.documents.len(), documents, "{text}");
    // The codes of warnings begin with R01.
    let valid = expected.iter().all(|notice| notice.contains(" R01"));
    assert_eq!(bundle.is_valid(), valid, "{text}");
}

/// The same for a Scenario with this specification, whose first line is line 5.
#[track_caller]
fn scenario(spec: &str, documents: usize, expected: &[&str]) {
    check(&format!("{HEAD}spec:\n{spec}"), documents, expected);
}

/// What is proposed for the first notice of a text.
#[track_caller]
fn help(text: &str, expected: &str) {
    let bundle = read(text, "case.yaml");
    let help = bundle.notices.first().and_then(|notice| notice.help.as_deref());
    assert_eq!(help, Some(expected), "{text}\n{:#?}", bundle.notices);
}

#[test]
fn conditions() {
    let rest = "  action: launch\n  target: p\n";
    scenario(rest, 1, &[]);
    scenario(&format!("  condition:\n{rest}"), 1, &[]);
    scenario(&format!("  condition: ~\n{rest}"), 1, &[]);
    for express in ["eq", "lt", "le", "ge", "gt", "ne"] {
        let operands = "{type: DDS, name: value, value: Topic}";
        let condition =
            format!("  condition: {{express: {express}, value: '5', operands: {operands}}}\n");
        scenario(&format!("{condition}{rest}"), 1, &[]);
    }
    scenario(
        &format!("  condition: {{express: eqq, value: '5', operands: {{type: DDS}}}}\n{rest}"),
        0,
        &[
            "5:24 R0007 spec.condition.express",
            "5:51 R0006 spec.condition.operands.name",
            "5:51 R0006 spec.condition.operands.value",
        ],
    );
    // A misspelt condition must not turn a scenario into one that acts at once.
    for typo in ["conditon", "conditions", "Condition"] {
        let expected = ["5:3 R0006 spec.condition", &format!("5:3 R0101 spec.{typo}")];
        scenario(&format!("  {typo}: {{express: eq}}\n{rest}"), 0, &expected);
    }
    scenario(&format!("  reason: some\n{rest}"), 1, &["5:3 R0101 spec.reason"]);
    scenario(&format!("  condition: true\n{rest}"), 0, &["5:14 R0005 spec.condition"]);
}

#[test]
fn text_that_looks_like_something_else() {
    let scalar = |value: &str| {
        let operands = "operands: {type: DDS, name: n, value: T}";
        format!(
            "  condition: {{express: eq, value: {value}, {operands}}}\n  action: launch\n  target: p\n"
        )
    };
    scenario(&scalar("D"), 1, &[]);
    scenario(&scalar("'true'"), 1, &[]);
    scenario(&scalar("!!str 5"), 1, &[]);
    scenario(&scalar("true"), 1, &["5:35 R0103 spec.condition.value"]);
    scenario(&scalar("5.0"), 1, &["5:35 R0103 spec.condition.value"]);
    scenario(&scalar("[5]"), 0, &["5:35 R0005 spec.condition.value"]);
    scenario(&scalar("null"), 0, &["5:28 R0006 spec.condition.value"]);
}

#[test]
fn actions_and_targets() {
    scenario("  action: lunch\n  target: p\n", 0, &["5:11 R0007 spec.action"]);
    scenario("  action: launch\n", 0, &["5:3 R0006 spec.target"]);
    scenario("  action: launch\n  target: a b\n", 0, &["6:11 R0008 spec.target"]);
    scenario("  action: launch\n  target: HPC_1\n", 1, &[]);
    scenario("  action: launch\n  target: p\n  cooldwn: 3\n", 1, &["7:3 R0101 spec.cooldwn"]);
    help(&format!("{HEAD}spec: {{action: lunch, target: p}}"), "did you mean `launch`?");
    help(
        &format!("{HEAD}spec: {{action: launch, target: p, Target: q}}"),
        "did you mean `target`?",
    );
}

#[test]
fn what_every_document_must_have() {
    check("", 0, &[]);
    check("---\n---\n# nothing\n", 0, &[]);
    check("5", 0, &["1:1 R0004"]);
    check("- kind: Scenario\n", 0, &["1:1 R0004"]);
    check("metadata: {name: a}\n", 0, &["1:1 R0004"]);
    check("kind: Scenari\n", 0, &["1:7 R0004 kind"]);
    help("kind: Scenari\n", "did you mean `Scenario`?");
    check("kind: [a]\n", 0, &["1:7 R0005 kind"]);
    let spec = "spec: {action: launch, target: p}\n";
    check(&format!("kind: Scenario\nmetadata: {{name: s}}\n{spec}"), 1, &["1:1 R0107 apiVersion"]);
    let v2 = format!("apiVersion: v2\nkind: Scenario\nmetadata: {{name: s}}\n{spec}");
    check(&v2, 1, &["1:13 R0107 apiVersion"]);
    let nameless =
        format!("apiVersion: v1\nkind: Scenario\nmetadata: {{labels: {{a: b}}}}\n{spec}");
    check(&nameless, 0, &["3:11 R0006 metadata.name"]);
    check(&format!("apiVersion: v1\nkind: Scenario\n{spec}"), 0, &["1:1 R0006 metadata"]);
    check(HEAD, 0, &["1:1 R0006 spec"]);
    check(&format!("{HEAD}spec: null\n"), 0, &["4:1 R0006 spec"]);
}

#[test]
fn empty_specifications() {
    let named =
        |kind: &str| format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: n, label: null}}\n");
    for kind in ["Volume", "Network", "Node"] {
        let text = format!("{}spec: null\n", named(kind));
        check(&text, 1, &["3:21 R0101 metadata.label", "4:7 R0105 spec"]);
        check(&named(kind), 1, &["3:21 R0101 metadata.label"]);
    }
    let empty = |kind: &str, spec: &str| format!("{}spec: {spec}\n", named(kind));
    let label = "3:21 R0101 metadata.label";
    check(&empty("Package", "{models: []}"), 0, &[label, "4:7 R0006 spec.models"]);
    check(&empty("Model", "{containers: }"), 0, &[label, "4:7 R0006 spec.containers"]);
    check(&empty("Schedule", "[]"), 0, &[label, "4:7 R0006 spec"]);
    check(&empty("Schedule", "~"), 0, &[label, "4:7 R0006 spec"]);
}

#[test]
fn amounts() {
    let model = |limits: &str| {
        format!(
            "apiVersion: v1\nkind: Model\nmetadata: {{name: m}}\nspec:\n  containers:\n  \
             - name: c\n    image: i:1\n    resources:\n      limits: {limits}\n"
        )
    };
    check(&model("{cpu: 500m, memory: 1Gi, nvidia.com/gpu: all}"), 1, &[]);
    check(&model("{cpu: 0.5, memory: 1048576, nvidia.com/gpu: 2}"), 1, &[]);
    let path = "spec.containers[0].resources.limits";
    check(&model("{cpu: fast}"), 0, &[&format!("9:21 R0009 {path}.cpu")]);
    check(&model("{memory: 1Ti}"), 0, &[&format!("9:24 R0009 {path}.memory")]);
    check(&model("{nvidia.com/gpu: some}"), 0, &[&format!("9:32 R0005 {path}.nvidia.com/gpu")]);
    check(&model("{amd.com/gpu: 1}"), 1, &[&format!("9:16 R0101 {path}.amd.com/gpu")]);
}

#[test]
fn numbers_and_booleans() {
    let task = |field: &str| {
        format!(
            "apiVersion: v1\nkind: Schedule\ntemporal_class: SPORADIC\nmetadata: {{name: s}}\nspec:\n- {{{field}, name: t, \
             priority: 1, policy: RR, cpu_affinity: 0xF0000000, release_time: 0, runtime: 1, \
             deadline: 2, node_id: n, max_dmiss: 0}}\n"
        )
    };
    check(&task("period: 10000"), 1, &[]);
    check(&task("period: 0x10"), 1, &[]);
    for wrong in ["-1", "4294967296", "1.5", "'10'", "ten", "1_000", "0x-1"] {
        check(&task(&format!("period: {wrong}")), 0, &["6:12 R0005 spec[0].period"]);
    }
    let tty = |value: &str| {
        let container = format!("{{name: c, image: i, tty: {value}}}");
        format!(
            "apiVersion: v1\nkind: Model\nmetadata: {{name: m}}\nspec: {{containers: [{container}]}}\n"
        )
    };
    for (value, documents) in [("true", 1), ("False", 1), ("yes", 0), ("'true'", 0), ("1", 0)] {
        let expected: &[&str] =
            if documents == 1 { &[] } else { &["4:46 R0005 spec.containers[0].tty"] };
        check(&tty(value), documents, expected);
    }
}

#[test]
fn one_bad_document_does_not_hide_the_others() {
    let good = |name: &str| {
        format!("---\napiVersion: v1\nkind: Network\nmetadata: {{name: {name}}}\nspec: {{}}\n")
    };
    let (a, b) = (good("a"), good("b"));
    check(&format!("{a}---\nbroken: [1, 2\n{b}"), 2, &["7:9 R0001"]);
    check(&format!("{a}---\nkind: Nothing\n{b}"), 2, &["7:7 R0004 kind"]);
    check(&format!("{a}---\na: 1\na: 2\n{b}"), 2, &["8:1 R0003"]);
    check(&format!("{a}{b}{a}"), 2, &["12:1 R0011"]);
}

#[test]
fn references_that_nearly_hit() {
    let text = "apiVersion: v1\nkind: Scenario\nmetadata: {name: s}\nspec: {action: launch, target: TARGET}\n\
                ---\napiVersion: v1\nkind: Package\nmetadata: {name: lane-keeping}\n\
                spec: {models: [{name: lane, node: hpc, resources: {network: nettwork}}]}\n\
                ---\napiVersion: v1\nkind: Network\nmetadata: {name: network}\n";
    let with = |target: &str| text.replace("TARGET", target);
    let network = "9:62 R0108 spec.models[0].resources.network";
    check(&with("lane-keeping"), 3, &[network]);
    check(&with("lane-keepnig"), 3, &["4:32 R0108 spec.target", network]);
    check(&with("something-else"), 3, &[network]);
}

#[test]
fn generations() {
    let old = |spec: &str| format!("{HEAD}spec: {spec}\n");
    let actions =
        |actions: &str, targets: &str| old(&format!("{{actions: {actions}, targets: {targets}}}"));
    let (launch, one) = ("[{operation: launch}]", "[{name: p}]");
    check(&actions(launch, one), 1, &["4:7 R0104"]);
    check(&actions("[]", one), 0, &["4:7 R0104", "4:7 R0010 spec"]);
    check(&actions(launch, "[{name: p}, {name: q}]"), 0, &["4:7 R0104", "4:7 R0010 spec"]);
    check(&actions("[{operation: download}]", one), 0, &["4:7 R0104", "4:7 R0010 spec"]);
    check(&old("{stagings: []}"), 0, &["4:18 R0010 spec.stagings"]);
    let staged = "spec:\n  stagings:\n  - step:\n    order: 1\n    conditions:\n      \
                  express: '$speed == 0'\n  - step:\n    order: 2\n";
    check(
        &format!("{HEAD}{staged}"),
        0,
        &["9:16 R0010 spec.stagings[0]", "10:5 R0010 spec.stagings[1]"],
    );
}

#[test]
fn policies() {
    let policy =
        |spec: &str| format!("apiVersion: v1\nkind: Policy\nmetadata: {{name: p}}\nspec: {spec}\n");
    let threshold =
        "{metric: fps, process: cam, operator: lt, value: 25, action: restart, target_node: HPC}";
    check(&policy(&format!("{{thresholds: [{threshold}]}}")), 1, &[]);
    check(&policy("{placement: {availableNodes: [HPC, cloud]}}"), 1, &[]);
    let missed = "{procedure: {type: realtime, strategy: stop, trigger: {deadlineMissThreshold: {count: 5}}}}";
    check(&policy(missed), 1, &[]);
    let typo = "{procedure: {type: a, strategy: b, trigger: {resourceTreshold: {cpu: 50}}}}";
    check(&policy(typo), 1, &["4:52 R0101 spec.procedure.trigger.resourceTreshold"]);
}

#[test]
fn a_workload_without_tasks() {
    check("workload_id: w\ntasks:\n", 0, &["1:1 R0104", "2:6 R0006 tasks"]);
}
