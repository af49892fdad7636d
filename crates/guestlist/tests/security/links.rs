//! Cases 1, 11, 13 and 15: what a link looks like, what opening it does, and where it leads.

use crate::guests::{happened, invite};
use crate::raw::{self, RawAnswer, cookies_set};
use crate::scene::{ANNA, BOB, PASSWORD, Scene, accept_by_password, assert_in};
use axum::http::Method;
use data_encoding::BASE64URL_NOPAD;
use guestlist_domain::secret::Purpose;
use guestlist_testkit::house::{Engine, ORIGIN};
use guestlist_testkit::on_both_engines;
use guestlist_testkit::visitor::{Answer, Form, Visitor};
use serde_json::{Value, json};
use std::collections::BTreeSet;

on_both_engines!(
    case_001_links_have_no_structure,
    case_001_every_altered_link_gets_the_same_page,
    case_011_a_scanner_changes_nothing,
    case_013_the_secret_leaves_the_address,
    case_013_nothing_of_the_way_in_is_kept_or_fetched_elsewhere,
    case_015_no_header_of_a_request_gets_into_a_link,
    case_015_no_header_of_a_guest_gets_into_a_link,
);

/// The random bits of a link.
fn bits_of(link: &str) -> [u8; 32] {
    let secret = link.strip_prefix("https://id.example.org/i/gl_inv_").unwrap_or_else(|| panic!("the form of {link}"));
    BASE64URL_NOPAD.decode(secret.as_bytes()).expect("base64url").try_into().expect("256 bits")
}

fn distance(one: &[u8; 32], other: &[u8; 32]) -> u32 {
    one.iter().zip(other).map(|(one, other)| (one ^ other).count_ones()).sum()
}

const INVITED: usize = 300;
const LINKS: usize = 10_000;

async fn case_001_links_have_no_structure(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    for number in 0..INVITED {
        let guest = json!({"email": format!("guest{number}@example.org")});
        scene.api.post("/api/v2/invitations", &guest).await.assert_status(201);
    }
    let mails = scene.house.mails().await;
    let mut links: Vec<[u8; 32]> = mails.iter().map(|mail| bits_of(mail.link("/i/").as_str())).collect();
    assert_eq!(links.len(), INVITED);
    // The others come from where those came from.
    let minted = || scene.house.app.entropy().secret(Purpose::Invitation);
    links.extend((INVITED..LINKS).map(|_| bits_of(&format!("{ORIGIN}/i/{}", minted().expose()))));

    // No counter and no clock: neighbours, made in the same instant, are as far apart as strangers. 128 of 256 bits
    // differ on average, with a deviation of 8.
    for pair in links.windows(2) {
        assert!((64..=192).contains(&distance(&pair[0], &pair[1])));
    }
    // No bit is fixed or leans to one side: 5,000 of 10,000 are set on average, with a deviation of 50.
    for bit in 0..256 {
        let set = links.iter().filter(|link| link[bit / 8] >> (bit % 8) & 1 == 1).count();
        assert!((4_650..=5_350).contains(&set), "bit {bit} is set in {set} of {LINKS}");
    }
    // No two begin alike: two neighbours in order share at most the bits that chance gives them.
    let sorted: BTreeSet<[u8; 32]> = links.iter().copied().collect();
    assert_eq!(sorted.len(), LINKS, "no two are the same");
    let sorted: Vec<_> = sorted.into_iter().collect();
    assert!(sorted.windows(2).all(|pair| pair[0][..8] != pair[1][..8]));
}

/// Links that differ from a good one by a little.
fn altered(link: &str) -> Vec<String> {
    let secret = link.strip_prefix("https://id.example.org/i/").unwrap();
    let at = |secret: &str| format!("/i/{secret}");
    let bits = bits_of(link);
    let flipped = (0..256).map(|bit| {
        let mut bits = bits;
        bits[bit / 8] ^= 1 << (bit % 8);
        at(&format!("gl_inv_{}", BASE64URL_NOPAD.encode(&bits)))
    });
    let replaced = (0..secret.len()).map(|place| {
        let mut text = secret.as_bytes().to_vec();
        text[place] = if text[place] == b'x' { b'y' } else { b'x' };
        at(&String::from_utf8(text).unwrap())
    });
    let body = secret.strip_prefix("gl_inv_").unwrap();
    let others = [
        at(body),
        at(&format!("gl_rst_{body}")),
        at(&format!("GL_INV_{body}")),
        at(&secret.to_ascii_lowercase()),
        at(&secret[..secret.len() - 1]),
        at(&format!("{secret}A")),
        at(&format!("{secret}=")),
        at(&format!("{secret}%00")),
        at(&format!("%20{secret}")),
        at("gl_inv_"),
    ];
    flipped.chain(replaced).chain(others).collect()
}

async fn case_001_every_altered_link_gets_the_same_page(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let anna = invite(&mut scene, ANNA).await;
    happened(&scene).await;
    let before = scene.contents().await;
    let made_up = format!("/i/gl_inv_{}", "A".repeat(43));
    let known = scene.house.visitor().open(&made_up).await;
    known.assert_status(404).assert_says("This link does not work");
    for link in altered(&anna.link) {
        let mut visitor = scene.house.visitor();
        let answer = visitor.open(&link).await;
        assert_eq!((answer.status, &answer.body), (known.status, &known.body), "{link}");
        assert_eq!(names_of(&answer), names_of(&known), "{link}");
        assert_eq!(visitor.cookie("session"), None);
    }
    scene.assert_same(&before, &[]).await;
    assert!(happened(&scene).await.is_empty());
    accept_by_password(&mut scene.house.visitor(), &anna.link).await;
}

/// The names of an answer's headers, with the values of those that do not differ from request to request.
fn names_of(answer: &Answer) -> Vec<String> {
    let differs = |name: &str| ["x-request-id", "set-cookie"].contains(&name);
    let told = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        if differs(name.as_str()) { name.to_string() } else { format!("{name}: {value:?}") }
    };
    answer.headers.iter().map(told).collect()
}

/// What scanners, previews and prefetchers send.
const SCANS: &[(Method, &[(&str, &str)])] = &[
    (Method::GET, &[]),
    (Method::GET, &[("sec-purpose", "prefetch;prerender"), ("purpose", "prefetch")]),
    (Method::GET, &[("x-moz", "prefetch"), ("user-agent", "Slackbot-LinkExpanding 1.0")]),
    (Method::HEAD, &[]),
    (Method::OPTIONS, &[]),
];

async fn case_011_a_scanner_changes_nothing(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let anna = invite(&mut scene, ANNA).await;
    happened(&scene).await;
    let before = scene.contents().await;
    // A scanner that keeps the cookie gets as far as a person without a mouse.
    let mut follower = scene.house.visitor();
    follower.open(&anna.link).await;
    let behind =
        ["/accept", "/accept/confirm", "/accept/decline", "/accept/renew", "/accept/with/acme", "/login/prove"];
    for _ in 0..20 {
        for (method, headers) in SCANS {
            let answer = scene.house.visitor().send(method.clone(), &anna.link, headers, String::new()).await;
            assert_harmless(&answer);
            for path in behind {
                assert_harmless(&follower.send(method.clone(), path, headers, String::new()).await);
            }
        }
    }
    assert_eq!(follower.cookie("session"), None);
    scene.assert_same(&before, &[]).await;
    assert!(happened(&scene).await.is_empty());
    assert!(scene.house.mails().await.is_empty());
    accept_by_password(&mut scene.house.visitor(), &anna.link).await;
    assert_eq!(happened(&scene).await, ["invitation.accepted", "login.succeeded"]);
}

#[track_caller]
fn assert_harmless(answer: &Answer) {
    assert!(!answer.status.is_server_error(), "{}: {}", answer.url, answer.status);
    let set = cookies_set(&answer.headers);
    assert!(!set.iter().any(|name| name.contains("session")), "{} sets {set:?}", answer.url);
}

async fn case_013_the_secret_leaves_the_address(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let anna = invite(&mut scene, ANNA).await;
    let secret = anna.link.rsplit('/').next().unwrap().to_owned();
    let mut visitor = scene.house.visitor();
    let moved = visitor.get(&anna.link).await;
    assert_eq!((moved.status.as_u16(), moved.location()), (303, Some("/accept")));
    assert_private(&moved);
    assert_eq!(cookies_set(&moved.headers), ["__Host-guestlist_invitation"]);
    let line = moved.header("set-cookie").unwrap();
    assert!(line.contains("HttpOnly") && line.contains("Secure") && line.contains("SameSite=Lax"), "{line}");
    // Not even the cookie and the page say it: a page's source and a browser's store tell nobody a good link.
    assert!(!line.contains(&secret) && !line.contains(&secret[7..]), "{line}");
    let page = visitor.follow(moved).await;
    assert_eq!(page.url.as_str(), "https://id.example.org/accept");
    assert!(!page.body.contains(&secret[7..]));
    assert_private(&page);
}

/// Kept by no cache, told to nobody.
#[track_caller]
fn assert_private(answer: &Answer) {
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", answer.url);
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{}", answer.url);
}

async fn case_013_nothing_of_the_way_in_is_kept_or_fetched_elsewhere(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let terms = json!({"email": ANNA, "message": "See https://evil.example/ <img src=//evil.example/a.png>",
        "inviter": {"name": "<script src=https://evil.example/x.js></script>"}});
    let anna = crate::guests::invite_on(&mut scene, &terms).await;
    let mut visitor = scene.house.visitor();
    let page = visitor.open(&anna.link).await;
    let weak = visitor.submit(&page.form("Set password").with("password", "short")).await;
    let account = visitor.press(&page, "Set password", &[("password", PASSWORD)]).await;
    assert_in(&account);
    let dead = scene.house.visitor().open(&anna.link).await;
    let unknown = scene.house.visitor().open("/i/gl_inv_nothing").await;
    let back = visitor.get("/accept").await;
    for page in [page, weak, account, dead, unknown, back] {
        assert_private(&page);
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self'; img-src 'self' data:;"), "{policy}");
        assert!(!policy.contains("script-src") && !policy.contains("unsafe"), "{policy}");
        for address in addresses_in(&page.body) {
            let is_ours = address.starts_with('/') && !address.starts_with("//") || address == "data:,";
            assert!(is_ours, "{} fetches or leads to {address}", page.url);
        }
    }
}

/// Every address that a page fetches, or leads to.
fn addresses_in(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    // What stands between tags is text, however much of it looks like an attribute.
    let html = html.replace("&#x2f;", "/");
    for tag in html.split('<').filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag) {
        for attribute in ["src", "href", "action", "formaction", "srcset", "poster", "data", "background"] {
            for rest in tag.split(&format!(" {attribute}=")).skip(1) {
                let value = rest.trim_start_matches(['"', '\'']);
                found.push(value.split(['"', '\'', ' ']).next().unwrap_or_default().to_owned());
            }
        }
    }
    assert!(found.iter().any(|address| address.contains("/style.css")), "the reader of addresses finds the stylesheet");
    assert!(["@import", "<script", "http-equiv", "style="].iter().all(|odd| !html.contains(odd)), "{html}");
    found
}

/// Where a request says that it was sent: the origin in its target, if there is one, and headers.
type Lie = (&'static str, Vec<(&'static str, &'static str)>);

fn lies() -> Vec<Lie> {
    let own = ("host", "id.example.org");
    vec![
        ("", vec![("host", "evil.example")]),
        ("", vec![("host", "evil.example:443")]),
        ("", vec![("host", "id.example.org@evil.example")]),
        ("", vec![own, ("host", "evil.example")]),
        ("", vec![]),
        ("", vec![own, ("x-forwarded-host", "evil.example")]),
        ("", vec![own, ("x-forwarded-proto", "http"), ("x-forwarded-port", "8080")]),
        ("", vec![own, ("forwarded", "for=1.2.3.4;host=evil.example;proto=http")]),
        ("", vec![own, ("x-original-host", "evil.example"), ("x-host", "evil.example")]),
        ("", vec![own, ("x-original-url", "https://evil.example/"), ("x-rewrite-url", "https://evil.example/")]),
        ("", vec![own, ("x-forwarded-server", "evil.example"), ("x-http-host-override", "evil.example")]),
        ("", vec![own, ("origin", "https://evil.example"), ("referer", "https://evil.example/")]),
        ("https://evil.example", vec![own]),
        ("http://evil.example", vec![("host", "evil.example"), ("x-forwarded-host", "evil.example")]),
    ]
}

/// A call of the Management API that lies about where it was sent to.
async fn call(scene: &Scene, lie: &Lie, path: &str, body: &Value) -> RawAnswer {
    let bearer = format!("Bearer {}", scene.api.token);
    let mut headers: Vec<(&str, &str)> = lie.1.clone();
    headers.extend([("authorization", bearer.as_str()), ("content-type", "application/json")]);
    raw::send(&scene.house.router, raw::request("POST", &format!("{}{path}", lie.0), &headers, body.to_string())).await
}

#[track_caller]
fn assert_ours(answer: &RawAnswer) -> Value {
    assert!(answer.status.is_success(), "{}", answer.everything());
    assert!(!answer.everything().contains("evil"), "{}", answer.everything());
    serde_json::from_str(&answer.body).unwrap_or_default()
}

/// The one mail that is under way leads to the house, in text and in HTML.
async fn assert_mail_is_ours(scene: &Scene, path: &str) {
    let mail = scene.house.mail().await;
    assert!(mail.link(path).as_str().starts_with(&format!("{ORIGIN}{path}")), "{}", mail.text);
    assert!(mail.links().iter().all(|link| link.as_str().starts_with(ORIGIN)), "{}", mail.text);
    assert!(mail.html.contains(&format!("{ORIGIN}{path}")) && !mail.html.contains("evil"), "{}", mail.html);
    assert!(mail.message_id.ends_with("@id.example.org") && mail.from == ["guestlist@example.org"]);
}

async fn case_015_no_header_of_a_request_gets_into_a_link(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let bob = scene.guest(BOB).await;
    drop(bob);
    let bob = scene.cellar.user(BOB).await.id;
    for (number, lie) in lies().iter().enumerate() {
        let email = format!("guest{number}@example.org");
        let made = assert_ours(&call(&scene, lie, "/api/v2/invitations", &json!({"email": email})).await);
        assert_mail_is_ours(&scene, "/i/").await;
        let id = made["id"].as_str().unwrap();
        assert_ours(&call(&scene, lie, &format!("/api/v2/invitations/{id}/resend"), &json!({})).await);
        assert_mail_is_ours(&scene, "/i/").await;
        let email = format!("handed{number}@example.org");
        let handed = json!({"email": email, "send_email": false});
        let handed = assert_ours(&call(&scene, lie, "/api/v2/invitations", &handed).await);
        assert!(handed["invitation_url"].as_str().unwrap().starts_with(&format!("{ORIGIN}/i/gl_inv_")));
        for (user, path) in [(made["user_id"].clone(), "/i/gl_inv_"), (json!(bob), "/reset/gl_rst_")] {
            let ticket = json!({"user_id": user});
            let ticket = assert_ours(&call(&scene, lie, "/api/v2/tickets/password-change", &ticket).await);
            assert!(ticket["ticket"].as_str().unwrap().starts_with(&format!("{ORIGIN}{path}")), "{ticket}");
        }
        let discovery = raw::request("GET", &format!("{}/.well-known/openid-configuration", lie.0), &lie.1, "");
        let discovery = assert_ours(&raw::send(&scene.house.router, discovery).await);
        assert_eq!(discovery["issuer"], json!(format!("{ORIGIN}/")));
    }
}

/// A press on a button, under a lie.
async fn press_under(scene: &Scene, visitor: &Visitor, form: &Form, lie: &Lie) -> RawAnswer {
    let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&form.values).finish();
    let cookies = raw::cookie_line(visitor);
    let mut headers: Vec<(&str, &str)> = lie.1.iter().filter(|(name, _)| *name != "origin").copied().collect();
    let form_type = "application/x-www-form-urlencoded";
    headers.extend([("content-type", form_type), ("cookie", cookies.as_str()), ("sec-fetch-site", "same-origin")]);
    let target = format!("{}{}", lie.0, form.action.path());
    raw::send(&scene.house.router, raw::request("POST", &target, &headers, body)).await
}

async fn case_015_no_header_of_a_guest_gets_into_a_link(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    for (number, lie) in lies().iter().enumerate() {
        // A forgotten password, and a link that has run out and mails its successor.
        let email = format!("guest{number}@example.org");
        scene.guest(&email).await;
        let mut visitor = scene.house.visitor();
        let form = visitor.open("/forgot").await.form("Send the link").with("email", &email);
        assert_ours(&press_under(&scene, &visitor, &form, lie).await);
        assert_mail_is_ours(&scene, "/reset/").await;

        let late = invite(&mut scene, &format!("late{number}@example.org")).await;
        late.resend(&mut scene).await;
        let form = visitor.open(&late.link).await.form("Send me a new link");
        assert_ours(&press_under(&scene, &visitor, &form, lie).await);
        assert_mail_is_ours(&scene, "/i/").await;

        // Opening a link sends the browser nowhere else either.
        let path = late.link.strip_prefix(ORIGIN).unwrap();
        let opened = raw::request("GET", &format!("{}{path}", lie.0), &lie.1, "");
        let opened = raw::send(&scene.house.router, opened).await;
        assert_eq!(opened.headers.get("location").unwrap(), "/accept");
        assert!(!opened.everything().contains("evil"));
    }
}
