//! The tests that cross the rooms.
