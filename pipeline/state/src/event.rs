//! What makes a machine go from one state to another.

use crate::named::named;

named! {
    /// An event of any machine. Where Eclipse Pullpiri's StateManager names one, it has that name.
    pub enum Event, "event" {
        /// A scenario was created.
        ScenarioActivation = "scenario-activation",
        /// The engine has the scenario's rule.
        ConditionRegistered = "condition-registered",
        /// The condition became true, or there is none.
        ConditionMet = "condition-met",
        /// A policy allows the actions.
        PolicyVerificationSuccess = "policy-verification-success",
        /// A policy denies the actions.
        PolicyVerificationFailure = "policy-verification-failure",
        /// The actions are done.
        ScenarioCompletion = "scenario-completion",
        /// The actions could not be done.
        ActionFailed = "action-failed",
        /// The condition may become true again.
        Rearmed = "rearmed",
        /// Somebody, or a quarantine, takes the scenario out.
        Suspended = "suspended",
        /// It is to be registered anew.
        Resumed = "resumed",

        /// A package is to run.
        LaunchRequest = "launch-request",
        /// All models run.
        InitializationComplete = "initialization-complete",
        /// Some models died before they ran.
        PartialInitializationFailure = "partial-initialization-failure",
        /// All models died before they ran.
        CriticalInitializationFailure = "critical-initialization-failure",
        /// Some models are dead.
        ModelIssueDetected = "model-issue-detected",
        /// All models are dead.
        CriticalIssueDetected = "critical-issue-detected",
        /// The models that were left are dead too.
        AdditionalModelIssues = "additional-model-issues",
        /// The models that were dead are not any more.
        ModelRecovery = "model-recovery",
        /// Some models that were dead are not any more.
        PartialRecovery = "partial-recovery",
        /// Nothing is dead any more.
        RecoverySuccessful = "recovery-successful",
        /// All models are paused.
        AllModelsPaused = "all-models-paused",
        /// All models have exited.
        AllModelsExited = "all-models-exited",
        /// No model has started, or none is there any more.
        AllModelsCreated = "all-models-created",
        /// A new revision takes the place of this one.
        UpdateRequest = "update-request",
        /// The new revision is ready.
        UpdateComplete = "update-complete",
        /// The new revision did not become ready, and the old one is back.
        UpdateRolledBack = "update-rolled-back",
        /// Neither the new revision nor the old one is ready.
        UpdateFailed = "update-failed",

        /// A model is to run.
        CreationRequest = "creation-request",
        /// Its containers run on a node.
        NodeAllocationComplete = "node-allocation-complete",
        /// No node could run them.
        NodeAllocationFailed = "node-allocation-failed",
        /// All containers are paused.
        AllContainersPaused = "all-containers-paused",
        /// All containers have exited.
        AllContainersExited = "all-containers-exited",
        /// No container has started, or none is there any more.
        AllContainersCreated = "all-containers-created",
        /// A container is dead, or nothing is known of one.
        ContainerDeadOrInfoFailure = "container-dead-or-info-failure",
        /// What was paused goes on.
        ResumeRequest = "resume-request",
        /// What had exited runs again.
        RestartRequest = "restart-request",

        /// The runtime has made a container.
        Created = "created",
        /// What it needs is there.
        Initialized = "initialized",
        /// Its process runs.
        Started = "started",
        /// Its processes are frozen.
        Paused = "paused",
        /// They go on.
        Unpaused = "unpaused",
        /// It ended well.
        Exited = "exited",
        /// It ended with an error, was killed, or cannot be started.
        Died = "died",
        /// Its node or its runtime does not answer.
        Lost = "lost",

        /// A node says that it is there.
        Registered = "registered",
        /// It gave a sign of life.
        Heartbeat = "heartbeat",
        /// It gave none for too long.
        HeartbeatMissed = "heartbeat-missed",
        /// Nothing is to be started there any more.
        MaintenanceBegun = "maintenance-begun",
        /// It may work again.
        MaintenanceEnded = "maintenance-ended",
        /// It is taken out, or given up.
        Removed = "removed",
    }
}
