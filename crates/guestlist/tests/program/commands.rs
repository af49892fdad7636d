//! Every other command, by its output and its exit code.

use crate::rig::Installation;
use std::process::Stdio;

#[test]
fn invitations_are_made_looked_at_sent_again_and_taken_back() {
    let house = Installation::new();
    let invited = house.json(&["invite", "Anna@Example.org", "--name", "Anna", "--admin", "--no-send"]);
    assert_eq!(invited["email"], "anna@example.org");
    let (id, url) = (invited["id"].as_str().expect("an id"), invited["invitation_url"].as_str().expect("a link"));

    let list = house.json(&["invitations", "list"]);
    assert_eq!((list[0]["id"].as_str(), list[0]["status"].as_str()), (Some(id), Some("pending")));
    assert!(!list.to_string().contains("gl_inv_"));
    let shown = house.json(&["invitations", "show", id]);
    assert_eq!(shown["timeline"][0]["event"], "invitation.created");
    let again = house.json(&["invitations", "resend", id]);
    assert_ne!(again["invitation_url"].as_str(), Some(url));
    assert_eq!(house.json(&["invitations", "revoke", id])["status"], "revoked");

    let twice = house.run(&["invitations", "revoke", id]);
    assert_eq!(twice.status.code(), Some(1));
    assert!(twice.err.starts_with("error: "), "{}", twice.err);
    assert!(house.run(&["invitations", "list"]).out.contains("anna@example.org"));
    assert_eq!(house.run(&["invite", "not an address"]).status.code(), Some(1));
}

#[test]
fn an_import_reports_every_row_and_goes_on_past_bad_ones() {
    let house = Installation::new();
    let text = "email,name\nanna@example.org,Anna\nnot an address,Bo\nanna@example.org,Again\ncleo@example.org,Cleo\n";
    let file = house.write("guests.csv", text);
    let file = file.to_str().expect("a path");
    let results = |arguments: &[&str]| -> Vec<String> {
        let said = house.run(arguments);
        assert_eq!(said.status.code(), Some(1), "bad rows show in the exit code: {said:?}");
        let report: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
        let rows = report["rows"].as_array().expect("rows");
        rows.iter().map(|row| row["result"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let import = ["invitations", "import", file, "--json"];
    let dry = [import.as_slice(), &["--dry-run"]].concat();
    assert_eq!(results(&dry), ["would_be_invited", "refused", "refused", "would_be_invited"]);
    assert_eq!(house.json(&["invitations", "list"]), serde_json::json!([]));
    assert_eq!(results(&import), ["invited", "refused", "refused", "invited"]);
    assert_eq!(results(&dry), ["already_invited", "refused", "refused", "already_invited"]);
    assert_eq!(results(&import), ["already_invited", "refused", "refused", "already_invited"]);

    let wrong = house.write("wrong.csv", "mail\nanna@example.org\n");
    let said = house.run(&["invitations", "import", wrong.to_str().expect("a path")]);
    assert!(said.err.contains("one of them must be email"), "{}", said.err);
}

#[test]
fn clients_and_connections_are_made_and_listed() {
    let house = Installation::new();
    let client =
        house.json(&["clients", "create", "--name", "App", "--type", "web", "--callback", "https://a.example/cb"]);
    let secret = client["client_secret"].as_str().expect("a secret");
    assert!(secret.starts_with("gl_cls_"));
    let spa = house.json(&["clients", "create", "--name", "Page", "--type", "spa", "--callback", "https://a.example/"]);
    assert!(spa.get("client_secret").is_none());
    let machine = house.json(&["clients", "create", "--name", "Backend", "--type", "m2m", "--all-scopes"]);
    assert_eq!(machine["app_type"], "non_interactive");
    assert_eq!(house.json(&["clients", "list"]).as_array().map(Vec::len), Some(3));
    assert!(!house.run(&["clients", "list"]).out.contains(secret));

    let upstream_secret = house.write("secret", "hunter2\n");
    let connection = house.json(&[
        "connections",
        "create",
        "--name",
        "acme",
        "--issuer",
        "https://acme.example",
        "--client-id",
        "us",
        "--client-secret-file",
        upstream_secret.to_str().expect("a path"),
    ]);
    assert!(connection["enabled_clients"].is_null());
    let list = house.run(&["connections", "list", "--json"]).out;
    assert!(list.contains("Username-Password-Authentication") && list.contains("acme"), "{list}");
    assert!(!list.contains("hunter2"));
    let taken =
        house.run(&["connections", "create", "--name", "acme", "--issuer", "https://b.example", "--client-id", "x"]);
    assert_eq!(taken.status.code(), Some(1));
}

#[test]
fn users_are_found_by_address_blocked_and_unblocked() {
    let house = Installation::new();
    let invited = house.json(&["invite", "anna@example.org"]);
    let shown = house.json(&["users", "show", "Anna@example.org"]);
    assert_eq!((shown["user_id"].as_str(), shown["status"].as_str()), (invited["user_id"].as_str(), Some("pending")));
    assert_eq!(house.json(&["users", "block", "anna@example.org"])["status"], "blocked");
    assert_eq!(house.json(&["users", "unblock", shown["user_id"].as_str().expect("an id")])["status"], "pending");
    assert_eq!(house.json(&["users", "list"]).as_array().map(Vec::len), Some(1));
    assert_eq!(house.run(&["users", "show", "nobody@example.org"]).status.code(), Some(1));
}

#[test]
fn the_doctor_says_what_is_wrong() {
    let house = Installation::new();
    assert!(house.run(&["migrate"]).status.success());
    let healthy = house.json(&["doctor"]);
    assert!(healthy.as_array().expect("findings").iter().all(|finding| finding["ok"] == true), "{healthy}");

    let args = ["connections", "create", "--name", "gone", "--issuer", "https://127.0.0.1:1", "--client-id", "x"];
    let house = house.with("GUESTLIST_ALLOW_PRIVATE_UPSTREAMS", "true");
    assert!(house.run(&args).status.success());
    let ill = house.run(&["doctor"]);
    assert_eq!(ill.status.code(), Some(1));
    assert!(ill.out.contains("ILL   connection gone"), "{}", ill.out);

    let lost = Installation::new().with("GUESTLIST_LISTEN", "nowhere").run(&["doctor"]);
    assert_eq!(lost.status.code(), Some(1));
    assert!(lost.out.contains("ILL   configuration: listen (from GUESTLIST_LISTEN) must be"), "{}", lost.out);
}

#[test]
fn keys_are_rotated() {
    let house = Installation::new();
    assert!(house.json(&["keys", "rotate"])["kid"].is_string());
    assert_eq!(house.json(&["keys", "rotate", "--emergency"])["emergency"], true);
}

#[test]
fn completions_come_without_a_configuration_and_a_closed_pipe_is_no_failure() {
    let house = Installation::new();
    for shell in ["bash", "zsh", "fish"] {
        let said = house.run(&["completions", shell]);
        assert!(said.status.success() && said.out.contains("guestlist"), "{shell}");
    }
    let mut child =
        house.command(&["completions", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a child");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("an end");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn webhooks_are_made_looked_at_tried_out_and_deleted() {
    let house = Installation::new();
    assert!(house.run(&["webhooks", "list"]).out.contains("there is no webhook"));
    let password = house.write("password", "hunter2\n");
    let password = password.to_str().expect("a path");
    let endpoint = "https://hooks.example/in";
    let create = ["webhooks", "create", "--name", "Depot", "--endpoint", endpoint, "--event", "user.created"];
    let basic = ["--basic-user", "guestlist", "--basic-password-file", password];
    let made = house.json(&[&create[..], &basic[..]].concat());
    let (id, secret) = (made["id"].as_str().expect("an id"), made["signing_secret"].as_str().expect("a secret"));
    assert!(id.starts_with("est_") && secret.starts_with("whsec_"));
    let shown = house.json(&["webhooks", "show", id]);
    assert_eq!(shown["authorization"], serde_json::json!({"method": "basic", "username": "guestlist"}));
    assert_eq!(shown["event_types"], serde_json::json!(["user.created"]));
    let rotated = house.json(&["webhooks", "rotate-secret", id]);
    assert_ne!(rotated["signing_secret"], made["signing_secret"]);
    for quiet in [shown, house.json(&["webhooks", "list"])] {
        let text = quiet.to_string();
        assert!(!text.contains("whsec_") && !text.contains("hunter2"), "{text}");
    }

    let test = house.json(&["webhooks", "test", id]);
    let event = test["event_id"].as_str().expect("an event");
    let sent = house.json(&["webhooks", "deliveries", id, "--status", "queued"]);
    assert_eq!((&sent[0]["event_id"], &sent[0]["event_type"]), (&test["event_id"], &"webhook.tested".into()));
    assert_eq!(house.json(&["webhooks", "redeliver", id, event])["status"], "queued");
    assert_eq!(house.json(&["webhooks", "disable", id])["enabled"], false);
    let refused = house.run(&["webhooks", "test", id]);
    assert_eq!((refused.status.code(), refused.err.contains("disabled")), (Some(1), true));
    assert_eq!(house.json(&["webhooks", "enable", id])["enabled"], true);
    let private = house.run(&["webhooks", "create", "--name", "x", "--endpoint", "https://10.0.0.1/"]);
    assert_eq!(private.status.code(), Some(1));
    assert_eq!(house.json(&["webhooks", "delete", id])["deleted"], true);
    assert_eq!(house.run(&["webhooks", "delete", id]).status.code(), Some(1));
}
