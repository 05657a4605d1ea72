//! Holds the committed code to what the protobufs give; `PICCOLO_REGENERATE=1` rewrites it.

use std::path::{Path, PathBuf};
use std::{env, fs};

use tonic_prost_build::manual;

const FILES: [&str; 3] = ["piccolo.v1.rs", "piccolo.v1.ActionFeedService.rs", "piccolo.v1.binpb"];

fn room() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every protobuf of the room, as names below `proto`, sorted.
fn protos() -> Vec<String> {
    let folder = room().join("proto/piccolo/v1");
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| format!("piccolo/v1/{}", entry.unwrap().file_name().display()))
        .collect();
    names.sort();
    names
}

fn generate(folder: &Path) {
    let mut compiler = protox::Compiler::new([room().join("proto")]).unwrap();
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(protos()).unwrap();
    tonic_prost_build::configure()
        .out_dir(folder)
        .compile_fds(compiler.file_descriptor_set())
        .unwrap();
    manual::Builder::new().out_dir(folder).build_client(false).compile(&[ready_feed()]);
    // Reflection needs no comments, and they would put line numbers into the file.
    compiler.include_source_info(false);
    let descriptors = compiler.encode_file_descriptor_set();
    fs::write(folder.join("piccolo.v1.binpb"), descriptors).unwrap();
}

/// The feed's server once more, for messages that are encoded already.
fn ready_feed() -> manual::Service {
    let subscribe = manual::Method::builder()
        .name("subscribe")
        .route_name("Subscribe")
        .input_type("crate::v1::SubscribeRequest")
        .output_type("crate::ready::Response")
        .codec_path("crate::ready::Codec")
        .comment("Streams the decisions that pass the filter, in the engine's order.")
        .server_streaming()
        .build();
    manual::Service::builder()
        .name("ActionFeedService")
        .package("piccolo.v1")
        .comment("Gives decisions to any number of subscribers.")
        .method(subscribe)
        .build()
}

#[test]
fn the_committed_code_is_what_the_protobufs_give() {
    let fresh = tempfile::tempdir().unwrap();
    generate(fresh.path());
    let committed = room().join("src/gen");
    let rewrite = env::var_os("PICCOLO_REGENERATE").is_some_and(|value| value == "1");
    for file in FILES {
        let expected = fs::read(fresh.path().join(file)).unwrap();
        if rewrite {
            fs::write(committed.join(file), &expected).unwrap();
        }
        let found = fs::read(committed.join(file)).unwrap();
        assert!(
            found == expected,
            "src/gen/{file} is stale: run PICCOLO_REGENERATE=1 cargo test -p piccolo-wire"
        );
    }
}

#[test]
fn every_generated_file_is_one_that_is_compared() {
    let fresh = tempfile::tempdir().unwrap();
    generate(fresh.path());
    let mut names: Vec<_> = fs::read_dir(fresh.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().display().to_string())
        .collect();
    names.sort();
    let mut compared = FILES.map(str::to_owned);
    compared.sort();
    assert_eq!(names, compared);
}
