//! Recorded drives: readers and writers of every format, into typed samples.
