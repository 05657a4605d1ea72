//! The piccolo command.
