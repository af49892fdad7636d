//! Case 96: cookies, as they are set and as they come back forged, edited, old or in another's place.

use crate::scene::{ANNA, PASSWORD, Scene, assert_in, assert_out, leave, log_in};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use guestlist_testkit::house::Engine;
use guestlist_testkit::on_both_engines;
use guestlist_testkit::provider::Account;
use guestlist_testkit::visitor::{Answer, Visitor};
use std::collections::BTreeMap;

on_both_engines!(
    case_096_every_cookie_is_bound_to_the_host_and_hidden_from_scripts,
    case_096_the_database_knows_a_session_by_its_digest,
    case_096_an_edited_or_invented_session_is_nobodys,
    case_096_an_old_session_stays_over,
    case_096_a_cookie_of_another_purpose_is_worth_nothing,
    case_096_a_session_that_is_there_before_the_sign_in_is_not_kept,
);

const SESSION: &str = "__Host-guestlist_session";
const BROWSER: &str = "__Host-guestlist_browser";
const INVITATION: &str = "__Host-guestlist_invitation";
const RESET: &str = "__Host-guestlist_reset";

/// The attributes of every cookie that an answer sets, by name.
fn set_by(answer: &Answer) -> BTreeMap<String, String> {
    let lines = answer.headers.get_all("set-cookie").into_iter().map(|line| line.to_str().unwrap());
    lines
        .map(|line| {
            let (pair, attributes) = line.split_once("; ").unwrap();
            (pair.split_once('=').unwrap().0.to_owned(), attributes.to_owned())
        })
        .collect()
}

async fn case_096_every_cookie_is_bound_to_the_host_and_hidden_from_scripts(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let link = scene.invite(ANNA).await;
    let mut anna = scene.house.visitor();
    let mut answers = vec![anna.get(&link).await, anna.get("/accept").await];
    let page = anna.open("/accept").await;
    answers.push(anna.submit(&page.form("Set password").with("password", PASSWORD)).await);
    scene.house.mails().await;
    let account = anna.open("/account").await;
    answers.push(anna.submit(&account.form("Log out")).await);
    let forgot = anna.open("/forgot").await;
    anna.press(&forgot, "Send the link", &[("email", ANNA)]).await;
    answers.push(anna.get(scene.house.mail().await.link("/reset/").as_str()).await);
    let page = anna.open("/reset").await;
    answers.push(anna.submit(&page.form("Set password").with("password", "orchid-lantern-7")).await);
    let login = scene.house.visitor().open("/login").await;
    answers.push(login);

    let mut seen = BTreeMap::new();
    for answer in &answers {
        for (name, attributes) in set_by(answer) {
            let words: Vec<&str> = attributes.split("; ").collect();
            for wanted in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
                assert!(words.contains(&wanted), "{name} at {} without {wanted}: {attributes}", answer.url);
            }
            assert!(!attributes.contains("Domain"), "{name}: {attributes}");
            let ages: Vec<&&str> = words.iter().filter(|word| word.starts_with("Max-Age=")).collect();
            assert!(ages.len() <= 1 && words.len() == 4 + ages.len(), "{name}: {attributes}");
            let kept = ages.first().is_some_and(|age| **age != "Max-Age=0");
            *seen.entry(name).or_insert(false) |= kept;
        }
    }
    let expected = [(BROWSER, false), (INVITATION, true), (RESET, true), (SESSION, true)];
    assert_eq!(
        seen,
        expected.map(|(name, kept)| (name.to_owned(), kept)).into(),
        "which there are, and which are kept"
    );
}

async fn case_096_the_database_knows_a_session_by_its_digest(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let anna = scene.guest(ANNA).await;
    let other = scene.guest("bob@example.org").await;
    let all = format!("{:?}", scene.contents().await);
    for visitor in [&anna, &other] {
        for (cookie, prefix) in [("guestlist_session", "gl_ses_"), ("guestlist_browser", "gl_brw_")] {
            let secret = visitor.cookie(cookie).unwrap();
            let body = secret.strip_prefix(prefix).unwrap();
            let bytes = BASE64URL_NOPAD.decode(body.as_bytes()).unwrap();
            assert_eq!(bytes.len(), 32, "256 bits");
            for form in
                [secret.to_owned(), body.to_owned(), HEXLOWER.encode(&bytes), HEXLOWER.encode(secret.as_bytes())]
            {
                assert!(!all.contains(&form), "{cookie} can be read in the database");
            }
        }
    }
    assert_ne!(anna.cookie("guestlist_session"), other.cookie("guestlist_session"));
}

/// Somebody with that session cookie alone.
fn claiming(scene: &Scene, session: &str) -> Visitor {
    let mut visitor = scene.house.visitor();
    visitor.set_cookie(SESSION, session);
    visitor
}

async fn case_096_an_edited_or_invented_session_is_nobodys(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let anna = scene.guest(ANNA).await;
    let session = anna.cookie("guestlist_session").unwrap().to_owned();
    assert_eq!(claiming(&scene, &session).get("/account").await.status, 200);
    let user = scene.cellar.user(ANNA).await;
    let id = scene.contents().await["sessions"][0].split(" | ").next().unwrap().to_owned();
    let before = scene.contents().await;
    // One character of each of its places is another one.
    for at in "gl_ses_".len()..session.len() {
        let mut edited = session.clone();
        let other = if &session[at..=at] == "A" { "B" } else { "A" };
        edited.replace_range(at..=at, other);
        assert_out(&mut claiming(&scene, &edited)).await;
    }
    let invented = [
        String::new(),
        user.id.to_string(),
        ANNA.to_owned(),
        id,
        format!("{session}A"),
        session[..session.len() - 1].to_owned(),
        session.replace("gl_ses_", ""),
        session.to_uppercase(),
        format!("gl_ses_{}", "A".repeat(43)),
        format!("\"{session}\""),
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhdXRoMHwxIn0.".to_owned(),
    ];
    for session in invented {
        assert_out(&mut claiming(&scene, &session)).await;
    }
    // Over https, a cookie without the prefix is a neighbour's.
    let mut neighbour = scene.house.visitor();
    neighbour.set_cookie("guestlist_session", &session);
    assert_out(&mut neighbour).await;
    scene.assert_same(&before, &[]).await;
}

async fn case_096_an_old_session_stays_over(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = scene.guest(ANNA).await;
    let of_the_acceptance = anna.cookie("guestlist_session").unwrap().to_owned();
    let page = anna.open("/account").await;
    anna.press(&page, "Log out", &[]).await;
    assert!(anna.cookie("guestlist_session").is_none());
    assert_out(&mut claiming(&scene, &of_the_acceptance)).await;

    // A new sign-in in the same browser, and a new password, end what was before.
    assert_in(&log_in(&mut anna, ANNA, PASSWORD).await);
    let before_the_change = anna.cookie("guestlist_session").unwrap().to_owned();
    let page = anna.open("/account").await;
    let fields = [("current_password", PASSWORD), ("password", "orchid-lantern-7")];
    assert_in(&anna.press(&page, "Change password", &fields).await);
    assert_ne!(anna.cookie("guestlist_session"), Some(before_the_change.as_str()));
    assert_out(&mut claiming(&scene, &before_the_change)).await;
    assert_in(&anna.open("/account").await);
    let before_the_proof = anna.cookie("guestlist_session").unwrap().to_owned();
    let fresh = anna.open("/account/fresh").await;
    assert_in(&anna.press(&fresh, "Log in", &[("password", "orchid-lantern-7")]).await);
    assert_out(&mut claiming(&scene, &before_the_proof)).await;

    // And so does time: three days unused, or seven days whatever happens.
    let mut idle = anna.clone();
    scene.house.clock.advance(guestlist_domain::session::IDLE_LIFETIME);
    assert_out(&mut idle).await;
}

async fn case_096_a_cookie_of_another_purpose_is_worth_nothing(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let anna = scene.guest(ANNA).await;
    let link = scene.invite("carol@example.org").await;
    let token = link.rsplit('/').next().unwrap().to_owned();
    let mut carol = scene.house.visitor();
    carol.open(&link).await;
    let (session, browser) =
        (anna.cookie("guestlist_session").unwrap().to_owned(), anna.cookie("guestlist_browser").unwrap().to_owned());
    let sealed = carol.cookie("guestlist_invitation").unwrap().to_owned();
    assert!(!sealed.contains(&token) && !sealed.contains("gl_inv_"), "the link is sealed in its cookie");
    let form_token = carol.open("/accept").await.form("Set password").values["form_token"].clone();
    let before = scene.contents().await;
    for other in [&browser, &sealed, &token, &form_token, &session.replace("gl_ses_", "gl_brw_")] {
        assert_out(&mut claiming(&scene, other)).await;
    }
    // In place of an invitation or a reset: none of them is looked up, and nothing is offered.
    for (cookie, path) in [(INVITATION, "/accept"), (RESET, "/reset")] {
        let edited = format!("{}A{}", &sealed[..20], &sealed[21..]);
        let mut others = vec![session.clone(), browser.clone(), token.clone(), edited];
        others.extend((cookie == RESET).then(|| sealed.clone()));
        for other in others {
            let mut visitor = scene.house.visitor();
            visitor.set_cookie(cookie, &other);
            let page = visitor.open(path).await;
            page.assert_status(400).assert_says("Please start again");
        }
    }
    // In place of the browser: a trip that another browser began is not continued.
    let mut thief = scene.house.visitor();
    thief.set_cookie(BROWSER, &session);
    thief.set_cookie(INVITATION, &sealed);
    let form = carol.open("/accept").await.form("Set password").with("password", PASSWORD);
    thief.submit(&form).await.assert_status(403);
    scene.assert_same(&before, &[]).await;
}

async fn case_096_a_session_that_is_there_before_the_sign_in_is_not_kept(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mallory = scene.guest("mallory@evil.example").await;
    let planted = mallory.cookie("guestlist_session").unwrap().to_owned();
    scene.guest(ANNA).await;
    // Mallory plants a session of his own in Anna's browser; a sign-in ends it and begins another.
    let mut anna = claiming(&scene, &planted);
    let login = scene.house.visitor().open("/login").await;
    assert!(login.offers("Log in"));
    let page = anna.open("/account/fresh").await;
    page.assert_says("Please log in once more");
    let away = {
        let account = anna.open("/account").await;
        leave(&mut anna, &account, "Connect Acme").await
    };
    let page = anna.open("/account").await;
    anna.press(&page, "Log out", &[]).await;
    assert_in(&log_in(&mut anna, ANNA, PASSWORD).await);
    assert_ne!(anna.cookie("guestlist_session"), Some(planted.as_str()));
    assert_out(&mut claiming(&scene, &planted)).await;
    // What was begun in the planted session links Anna's identity to nobody.
    anna.open(&scene.acme.send_back(&away, &Account::new("anna-at-acme", ANNA))).await.assert_status(400);
    assert!(scene.subjects("mallory@evil.example").await.is_empty() && scene.subjects(ANNA).await.is_empty());
}
