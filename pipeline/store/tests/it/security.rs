//! Users and certificates of etcd: who is let in, and what the others are told.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use etcd_client::Client;
use piccolo_store::{Error, Etcd, EtcdOptions, EtcdTls, Key, Put, Store};

use crate::benches::run;
use crate::server::Server;

fn key() -> Key {
    Key::try_from("a").unwrap()
}

#[test]
fn only_a_user_with_the_right_password_is_let_in() {
    run(async {
        let Some(server) = Server::start().await else { return };
        let stranger = server.connect().await;
        let mut client = Client::connect([server.address()], None).await.unwrap();
        client.user_add("root", "secret", None).await.unwrap();
        client.user_grant_role("root", "root").await.unwrap();
        client.auth_enable().await.unwrap();
        let user = |password: &str| {
            let mut options = EtcdOptions::new([server.address()]);
            options.user = Some(("root".to_owned(), password.to_owned()));
            options
        };
        let store = Etcd::connect(user("secret")).await.unwrap();
        store.put(Put::new(key(), "1")).await.unwrap();
        assert_eq!(store.get(&key()).await.unwrap().unwrap().value, "1");
        let wrong = Etcd::connect(user("guess")).await;
        assert!(matches!(wrong, Err(Error::Denied { .. })), "{wrong:?}");
        let nobody = stranger.get(&key()).await;
        assert!(matches!(nobody, Err(Error::Denied { .. })), "{nobody:?}");
        let shown = format!("{:?}", user("secret"));
        assert!(shown.contains("root") && !shown.contains("secret"), "{shown}");
    });
}

/// Runs openssl in a folder; whether it is installed.
fn openssl(folder: &Path, arguments: &str) -> bool {
    let status = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    match status {
        Ok(status) => {
            assert!(status.success(), "openssl {arguments}");
            true
        }
        Err(error) => {
            assert!(!ci, "openssl cannot be started: install openssl: {error}");
            println!("ABSENT: openssl ({error}); install it to run this test");
            false
        }
    }
}

/// An authority, and certificates of it for the server and a client; whether they could be made.
fn certificates(folder: &Path) -> bool {
    let of_authority = "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 \
                        -subj /CN=authority";
    if !openssl(folder, of_authority) {
        return false;
    }
    let names =
        "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n";
    fs::write(folder.join("names"), names).unwrap();
    ["server", "client"].iter().all(|name| {
        openssl(
            folder,
            &format!(
                "req -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.csr -subj /CN={name}"
            ),
        ) && openssl(
            folder,
            &format!(
                "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial \
                 -out {name}.pem -days 2 -extfile names"
            ),
        )
    })
}

#[test]
fn only_a_client_with_a_certificate_is_let_in() {
    let folder = tempfile::tempdir().unwrap();
    if !certificates(folder.path()) {
        return;
    }
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let read = |name: &str| fs::read(path(name)).unwrap();
    let options = [
        ["--cert-file".to_owned(), path("server.pem")],
        ["--key-file".to_owned(), path("server.key")],
        ["--trusted-ca-file".to_owned(), path("ca.pem")],
    ];
    let options = options.into_iter().flatten().chain(["--client-cert-auth".to_owned()]).collect();
    run(async {
        let Some(server) = Server::start_with("https", options).await else { return };
        let mut with = EtcdOptions::new([server.address()]);
        with.deadline = Duration::from_secs(30);
        with.tls = Some(EtcdTls {
            authority: read("ca.pem"),
            identity: Some((read("client.pem"), read("client.key"))),
            domain: Some("localhost".to_owned()),
        });
        let store = Etcd::connect(with.clone()).await.unwrap();
        store.put(Put::new(key(), "1")).await.unwrap();
        assert_eq!(store.get(&key()).await.unwrap().unwrap().value, "1");
        let mut without = with;
        without.deadline = Duration::from_millis(500);
        without.tls.as_mut().unwrap().identity = None;
        let refused = Etcd::connect(without).await;
        assert!(matches!(refused, Err(Error::Unavailable { .. })), "{refused:?}");
    });
}
