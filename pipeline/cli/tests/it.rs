//! Tests of the `piccolo` command as people run it.

#[cfg(test)]
#[path = "it/bad.rs"]
mod bad;
#[cfg(test)]
#[path = "it/bench.rs"]
mod bench;
#[cfg(test)]
#[path = "it/book.rs"]
mod book;
#[cfg(test)]
#[path = "it/checkpoints.rs"]
mod checkpoints;
#[cfg(test)]
#[path = "it/cluster.rs"]
mod cluster;
#[cfg(test)]
#[path = "it/codes.rs"]
mod codes;
#[cfg(test)]
#[path = "it/diff.rs"]
mod diff;
#[cfg(test)]
#[path = "it/explain.rs"]
mod explain;
#[cfg(test)]
#[path = "it/export.rs"]
mod export;
#[cfg(test)]
#[path = "it/files.rs"]
mod files;
#[cfg(test)]
#[path = "it/live.rs"]
mod live;
#[cfg(test)]
#[path = "it/namespaces.rs"]
mod namespaces;
#[cfg(test)]
#[path = "it/replay.rs"]
mod replay;
#[cfg(test)]
#[path = "it/rules.rs"]
mod rules;
#[cfg(test)]
#[path = "it/run.rs"]
mod run;
#[cfg(test)]
#[path = "it/test.rs"]
mod test;
#[cfg(test)]
#[path = "it/verify.rs"]
mod verify;
#[cfg(test)]
#[path = "it/worked.rs"]
mod worked;
