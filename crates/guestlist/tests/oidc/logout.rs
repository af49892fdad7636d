//! Signing out at an application's wish (case 92).

use crate::stage::{LOGGED_OUT, Pairs, Stage};
use guestlist_testkit::house::Engine;
use guestlist_testkit::on_both_engines;
use guestlist_testkit::visitor::Answer;
use std::time::Duration;

on_both_engines!(
    case_092_a_proven_wish_is_granted,
    case_092_any_other_wish_is_put_to_the_person,
    case_092_the_person_agrees,
    auth0s_older_log_out,
);

async fn log_out(stage: &mut Stage, wish: Pairs<'_>) -> Answer {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(wish).finish();
    stage.anna.get(&format!("/oidc/logout?{query}")).await
}

async fn is_signed_in(stage: &mut Stage) -> bool {
    stage.anna.open("/account").await.url.path() == "/account"
}

async fn id_token(stage: &mut Stage) -> String {
    stage.tokens(&[]).await["id_token"].as_str().unwrap().to_owned()
}

async fn case_092_a_proven_wish_is_granted(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let hint = id_token(&mut stage).await;
    let before = stage.anna.clone();
    stage.house.clock.advance(Duration::from_hours(11));
    let wish = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", LOGGED_OUT), ("state", "a&b")];
    let answer = log_out(&mut stage, &wish).await;
    assert_eq!(answer.location(), Some("https://app.example/bye?state=a%26b"), "expired, and still a proof");
    assert!(!is_signed_in(&mut stage).await);
    stage.anna = before;
    assert!(!is_signed_in(&mut stage).await, "the session is gone, not just the cookie");

    let mut stage = Stage::on(engine).await;
    let hint = id_token(&mut stage).await;
    let sid = stage.claims(&hint, &stage.app.id).await["sid"].as_str().unwrap().to_owned();
    let app = stage.app.id.clone();
    let wish = [("logout_hint", sid.as_str()), ("client_id", app.as_str()), ("post_logout_redirect_uri", LOGGED_OUT)];
    assert_eq!(log_out(&mut stage, &wish).await.location(), Some(LOGGED_OUT));
    assert!(!is_signed_in(&mut stage).await);
    // Nobody is signed in any more, so there is nothing to ask.
    assert_eq!(log_out(&mut stage, &wish).await.location(), Some(LOGGED_OUT));
}

async fn case_092_any_other_wish_is_put_to_the_person(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let hint = id_token(&mut stage).await;
    let (app, page) = (stage.app.id.clone(), stage.page.id.clone());
    let forged = format!("{}x", &hint[..hint.len() - 1]);
    let wishes: [Pairs<'_>; 6] = [
        &[],
        &[("client_id", &app), ("post_logout_redirect_uri", LOGGED_OUT)],
        &[("id_token_hint", &forged), ("client_id", &app), ("post_logout_redirect_uri", LOGGED_OUT)],
        &[("id_token_hint", &hint), ("logout_hint", "ses_other")],
        &[("id_token_hint", &hint), ("post_logout_redirect_uri", "https://evil.example/")],
        &[("id_token_hint", &hint), ("post_logout_redirect_uri", "https://app.example/bye?x=1")],
    ];
    for wish in wishes {
        let answer = log_out(&mut stage, wish).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (200, None), "{wish:?}");
        assert!(answer.offers("Log out"), "{}", answer.text());
        assert!(!answer.body.contains("evil.example"));
        assert!(is_signed_in(&mut stage).await, "{wish:?}");
    }
    let answer = log_out(&mut stage, &[("id_token_hint", &hint), ("client_id", &page)]).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (400, None));
    assert!(is_signed_in(&mut stage).await);
}

async fn case_092_the_person_agrees(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let app = stage.app.id.clone();
    let ask =
        log_out(&mut stage, &[("client_id", &app), ("post_logout_redirect_uri", LOGGED_OUT), ("state", "s")]).await;
    let away = stage.anna.press(&ask, "Log out", &[]).await;
    assert_eq!(away.location(), Some("https://app.example/bye?state=s"));
    assert!(!is_signed_in(&mut stage).await);
}

async fn auth0s_older_log_out(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let app = stage.app.id.clone();
    let mut out = async |target: String| {
        let anna = stage.anna.clone();
        let answer = stage.anna.get(&target).await;
        let is_over = !is_signed_in(&mut stage).await;
        stage.anna = anna;
        (answer.status.as_u16(), answer.location().map(str::to_owned), is_over)
    };
    let bye = || Some(LOGGED_OUT.to_owned());
    let return_to = "returnTo=https%3A%2F%2Fapp.example%2Fbye";
    assert_eq!(
        out(format!("/v2/logout?client_id={app}&{return_to}&federated&auth0Client=x")).await,
        (303, bye(), true)
    );
    // Her cookie is of a session that is over now, which changes nothing about the answers.
    assert_eq!(out(format!("/v2/logout?clientId={app}&{return_to}")).await, (303, bye(), true));
    assert_eq!(out(format!("/v2/logout?client_id={app}")).await, (303, bye(), true));
    assert_eq!(out(format!("/v2/logout?{return_to}")).await, (303, bye(), true));
    assert_eq!(out("/v2/logout".to_owned()).await, (200, None, true));
    let evil = "returnTo=https%3A%2F%2Fevil.example%2F";
    assert_eq!(out(format!("/v2/logout?client_id={app}&{evil}")).await, (400, None, true));
    assert_eq!(out(format!("/v2/logout?{evil}")).await, (400, None, true));
}
