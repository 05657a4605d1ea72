//! Every protobuf of the system, its generated code and conversions.
