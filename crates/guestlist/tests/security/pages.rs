//! Case 99: the headers and the markup of every page, errors among them.

use crate::every_door::{administrator, routes_that};
use crate::scene::{PASSWORD, Scene, accept_by_password, leave, log_in};
use guestlist_domain::connection::Strategy;
use guestlist_testkit::house::{Engine, ORIGIN};
use guestlist_testkit::provider::Account;
use guestlist_testkit::visitor::{Answer, Visitor};
use serde_json::json;
use std::collections::BTreeSet;

/// Fails unless a page is dressed as every page must be.
#[track_caller]
fn assert_dressed(page: &Answer) {
    let at = format!("{} {}", page.status, page.url);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{at}");
    let policy = page.header("content-security-policy").unwrap_or_else(|| panic!("no policy at {at}"));
    let directives: Vec<(&str, Vec<&str>)> = policy
        .split(';')
        .map(|directive| {
            let mut words = directive.split_whitespace();
            (words.next().unwrap_or_default(), words.collect())
        })
        .collect();
    let sources = |name: &str| {
        let mut found =
            directives.iter().filter(|(directive, _)| *directive == name).map(|(_, sources)| sources.clone());
        let sources = found.next();
        assert!(found.next().is_none(), "{name} twice at {at}: {policy}");
        sources.unwrap_or_default()
    };
    assert_eq!(sources("default-src"), ["'none'"], "{at}");
    assert_eq!(sources("frame-ancestors"), ["'none'"], "{at}");
    assert_eq!(sources("base-uri"), ["'none'"], "{at}");
    assert_eq!(sources("style-src"), ["'self'"], "{at}");
    assert_eq!(sources("img-src"), ["'self'", "data:"], "{at}");
    assert_eq!(sources("form-action").first(), Some(&"'self'"), "{at}");
    let names: BTreeSet<&str> = directives.iter().map(|(name, _)| *name).collect();
    let known = ["base-uri", "default-src", "form-action", "frame-ancestors", "img-src", "style-src"];
    assert_eq!(names, known.into(), "no other directive widens it at {at}");
    for unsafe_word in ["unsafe-inline", "unsafe-eval", "unsafe-hashes", "*", "http: ", "blob:"] {
        assert!(!policy.contains(unsafe_word), "{unsafe_word} at {at}: {policy}");
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cache-control", "no-store"),
        ("strict-transport-security", "max-age=31536000"),
    ] {
        assert_eq!(page.header(name), Some(value), "{name} at {at}");
    }
    assert_plain(page, &at);
}

/// No script, no inline style, nothing from elsewhere.
#[track_caller]
fn assert_plain(page: &Answer, at: &str) {
    let body = page.body.to_ascii_lowercase();
    for forbidden in ["<script", "<style", " style=", "javascript:", "<iframe", "<object", "<base", "http-equiv"] {
        assert!(!body.contains(forbidden), "{forbidden} at {at}");
    }
    for attribute in [" onclick=", " onload=", " onerror=", " onsubmit=", " onfocus="] {
        assert!(!body.contains(attribute), "{attribute} at {at}");
    }
    for (at_byte, _) in body.match_indices(" src=\"").chain(body.match_indices("<link rel=\"")) {
        let tag = &body[at_byte..body[at_byte..].find('>').map_or(body.len(), |end| at_byte + end)];
        assert!(!tag.contains("//"), "{tag} at {at} comes from elsewhere");
    }
}

/// Visits pages and remembers which routes they belong to.
#[derive(Default)]
struct Crawl {
    seen: BTreeSet<&'static str>,
}

impl Crawl {
    async fn visit(&mut self, visitor: &mut Visitor, route: &'static str, path: &str, status: u16) -> Answer {
        let page = visitor.get(path).await;
        assert_eq!(page.status.as_u16(), status, "{path}: {}", page.text());
        self.look(route, &page);
        page
    }

    #[track_caller]
    fn look(&mut self, route: &'static str, page: &Answer) {
        self.seen.insert(route);
        if page.status.is_redirection() {
            assert_eq!(page.header("referrer-policy"), Some("no-referrer"), "{route}");
            assert_eq!(page.header("x-content-type-options"), Some("nosniff"), "{route}");
            assert_eq!(page.header("cache-control"), Some("no-store"), "{route}");
        } else {
            assert_dressed(page);
        }
    }
}

#[tokio::test]
async fn case_099_every_page_is_dressed() {
    let mut scene = Scene::on(Engine::Sqlite).await;
    let mut crawl = Crawl::default();
    guest_pages(&mut scene, &mut crawl).await;
    signed_out_pages(&mut scene, &mut crawl).await;
    account_pages(&mut scene, &mut crawl).await;
    address_pages(&mut scene, &mut crawl).await;
    undo_pages(&mut scene, &mut crawl).await;
    merge_page(&mut scene, &mut crawl).await;
    console_pages(&mut scene, &mut crawl).await;
    connection_pages(&mut scene, &mut crawl).await;
    webhook_pages(&mut scene, &mut crawl).await;
    let written: BTreeSet<String> = routes_that("get", &["pages", "console"]).into_iter().collect();
    let seen: BTreeSet<String> = crawl.seen.iter().map(|route| (*route).to_owned()).collect();
    assert_eq!(seen, written, "every route with a GET is crawled");
}

async fn guest_pages(scene: &mut Scene, crawl: &mut Crawl) {
    let link = scene.invite_on(json!({"email": "anna@example.org", "message": "<b>Come</b>"})).await;
    let mut anna = scene.house.visitor();
    crawl.visit(&mut anna, "/i/{token}", &link, 303).await;
    let page = crawl.visit(&mut anna, "/accept", "/accept", 200).await;
    let weak = anna.submit(&page.form("Set password").with("password", "short")).await;
    crawl.look("/accept", weak.assert_status(400));
    let away = leave(&mut anna, &page, "Continue with Acme").await;
    let back = scene.acme.send_back(&away, &Account::new("anna-at-acme", "anna@work.example"));
    crawl.visit(&mut anna, "/login/callback", &back, 303).await;
    crawl.visit(&mut anna, "/accept/confirm", "/accept/confirm", 200).await;
    let newer = scene.resend("anna@example.org").await;
    let dead = anna.open(&link).await;
    crawl.look("/accept", dead.assert_status(410));
    let sent = anna.submit(&dead.form("Send me a new link")).await;
    crawl.look("/accept", sent.assert_status(200));
    let newest: String = scene.house.mail().await.link("/i/").into();
    crawl.look("/accept", anna.open(&newer).await.assert_status(410));
    let page = anna.open(&newest).await;
    let mut bob = scene.guest("bob@example.org").await;
    crawl.look("/accept", bob.open(&newest).await.assert_status(200));
    let declined = anna.submit(&page.form("Decline the invitation")).await;
    crawl.look("/accept", declined.assert_status(200));
    crawl.visit(&mut anna, "/i/{token}", "/i/gl_inv_nothing", 404).await;
    crawl.look(
        "/i/{token}",
        scene.house.visitor().open(&format!("/i/gl_inv_{}", "A".repeat(43))).await.assert_status(404),
    );
}

async fn signed_out_pages(scene: &mut Scene, crawl: &mut Crawl) {
    scene.guest("carol@example.org").await;
    let mut carol = scene.house.visitor();
    for (route, status) in [("/login", 200), ("/forgot", 200), ("/logged-out", 200), ("/logout", 303)] {
        crawl.visit(&mut carol, route, route, status).await;
    }
    crawl.visit(&mut carol, "/login", "/login?to=console", 200).await;
    let wrong = log_in(&mut carol, "carol@example.org", "wrong-kettle-9").await;
    crawl.look("/login", wrong.assert_status(400));
    let forgot = carol.open("/forgot").await;
    crawl.look(
        "/forgot",
        carol.submit(&forgot.form("Send the link").with("email", "nonsense")).await.assert_status(400),
    );
    let sent = carol.submit(&forgot.form("Send the link").with("email", "carol@example.org")).await;
    crawl.look("/forgot", sent.assert_status(200));
    let link: String = scene.house.mail().await.link("/reset/").into();
    crawl.visit(&mut carol, "/reset/{token}", &link, 303).await;
    let page = crawl.visit(&mut carol, "/reset", "/reset", 200).await;
    let done = carol.submit(&page.form("Set password").with("password", "orchid-lantern-7")).await;
    crawl.look("/reset", done.assert_status(200));
    scene.house.mails().await;
    crawl.look("/reset", carol.open(&link).await.assert_status(410));

    scene.declare(&["example.org"], "confirm").await;
    let mut asked = scene.house.visitor();
    let page = scene.sign_in(&mut asked, &Account::new("carol-at-acme", "carol@example.org")).await;
    crawl.look("/login/prove", page.assert_status(200));
    let stranger = scene.sign_in(&mut carol, &Account::new("stranger", "stranger@example.com")).await;
    crawl.look("/login/callback", stranger.assert_status(403));
    let away = scene.leave_to_sign_in(&mut carol).await;
    crawl.look("/login/callback", carol.open(&scene.acme.refuse(&away)).await.assert_status(403));
    let away = scene.leave_to_sign_in(&mut carol).await;
    let forged = Account::with_claims("carol-at-acme", json!({"nonce": "x"}));
    crawl.look("/login/callback", carol.open(&scene.acme.send_back(&away, &forged)).await.assert_status(502));
}

async fn account_pages(scene: &mut Scene, crawl: &mut Crawl) {
    let mut dora = scene.guest("dora@example.org").await;
    for route in ["/account", "/account/fresh", "/logout"] {
        crawl.visit(&mut dora, route, route, 200).await;
    }
    for done in ["connected", "removed", "password-saved", "last-way-kept"] {
        crawl.visit(&mut dora, "/account", &format!("/account?done={done}"), 200).await;
    }
    let page = dora.open("/account").await;
    let wrong = page.form("Change password").with("current_password", "wrong-kettle-9").with("password", PASSWORD);
    crawl.look("/account", dora.submit(&wrong).await.assert_status(400));
    crawl.visit(&mut dora, "/admin", "/admin", 403).await;
    crawl.visit(&mut scene.house.visitor(), "/account", "/account", 303).await;
}

async fn address_pages(scene: &mut Scene, crawl: &mut Crawl) {
    let link = scene.handed_link("gerd@example.org").await;
    let mut gerd = scene.house.visitor();
    accept_by_password(&mut gerd, &link).await;
    let page = crawl.visit(&mut gerd, "/account/address", "/account/address", 200).await;
    gerd.press(&page, "Mail me a code", &[]).await;
    let page = crawl.visit(&mut gerd, "/account/address", "/account/address", 200).await;
    crawl.look(
        "/account/address",
        gerd.submit(&page.form("Confirm address").with("code", "1")).await.assert_status(400),
    );
    let page = crawl.visit(&mut gerd, "/account/address/change", "/account/address/change", 200).await;
    gerd.press(&page, "Mail me a code", &[("email", "gerd@new.example")]).await;
    let page = crawl.visit(&mut gerd, "/account/address/change", "/account/address/change", 200).await;
    let again = gerd.submit(&page.form("Change address").with("code", "1")).await;
    crawl.look("/account/address/change", again.assert_status(400));
    scene.house.mails().await;
}

async fn undo_pages(scene: &mut Scene, crawl: &mut Crawl) {
    let mut hugo = scene.guest("hugo@example.org").await;
    scene.connect(&mut hugo, &Account::new("hugo", "hugo@work.example")).await;
    let link: String = scene.house.mail().await.link("/undo/").into();
    let mut owner = scene.house.visitor();
    crawl.visit(&mut owner, "/undo/{token}", &link, 303).await;
    let page = crawl.visit(&mut owner, "/undo", "/undo", 200).await;
    crawl.look("/undo", owner.submit(&page.form("Undo it")).await.assert_status(200));
    crawl.look("/undo", owner.open(&link).await.assert_status(410));
    crawl.visit(&mut owner, "/undo/{token}", "/undo/nonsense", 404).await;
    scene.house.mails().await;
}

async fn merge_page(scene: &mut Scene, crawl: &mut Crawl) {
    let account = Account::new("ida", "ida@work.example");
    let mut other = scene.guest("ida@example.net").await;
    scene.connect(&mut other, &account).await;
    scene.house.mails().await;
    let mut ida = scene.guest("ida@example.org").await;
    scene.connect(&mut ida, &account).await;
    scene.house.mails().await;
    crawl.visit(&mut ida, "/account/merge", "/account/merge", 200).await;
}

async fn console_pages(scene: &mut Scene, crawl: &mut Crawl) {
    let mut admin = administrator(scene).await;
    scene.invite("eve@example.org").await;
    let (user, pending) = (scene.cellar.user("dora@example.org").await, scene.contents().await["invitations"].len());
    assert!(pending > 0);
    let listed = scene.api.get("/api/v2/invitations?status=pending").await.json();
    let id = listed[0]["id"].as_str().unwrap().to_owned();
    for status in ["", "?status=pending", "?status=accepted", "?page=7", "?status=nonsense"] {
        crawl.visit(&mut admin, "/admin", &format!("/admin{status}"), 200).await;
    }
    let form = crawl.visit(&mut admin, "/admin/invite", "/admin/invite", 200).await.form("Send invitation");
    for (email, status) in [("nonsense", 400), ("eve@example.org", 409), ("dora@example.org", 409)] {
        let refused = admin.submit(&form.clone().with("email", email)).await;
        crawl.look("/admin/invite", refused.assert_status(status));
    }
    let page = crawl.visit(&mut admin, "/admin/invitations/{id}", &format!("/admin/invitations/{id}"), 200).await;
    let link = admin.submit(&page.form("Copy link")).await;
    crawl.look("/admin/invitations/{id}", link.assert_status(200));
    let ask = format!("/admin/invitations/{id}/revoke");
    crawl.visit(&mut admin, "/admin/invitations/{id}/revoke", &ask, 200).await;
    crawl.visit(&mut admin, "/admin/invitations/{id}", "/admin/invitations/inv_none", 404).await;
    crawl.visit(&mut admin, "/admin/people", "/admin/people?search=dora", 200).await;
    let person = format!("/admin/people/{}", user.id.to_string().replace('|', "%7C"));
    crawl.visit(&mut admin, "/admin/people/{id}", &person, 200).await;
    crawl.visit(&mut admin, "/admin/people/{id}", "/admin/people/nobody", 404).await;
}

async fn connection_pages(scene: &mut Scene, crawl: &mut Crawl) {
    let mut admin = scene.house.visitor();
    log_in(&mut admin, "admin@example.org", PASSWORD).await;
    crawl.visit(&mut admin, "/admin/connections", "/admin/connections", 200).await;
    for strategy in Strategy::ALL.iter().filter(|strategy| strategy.is_upstream()) {
        let path = format!("/admin/connections/new/{}", strategy.as_str());
        let page = crawl.visit(&mut admin, "/admin/connections/new/{strategy}", &path, 200).await;
        let empty = admin.submit(&page.form("Save").with("display_name", "<b>x</b>")).await;
        crawl.look("/admin/connections", empty.assert_status(400));
    }
    crawl.visit(&mut admin, "/admin/connections/new/{strategy}", "/admin/connections/new/samlp", 404).await;
    let id = scene.cellar.connection("acme").await.id;
    let route = "/admin/connections/{id}";
    let page = crawl.visit(&mut admin, route, &format!("/admin/connections/{id}"), 200).await;
    crawl.visit(&mut admin, route, "/admin/connections/con_none", 404).await;
    crawl.look(route, admin.submit(&page.form("Save").with("issuer", "nonsense")).await.assert_status(400));
    let mut fay = scene.guest("fay@example.org").await;
    scene.connect(&mut fay, &Account::new("fay-at-acme", "fay@example.org")).await;
    crawl.look(route, admin.submit(&page.form("Delete")).await.assert_status(409));
    for account in
        [Account::new("carol-at-acme", "carol@example.org"), Account::with_claims("x", json!({"nonce": "x"}))]
    {
        let away = leave(&mut admin, &page, "Try it").await;
        crawl.look("/login/callback", &admin.open(&scene.acme.send_back(&away, &account)).await);
    }
}

async fn webhook_pages(scene: &mut Scene, crawl: &mut Crawl) {
    let mut admin = scene.house.visitor();
    log_in(&mut admin, "admin@example.org", PASSWORD).await;
    crawl.visit(&mut admin, "/admin/webhooks", "/admin/webhooks", 200).await;
    let page = crawl.visit(&mut admin, "/admin/webhooks/new", "/admin/webhooks/new", 200).await;
    let form = page.form("Save").with("name", "Depot").with("endpoint", "nonsense").with("events", "<b>x</b>");
    crawl.look("/admin/webhooks", admin.submit(&form).await.assert_status(400));
    let form = form.with("endpoint", "https://hooks.example/in").with("events", "user.created");
    let made = admin.submit(&form).await;
    crawl.look("/admin/webhooks", made.assert_status(200));
    crawl.visit(&mut admin, "/admin/webhooks", "/admin/webhooks", 200).await;
    let route = "/admin/webhooks/{id}";
    let tested = admin.press(&made, "Send a test", &[]).await;
    crawl.look(route, tested.assert_status(200));
    crawl.look(route, admin.submit(&tested.form("Save").with("endpoint", "nonsense")).await.assert_status(400));
    crawl.visit(&mut admin, route, "/admin/webhooks/est_none", 404).await;
    let rotated = admin.press(&tested, "Make a new secret", &[]).await;
    crawl.look(route, rotated.assert_status(200));
    let stale = tested.form("Send a test");
    crawl.look(route, admin.press(&tested, "Switch off", &[]).await.assert_status(200));
    crawl.look(route, admin.submit(&stale).await.assert_status(409));
}

#[tokio::test]
async fn case_099_every_error_page_is_dressed() {
    let mut scene = Scene::on(Engine::Sqlite).await;
    let mut visitor = scene.house.visitor();
    for path in ["/nothing", "/admin/nothing", "/static/0/nothing.css", "/%00", "/login/..%2f", "/accept/"] {
        assert_dressed(visitor.get(path).await.assert_status(404));
    }
    for path in ["/accept", "/accept/confirm", "/reset", "/login/prove", "/login/callback", "/authorize/resume"] {
        assert_dressed(scene.house.visitor().get(path).await.assert_status(400));
    }
    for path in
        ["/authorize", "/authorize?client_id=x&redirect_uri=https://evil.example", "/v2/logout?returnTo=https://e.e"]
    {
        assert_dressed(visitor.get(path).await.assert_status(400));
    }
    for path in ["/account/ways/x/remove", "/accept/decline", "/account/connect/acme", "/admin/people/x/block"] {
        assert_dressed(visitor.get(path).await.assert_status(405));
    }
    assert_dressed(visitor.send("PUT".parse().unwrap(), "/login", &[], String::new()).await.assert_status(405));
    let own = [("content-type", "application/x-www-form-urlencoded"), ("origin", ORIGIN)];
    assert_dressed(visitor.send("POST".parse().unwrap(), "/login", &own, String::new()).await.assert_status(403));
    let form = visitor.open("/login").await.form("Log in");
    let large = format!("form_token={}&password={}", form.values["form_token"], "x".repeat(70_000));
    assert_dressed(visitor.send("POST".parse().unwrap(), "/login", &own, large).await.assert_status(413));
    assert_dressed(visitor.submit(&form.clone().without("password")).await.assert_status(400));

    let link = scene.invite("anna@example.org").await;
    accept_by_password(&mut scene.house.visitor(), &link).await;
    let blocked = scene.cellar.user("anna@example.org").await.id.to_string().replace('|', "%7C");
    scene.api.patch(&format!("/api/v2/users/{blocked}"), &json!({"blocked": true})).await.assert_status(200);
    assert_dressed(log_in(&mut visitor, "anna@example.org", PASSWORD).await.assert_status(403));
    for _ in 0..11 {
        log_in(&mut visitor, "nobody@example.org", "wrong-kettle-9").await;
    }
    assert_dressed(log_in(&mut visitor, "nobody@example.org", "wrong-kettle-9").await.assert_status(429));

    // The database is gone: a page that says so, dressed like the others.
    scene.house.app.shut_down().await;
    let broken = visitor.open("/login").await;
    assert!(broken.status.is_server_error(), "{}", broken.status);
    assert_dressed(&broken);
    broken.assert_says(if broken.status == 503 { "One moment, please" } else { "Something broke" });
}
