//! Model: containers that are run together on one node, in the shape of a Kubernetes pod.

use crate::decode::{Context, Decode, Encode, choice, record};
use crate::name::Name;
use crate::resource::Metadata;
use crate::units::{Bytes, Millicores};
use crate::yaml::{Node, Tree, integer};

record! {
    /// Containers that are run together on one node.
    pub struct Model {
        /// Name, labels and annotations.
        pub metadata: Metadata = "metadata",
        /// What is run.
        pub spec: ModelSpec = "spec",
    }
}

record! {
    /// What a model runs.
    pub struct ModelSpec {
        /// Whether it uses the host's network.
        pub host_network: Option<bool> = "hostNetwork",
        /// Whether it uses the host's inter-process communication.
        pub host_ipc: Option<bool> = "hostIPC",
        /// The low-level runtime.
        pub runtime_class_name: Option<String> = "runtimeClassName",
        /// When it is restarted; `OnFailure`, if absent (Kubernetes: `Always`).
        pub restart_policy: Option<RestartPolicy> = "restartPolicy",
        /// How long it may take to stop, in seconds.
        pub termination_grace_period_s: Option<u64> = "terminationGracePeriodSeconds",
        /// The user that it runs as.
        pub security_context: Option<PodSecurity> = "securityContext",
        /// Containers that run and end before the others start.
        pub init_containers: Vec<Container> = "initContainers",
        /// The containers.
        pub containers: Vec<Container> = "containers",
        /// What the containers mount.
        pub volumes: Vec<VolumeSource> = "volumes",
        /// How to tell that it works.
        pub probe_config: Option<ProbeConfig> = "probeConfig",
    }
}

choice! {
    /// When a model is restarted.
    pub enum RestartPolicy: "a restart policy" {
        /// Whenever it ends.
        Always = "Always",
        /// When it fails.
        OnFailure = "OnFailure",
        /// Not at all.
        Never = "Never",
    }
}

record! {
    /// The user that a model runs as.
    pub struct PodSecurity {
        /// The user's number.
        pub run_as_user: Option<u32> = "runAsUser",
        /// The group's number.
        pub run_as_group: Option<u32> = "runAsGroup",
    }
}

record! {
    /// One container.
    pub struct Container {
        /// Its name within the model.
        pub name: Name = "name",
        /// The image.
        pub image: String = "image",
        /// What replaces the image's entry point.
        pub command: Vec<String> = "command",
        /// What replaces the image's arguments.
        pub args: Vec<String> = "args",
        /// The folder that it starts in.
        pub working_dir: Option<String> = "workingDir",
        /// Environment variables.
        pub env: Vec<EnvironmentVariable> = "env",
        /// TCP ports.
        pub ports: Vec<ContainerPort> = "ports",
        /// What it mounts where.
        pub volume_mounts: Vec<VolumeMount> = "volumeMounts",
        /// What it may use.
        pub resources: Option<ContainerResources> = "resources",
        /// What it may do.
        pub security_context: Option<ContainerSecurity> = "securityContext",
        /// Whether its input stays open.
        pub stdin: Option<bool> = "stdin",
        /// Whether it has a terminal; yes, if absent (Kubernetes: no).
        pub tty: Option<bool> = "tty",
    }
}

record! {
    /// One environment variable.
    pub struct EnvironmentVariable {
        /// Its name.
        pub name: String = "name",
        /// Its value.
        pub value: String = "value",
    }
}

record! {
    /// A TCP port.
    pub struct ContainerPort {
        /// Within the container.
        pub container_port: Option<u16> = "containerPort",
        /// On the host.
        pub host_port: Option<u16> = "hostPort",
    }
}

record! {
    /// Where a volume appears in a container.
    pub struct VolumeMount {
        /// The volume.
        pub name: Name = "name",
        /// The folder in the container.
        pub mount_path: String = "mountPath",
    }
}

record! {
    /// What a container may use.
    pub struct ContainerResources {
        /// The most that it may use.
        pub limits: Option<Limits> = "limits",
        /// What it asks for. Eclipse Pullpiri ignores it.
        pub requests: Option<Limits> = "requests",
    }
}

record! {
    /// Amounts of what a node has.
    pub struct Limits {
        /// CPU.
        pub cpu: Option<Millicores> = "cpu",
        /// Memory.
        pub memory: Option<Bytes> = "memory",
        /// NVIDIA GPUs.
        pub gpus: Option<Gpus> = "nvidia.com/gpu",
    }
}

/// How many GPUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gpus {
    /// All that the node has.
    All,
    /// So many.
    Count(u32),
}

impl Decode for Gpus {
    const EXPECTED: &'static str = "a number of GPUs or `all`";

    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        match context.scalar(node, Self::EXPECTED)? {
            "all" => Some(Self::All),
            text => match integer(text).and_then(|count| u32::try_from(count).ok()) {
                Some(count) => Some(Self::Count(count)),
                None => context.wrong_type(node, Self::EXPECTED),
            },
        }
    }
}

impl Encode for Gpus {
    fn encode(&self) -> Tree {
        Tree::Text(match self {
            Self::All => "all".to_owned(),
            Self::Count(count) => count.to_string(),
        })
    }
}

record! {
    /// What a container may do.
    pub struct ContainerSecurity {
        /// Whether it may do everything.
        pub privileged: Option<bool> = "privileged",
        /// Single rights.
        pub capabilities: Option<Capabilities> = "capabilities",
        /// The user's number.
        pub run_as_user: Option<u32> = "runAsUser",
        /// The group's number.
        pub run_as_group: Option<u32> = "runAsGroup",
    }
}

record! {
    /// Linux capabilities that are given or taken.
    pub struct Capabilities {
        /// Given.
        pub add: Vec<String> = "add",
        /// Taken.
        pub drop: Vec<String> = "drop",
    }
}

record! {
    /// Something that containers mount.
    pub struct VolumeSource {
        /// Its name within the model.
        pub name: Name = "name",
        /// The folder of the host.
        pub host_path: Option<HostPath> = "hostPath",
    }
}

record! {
    /// A folder of the host.
    pub struct HostPath {
        /// Its path.
        pub path: String = "path",
    }
}

record! {
    /// How to tell that a model works.
    pub struct ProbeConfig {
        /// Whether it lives; where it does not, it is restarted.
        pub liveness: Option<Probe> = "liveness",
    }
}

record! {
    /// One way to tell: `http`, `tcp` or `exec`.
    pub struct Probe {
        /// It answers a request.
        pub http: Option<ProbeHttp> = "http",
        /// It accepts a connection.
        pub tcp: Option<ProbeTcp> = "tcp",
        /// A command in it succeeds.
        pub exec: Option<ProbeExec> = "exec",
        /// When to begin, in seconds after the start; 0, if absent.
        pub initial_delay_s: Option<u32> = "initialDelaySeconds",
        /// How often, in seconds; 10, if absent.
        pub period_s: Option<u32> = "periodSeconds",
        /// How long to wait for the answer, in seconds; 1, if absent.
        pub timeout_s: Option<u32> = "timeoutSeconds",
        /// How many failures in a row count; 3, if absent.
        pub failure_threshold: Option<u8> = "failureThreshold",
    }
}

record! {
    /// A request that must be answered.
    pub struct ProbeHttp {
        /// The path.
        pub path: String = "path",
        /// The port.
        pub port: u16 = "port",
    }
}

record! {
    /// A connection that must be accepted.
    pub struct ProbeTcp {
        /// The port.
        pub port: u16 = "port",
    }
}

record! {
    /// A command that must succeed.
    pub struct ProbeExec {
        /// The command with its arguments.
        pub command: Vec<String> = "command",
    }
}
