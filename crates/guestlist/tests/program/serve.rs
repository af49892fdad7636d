//! `serve`: how it begins, what stands beside it, how it ends.

use crate::rig::{Installation, mode};

#[test]
fn it_prints_one_link_serves_and_ends_in_order() {
    let installation = Installation::new();
    let server = installation.serve();
    assert_eq!(server.status_of("/healthz"), 200);
    assert_eq!(server.status_of("/readyz"), 200);
    server.signal("HUP");
    for path in ["/dev", "/dev/mailbox", "/dev/provider/authorize", "/dev/app/login"] {
        assert_eq!(server.status_of(path), 404, "{path}");
    }
    let said = server.stop();
    assert!(said.status.success(), "{said:?}");
    assert_eq!(said.out.matches("http://localhost:1/i/gl_inv_").count(), 1, "{}", said.out);
    assert!(!said.err.contains("gl_inv_"), "the link is in the log");
    assert_eq!(mode(&installation.data_dir()), 0o700);
    assert_eq!(mode(&installation.data_dir().join("secret.key")), 0o600);
}

#[test]
fn commands_work_beside_it_and_a_second_one_is_refused() {
    let installation = Installation::new();
    let server = installation.serve();
    let invited = installation.json(&["invite", "anna@example.org"]);
    assert!(invited["invitation_url"].as_str().is_some_and(|url| url.starts_with("http://localhost:1/i/gl_inv_")));
    let second = installation.run(&["serve"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(second.err.contains("is served by another process"), "{}", second.err);
    assert!(server.stop().status.success());
    // The lock went with it.
    assert!(installation.serve().stop().status.success());
}

#[test]
fn case_111_it_does_not_start_on_what_cannot_be_right() {
    let unsafe_url = Installation::new().with("GUESTLIST_PUBLIC_URL", "http://id.example.org").run(&["serve"]);
    assert_eq!(unsafe_url.status.code(), Some(1));
    assert!(unsafe_url.err.contains("it must be https"), "{}", unsafe_url.err);
    let unknown = Installation::new().with("GUESTLIST_PUBLIC_ULR", "x").run(&["serve"]);
    assert!(unknown.err.contains("GUESTLIST_PUBLIC_ULR is not a variable of Guestlist"), "{}", unknown.err);
    let no_key = Installation::new().with("GUESTLIST_DATABASE_URL", "postgres://localhost/none").run(&["serve"]);
    assert!(no_key.err.contains("secret_key (GUESTLIST_SECRET_KEY) must be set"), "{}", no_key.err);
}

#[test]
fn case_140_another_master_key_does_not_open_the_house() {
    let installation = Installation::new();
    assert!(installation.serve().stop().status.success());
    let other = "ZAaUPiyZ34SYCGJcKK2v06VcwNrGjOCGFE5zi34JhKM=";
    let said = installation.with("GUESTLIST_SECRET_KEY", other).run(&["serve"]);
    assert_eq!(said.status.code(), Some(1));
    assert!(said.err.contains("does not open with this master key"), "{}", said.err);
}
