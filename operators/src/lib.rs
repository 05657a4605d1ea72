//! The dataflow operators, each with its naive twin.
