//! The rule language: parsing, checking and compiling rules, and their diagnostics.
