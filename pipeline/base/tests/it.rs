//! What the process does with real signals.

use std::process::Command;
use std::time::Duration;

use piccolo_base::shutdown;

#[tokio::test]
async fn a_termination_signal_cancels_the_token() {
    let token = shutdown::on_signal().expect("handlers are free");
    assert!(!token.is_cancelled());
    let kill = format!("kill -TERM {}", std::process::id());
    let sent = Command::new("sh").args(["-c", &kill]).status().expect("sh runs");
    assert!(sent.success());
    tokio::time::timeout(Duration::from_secs(10), token.cancelled())
        .await
        .expect("the token is cancelled");
}
