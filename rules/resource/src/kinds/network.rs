//! Network: what models talk over.

use crate::decode::{choice, record};
use crate::name::Name;
use crate::resource::Metadata;

record! {
    /// What models talk over.
    pub struct Network {
        /// Name, labels and annotations.
        pub metadata: Metadata = "metadata",
        /// What it is; older files leave it empty.
        pub spec: Option<NetworkSpec> = "spec",
    }
}

record! {
    /// What a network is.
    pub struct NetworkSpec {
        /// The name of the network on its nodes.
        pub network_name: Option<Name> = "networkName",
        /// How it is built.
        pub network_mode: Option<NetworkMode> = "networkMode",
        /// A field without meaning that Eclipse Pullpiri's main branch has instead of the others.
        pub dummy: Option<String> = "dummy",
    }
}

choice! {
    /// How a network is built.
    pub enum NetworkMode: "a mode of a network" {
        /// A bridge on each node.
        Bridge = "bridge",
        /// The host's own network.
        Host = "host",
        /// Interfaces with their own MAC address.
        Macvlan = "macvlan",
        /// Interfaces with their own IP address.
        Ipvlan = "ipvlan",
        /// One network over several nodes.
        Overlay = "overlay",
    }
}
