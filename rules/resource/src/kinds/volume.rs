//! Volume: storage that several models share.

use crate::decode::{choice, record};
use crate::kinds::model::VolumeSource;
use crate::name::Name;
use crate::resource::Metadata;
use crate::units::Bytes;

record! {
    /// Storage that several models share.
    pub struct Volume {
        /// Name, labels and annotations.
        pub metadata: Metadata = "metadata",
        /// What it is; older files leave it empty.
        pub spec: Option<VolumeSpec> = "spec",
    }
}

record! {
    /// What a volume is: folders of the host, or storage that is asked for.
    pub struct VolumeSpec {
        /// The volumes that replace those of the model.
        pub volumes: Vec<VolumeSource> = "volumes",
        /// The name under which storage is asked for.
        pub volume_name: Option<Name> = "volumeName",
        /// How much is asked for.
        pub capacity: Option<Bytes> = "capacity",
        /// Where it appears in the container.
        pub mount_path: Option<String> = "mountPath",
        /// The safety level of what is stored.
        pub asil_level: Option<AsilLevel> = "asilLevel",
    }
}

choice! {
    /// A safety level of ISO 26262.
    pub enum AsilLevel: "a safety level" {
        /// Quality management: no safety requirement.
        QualityManagement = "QM",
        /// The lowest level.
        A = "A",
        /// The second level.
        B = "B",
        /// The third level.
        C = "C",
        /// The highest level.
        D = "D",
    }
}
