//! The control plane: gateway, engine thread and action feed over gRPC.
