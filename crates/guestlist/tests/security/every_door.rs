//! Every door of the pages and the console that changes something, each with a browser that may go through it now.
//!
//! The list is held against the routers' source, so that no door can be added without its key to these cases.

use crate::address_proof::code_of;
use crate::scene::{PASSWORD, Scene, accept_by_password, leave, log_in};
use guestlist_testkit::house::Engine;
use guestlist_testkit::provider::{Account, CLIENT_ID, Provider};
use guestlist_testkit::visitor::{Answer, Form, Visitor};
use serde_json::json;
use std::fs;
use std::path::Path;

/// One door and whoever stands before it.
pub(crate) struct Door {
    /// As the router has it.
    pub(crate) route: &'static str,
    pub(crate) visitor: Visitor,
    /// The form of the page, filled in.
    pub(crate) form: Form,
}

fn door(route: &'static str, visitor: &Visitor, form: Form) -> Door {
    Door { route, visitor: visitor.clone(), form }
}

/// A house with somebody before each of its doors.
pub(crate) async fn full_of_doors() -> (Scene, Vec<Door>) {
    let mut scene = Scene::on(Engine::Sqlite).await;
    let beta = scene.another_provider("beta", "Beta").await;
    let mut doors = invitation_doors(&mut scene).await;
    doors.extend(account_doors(&mut scene).await);
    doors.extend(address_doors(&mut scene).await);
    doors.extend(address_change_doors(&mut scene).await);
    doors.extend(way_doors(&mut scene).await);
    doors.push(undo_door(&mut scene).await);
    doors.extend(merge_doors(&mut scene).await);
    doors.extend(log_in_doors(&mut scene, &beta).await);
    doors.extend(recovery_doors(&mut scene).await);
    doors.extend(console_doors(&mut scene).await);
    doors.extend(connection_doors(&mut scene).await);
    doors.extend(webhook_doors(&mut scene).await);
    doors.push(ledger_door(&mut scene).await);
    doors.push(move_back_door(&mut scene).await);
    scene.house.mails().await;
    (scene, doors)
}

async fn invited(scene: &mut Scene, name: &str) -> (Visitor, Answer) {
    let link = scene.invite(&format!("{name}@example.org")).await;
    let mut visitor = scene.house.visitor();
    let page = visitor.open(&link).await;
    (visitor, page)
}

async fn invitation_doors(scene: &mut Scene) -> Vec<Door> {
    let mut doors = Vec::new();
    let (visitor, page) = invited(scene, "accepts").await;
    doors.push(door("/accept", &visitor, page.form("Set password").with("password", PASSWORD)));
    let (visitor, page) = invited(scene, "declines").await;
    doors.push(door("/accept/decline", &visitor, page.form("Decline the invitation")));
    let (visitor, page) = invited(scene, "leaves").await;
    doors.push(door("/accept/with/{connection}", &visitor, page.form("Continue with Acme")));
    for (name, route, button) in [
        ("confirms", "/accept/confirm", "Continue as somebody@work.example"),
        ("chooses", "/accept/another", "Use another account"),
    ] {
        let (mut visitor, page) = invited(scene, name).await;
        let away = leave(&mut visitor, &page, "Continue with Acme").await;
        let page = visitor.open(&scene.acme.send_back(&away, &Account::new(name, "somebody@work.example"))).await;
        doors.push(door(route, &visitor, page.form(button)));
    }
    let link = scene.invite("renews@example.org").await;
    scene.resend("renews@example.org").await;
    let mut visitor = scene.house.visitor();
    let page = visitor.open(&link).await;
    doors.push(door("/accept/renew", &visitor, page.form("Send me a new link")));
    let mut visitor = scene.guest("switches@example.org").await;
    let link = scene.invite("other@example.org").await;
    let page = visitor.open(&link).await;
    doors.push(door("/accept/switch", &visitor, page.form("Switch account")));
    let mut visitor = scene.guest("brings@example.org").await;
    let link = scene.invite("again@example.org").await;
    let page = visitor.open(&link).await;
    doors.push(door("/accept/bring", &visitor, page.form("Accept as brings@example.org")));
    doors
}

async fn account_doors(scene: &mut Scene) -> Vec<Door> {
    let mut doors = Vec::new();
    for (name, route, page, button) in [
        ("connects", "/account/connect/{connection}", "/account", "Connect Acme"),
        ("changes", "/account/password", "/account", "Change password"),
        ("is-stale", "/account/fresh", "/account/fresh", "Log in"),
        ("logs-out", "/logout", "/account", "Log out"),
    ] {
        let mut visitor = scene.guest(&format!("{name}@example.org")).await;
        let form = visitor.open(page).await.form(button);
        let form = match route {
            "/account/password" => form.with("current_password", PASSWORD).with("password", "orchid-lantern-7"),
            "/account/fresh" => form.with("password", PASSWORD),
            _ => form,
        };
        doors.push(door(route, &visitor, form));
    }
    doors
}

async fn address_doors(scene: &mut Scene) -> Vec<Door> {
    let mut doors = Vec::new();
    for (name, route) in [("asks", "/account/address/code"), ("types", "/account/address")] {
        let link = scene.handed_link(&format!("{name}@example.org")).await;
        let mut visitor = scene.house.visitor();
        accept_by_password(&mut visitor, &link).await;
        scene.house.mails().await;
        let page = visitor.open("/account/address").await;
        if name == "asks" {
            doors.push(door(route, &visitor, page.form("Mail me a code")));
            continue;
        }
        let page = visitor.press(&page, "Mail me a code", &[]).await;
        let code = code_of(&scene.house.mail().await);
        doors.push(door(route, &visitor, page.form("Confirm address").with("code", &code)));
    }
    doors
}

async fn address_change_doors(scene: &mut Scene) -> Vec<Door> {
    let mut doors = Vec::new();
    for (name, route, button) in [
        ("wants", "/account/address/change", "Mail me a code"),
        ("moves", "/account/address/change/code", "Change address"),
        ("stays", "/account/address/change/cancel", "Leave it as it is"),
    ] {
        let mut visitor = scene.guest(&format!("{name}@example.org")).await;
        let email = format!("{name}@new.example");
        let page = visitor.open("/account/address/change").await;
        let form = page.form("Mail me a code").with("email", &email);
        if name == "wants" {
            doors.push(door(route, &visitor, form));
            continue;
        }
        let page = visitor.press(&page, "Mail me a code", &[("email", &email)]).await;
        let code = code_of(&scene.house.mail().await);
        let form = page.form(button);
        doors.push(door(route, &visitor, if name == "moves" { form.with("code", &code) } else { form }));
    }
    doors
}

async fn move_back_door(scene: &mut Scene) -> Door {
    scene.house.mails().await;
    let mut visitor = scene.guest("moved@example.org").await;
    let page = visitor.open("/account/address/change").await;
    let page = visitor.press(&page, "Mail me a code", &[("email", "moved@new.example")]).await;
    let code = code_of(&scene.house.mail().await);
    visitor.press(&page, "Change address", &[("code", &code)]).await;
    scene.house.mails().await;
    let id = scene.cellar.user("moved@new.example").await.id.to_string().replace('|', "%7C");
    let mut admin = scene.house.visitor();
    log_in(&mut admin, "admin@example.org", PASSWORD).await;
    let page = admin.open(&format!("/admin/people/{id}")).await;
    door("/admin/people/{id}/addresses/{change}/undo", &admin, page.form("Back to moved@example.org"))
}

async fn way_doors(scene: &mut Scene) -> Vec<Door> {
    let mut doors = Vec::new();
    for (name, route, button) in [
        ("keeps-acme", "/account/password/remove", "Remove password"),
        ("keeps-password", "/account/ways/{identity}/remove", "Remove Acme"),
        ("is-asked", "/account/fresh/with/{connection}", "Continue with Acme"),
    ] {
        let mut visitor = scene.guest(&format!("{name}@example.org")).await;
        scene.connect(&mut visitor, &Account::new(name, "x@work.example")).await;
        scene.house.mails().await;
        let page = visitor.open(if name == "is-asked" { "/account/fresh" } else { "/account" }).await;
        doors.push(door(route, &visitor, page.form(button)));
    }
    doors
}

/// Somebody before two accounts.
async fn merge_doors(scene: &mut Scene) -> Vec<Door> {
    let mut doors = Vec::new();
    for (name, route, button) in [
        ("joins", "/account/merge", "Bring both together"),
        ("leaves-it", "/account/merge/leave", "Leave them as they are"),
    ] {
        let account = Account::new(name, "x@work.example");
        let mut other = scene.guest(&format!("{name}-other@example.org")).await;
        scene.connect(&mut other, &account).await;
        scene.house.mails().await;
        let mut visitor = scene.guest(&format!("{name}@example.org")).await;
        let page = scene.connect(&mut visitor, &account).await;
        scene.house.mails().await;
        doors.push(door(route, &visitor, page.form(button)));
    }
    doors
}

async fn undo_door(scene: &mut Scene) -> Door {
    let mut visitor = scene.guest("undoes@example.org").await;
    scene.connect(&mut visitor, &Account::new("undoes", "x@work.example")).await;
    let link = scene.house.mail().await.link("/undo/");
    let mut owner = scene.house.visitor();
    let page = owner.open(link.as_str()).await;
    door("/undo", &owner, page.form("Undo it"))
}

async fn log_in_doors(scene: &mut Scene, beta: &Provider) -> Vec<Door> {
    let email = "proves@example.org";
    let mut visitor = scene.guest(email).await;
    let page = visitor.open("/account").await;
    let away = leave(&mut visitor, &page, "Connect Beta").await;
    visitor.open(&beta.send_back(&away, &Account::new("proves", email))).await;
    scene.house.mails().await;
    let mut visitor = scene.house.visitor();
    let login = visitor.open("/login").await;
    let mut doors = vec![
        door("/login", &visitor, login.form("Log in").with("email", email).with("password", PASSWORD)),
        door("/login/with/{connection}", &visitor, login.form("Continue with Acme")),
    ];
    scene.declare(&["example.org"], "confirm").await;
    for (subject, route, button) in
        [("one", "/login/prove", "Log in"), ("other", "/login/prove/with/{connection}", "Continue with Beta")]
    {
        let mut visitor = scene.house.visitor();
        let page = scene.sign_in(&mut visitor, &Account::new(subject, email)).await;
        doors.push(door(route, &visitor, page.form(button).with("password", PASSWORD)));
    }
    doors
}

async fn recovery_doors(scene: &mut Scene) -> Vec<Door> {
    let (email, mut visitor) = ("forgets@example.org", scene.house.visitor());
    scene.guest(email).await;
    scene.guest("remembers@example.org").await;
    let page = visitor.open("/forgot").await;
    let forgot = page.form("Send the link").with("email", "remembers@example.org");
    visitor.press(&page, "Send the link", &[("email", email)]).await;
    let mut resets = scene.house.visitor();
    let page = resets.open(scene.house.mail().await.link("/reset/").as_str()).await;
    vec![
        door("/forgot", &visitor, forgot),
        door("/reset", &resets, page.form("Set password").with("password", "orchid-lantern-7")),
    ]
}

/// An administrator's browser.
pub(crate) async fn administrator(scene: &mut Scene) -> Visitor {
    let link = scene.invite_on(json!({"email": "admin@example.org", "roles": ["admin"]})).await;
    let mut admin = scene.house.visitor();
    accept_by_password(&mut admin, &link).await;
    scene.house.mails().await;
    admin
}

async fn console_doors(scene: &mut Scene) -> Vec<Door> {
    let mut admin = administrator(scene).await;
    let invite = admin.open("/admin/invite").await.form("Send invitation").with("email", "new@example.org");
    let mut doors = vec![door("/admin/invite", &admin, invite)];
    for (name, route, button) in [
        ("copied", "/admin/invitations/{id}/link", "Copy link"),
        ("resent", "/admin/invitations/{id}/resend", "Resend"),
        ("revoked", "/admin/invitations/{id}/revoke", "Revoke"),
    ] {
        let email = format!("{name}@example.org");
        let made = scene.api.post("/api/v2/invitations", &json!({"email": email})).await.json();
        let mut path = format!("/admin/invitations/{}", made["id"].as_str().unwrap());
        if name == "revoked" {
            path += "/revoke";
        }
        doors.push(door(route, &admin, admin.clone().open(&path).await.form(button)));
    }
    scene.house.mails().await;
    for (name, route, button) in [
        ("blocked", "/admin/people/{id}/block", "Block"),
        ("unblocked", "/admin/people/{id}/unblock", "Lift the block"),
    ] {
        let email = format!("{name}@example.org");
        scene.guest(&email).await;
        let path = format!("/admin/people/{}", scene.cellar.user(&email).await.id.to_string().replace('|', "%7C"));
        if name == "unblocked" {
            let page = admin.open(&path).await;
            admin.press(&page, "Block", &[]).await.assert_status(200);
        }
        doors.push(door(route, &admin, admin.clone().open(&path).await.form(button)));
    }
    doors
}

async fn connection_doors(scene: &mut Scene) -> Vec<Door> {
    let email = "admin@example.org";
    let mut admin = scene.house.visitor();
    log_in(&mut admin, email, PASSWORD).await;
    let github = admin.open("/admin/connections/new/github").await.form("Save");
    let mut doors = vec![door("/admin/connections", &admin, github.with("client_id", "x").with("client_secret", "y"))];
    for (name, route, button) in [
        ("changed", "/admin/connections/{id}", "Save"),
        ("tried", "/admin/connections/{id}/try", "Try it"),
        ("switched-off", "/admin/connections/{id}/off", "Switch off"),
        ("switched-on", "/admin/connections/{id}/on", "Switch on"),
        ("deleted", "/admin/connections/{id}/delete", "Delete"),
    ] {
        let options = json!({"issuer": scene.acme.issuer, "client_id": CLIENT_ID});
        let connection = json!({"name": name, "strategy": "oidc", "options": options});
        let made = scene.api.post("/api/v2/connections", &connection).await.assert_status(201).json();
        let page = admin.open(&format!("/admin/connections/{}", made["id"].as_str().unwrap())).await;
        let page = if name == "switched-on" { admin.press(&page, "Switch off", &[]).await } else { page };
        let form = page.form(button);
        doors.push(door(route, &admin, if name == "changed" { form.with("display_name", "Other") } else { form }));
    }
    doors
}

async fn webhook_doors(scene: &mut Scene) -> Vec<Door> {
    let mut admin = scene.house.visitor();
    log_in(&mut admin, "admin@example.org", PASSWORD).await;
    let new = admin.open("/admin/webhooks/new").await.form("Save");
    let new = new.with("name", "new").with("endpoint", "https://hooks.example/in");
    let mut doors = vec![door("/admin/webhooks", &admin, new)];
    for (name, route, button) in [
        ("changed", "/admin/webhooks/{id}", "Save"),
        ("tested", "/admin/webhooks/{id}/test", "Send a test"),
        ("switched-off", "/admin/webhooks/{id}/off", "Switch off"),
        ("switched-on", "/admin/webhooks/{id}/on", "Switch on"),
        ("rotated", "/admin/webhooks/{id}/rotate", "Make a new secret"),
        ("deleted", "/admin/webhooks/{id}/delete", "Delete"),
        ("resent", "/admin/webhooks/{id}/deliveries/{event}/again", "Send again"),
    ] {
        let configuration = json!({"webhook_endpoint": "http://127.0.0.1:1/in"});
        let body = json!({"name": name, "subscriptions": [{"event_type": "keys.rotated"}],
            "destination": {"type": "webhook", "configuration": configuration}});
        let made = scene.api.post("/api/v2/event-streams", &body).await.assert_status(201).json();
        let page = admin.open(&format!("/admin/webhooks/{}", made["id"].as_str().unwrap())).await;
        let page = match name {
            "switched-on" => admin.press(&page, "Switch off", &[]).await,
            "resent" => {
                let tested = admin.press(&page, "Send a test", &[]).await;
                // Nobody listens there, so it waits for its next try.
                scene.house.tell_webhooks().await;
                tested
            }
            _ => page,
        };
        let form = page.form(button);
        doors.push(door(route, &admin, if name == "changed" { form.with("name", "Other") } else { form }));
    }
    doors
}

/// A line of somebody's ledger that can be undone.
async fn ledger_door(scene: &mut Scene) -> Door {
    let email = "connected@example.org";
    let mut visitor = scene.guest(email).await;
    scene.connect(&mut visitor, &Account::new("connected", "x@work.example")).await;
    let mut admin = scene.house.visitor();
    log_in(&mut admin, "admin@example.org", PASSWORD).await;
    let path = format!("/admin/people/{}", scene.cellar.user(email).await.id.to_string().replace('|', "%7C"));
    let page = admin.open(&path).await;
    door("/admin/people/{id}/ledger/{entry}/undo", &admin, page.form("Undo"))
}

/// The routes in the files of one folder of the web crate, each with its handlers: `get(show).post(send)`.
fn routes(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/src").join(folder);
    let mut routes = Vec::new();
    for file in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
        if file.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        // A route ends where the next one begins, or its function ends.
        let end = |rest: &str| [".route(", "\n}"].iter().filter_map(|mark| rest.find(mark)).min().unwrap_or(rest.len());
        for (at, mark) in text.match_indices(".route(") {
            let rest = &text[at + mark.len()..];
            let (path, handlers) = rest[..end(rest)].split_once(',').unwrap();
            routes.push((path.trim().trim_matches('"').to_owned(), handlers.to_owned()));
        }
    }
    routes
}

/// Those of several folders that answer to that method: `get` or `post`.
pub(crate) fn routes_that(method: &str, folders: &[&str]) -> Vec<String> {
    let call = format!("{method}(");
    let all = folders.iter().flat_map(|folder| routes(folder));
    let found: Vec<String> = all.filter(|(_, handlers)| handlers.contains(&call)).map(|(path, _)| path).collect();
    assert!(!found.is_empty(), "no routes are found in {folders:?}");
    found
}
