//! The seed flow on the wire, numbered as in section 4 of the contract: a program makes a user, a link goes out, the
//! person sets a password or continues with a provider, and every way in reaches the same user from then on.

use axum::http::Method;
use guestlist_testkit::house::{Api, Engine, House, ORIGIN, continue_with};
use guestlist_testkit::on_both_engines;
use guestlist_testkit::provider::{Account, Provider};
use guestlist_testkit::visitor::{Answer, Visitor};
use serde_json::{Value, json};

on_both_engines!(
    step_5a_by_password,
    step_5b_by_provider,
    step_8_strangers_are_refused_everywhere,
    step_10_one_of_two_browsers_wins,
    step_10_a_deleted_user_has_no_ticket,
    step_10_a_password_set_by_the_api_kills_the_ticket_of_an_active_user,
    step_10_a_repeated_creation_is_found,
);

const EMAIL: &str = "anna@example.org";
const PASSWORD: &str = "kettle-orbit-9";
const APPLICATION: &str = "https://app.example";

/// A house with an application, Acme enabled for it, and a backend (step 1).
struct Stage {
    house: House,
    api: Api,
    provider: Provider,
    client: String,
}

async fn stage(engine: Engine) -> Stage {
    let house = House::on(engine).await;
    let (mut api, provider) = (house.api().await, house.provider().await);
    let application = json!({"name": "Calendar", "callbacks": [format!("{APPLICATION}/callback")],
        "initiate_login_uri": format!("{APPLICATION}/login")});
    let client = api.post("/api/v2/clients", &application).await.json()["client_id"].as_str().unwrap().to_owned();
    Stage { house, api, provider, client }
}

impl Stage {
    /// Step 2.
    async fn create(&mut self) -> Answer {
        let body = json!({"connection": "Username-Password-Authentication", "email": EMAIL, "email_verified": false,
            "password": "random-1f8e7d6c5b4a", "verify_email": false, "app_metadata": {"invited": true}});
        self.api.post("/api/v2/users", &body).await
    }

    /// Step 3a.
    async fn ticket(&mut self, user: &str) -> String {
        let body = json!({"user_id": user, "client_id": self.client, "ttl_sec": 3600, "mark_email_as_verified": true});
        let answer = self.api.post("/api/v2/tickets/password-change", &body).await;
        answer.assert_status(201);
        answer.json()["ticket"].as_str().unwrap().to_owned()
    }

    /// Steps 2 to 4: the user's id, the ticket, and the page behind it in a browser.
    async fn until_the_page(&mut self) -> (String, String, Visitor, Answer) {
        let created = self.create().await;
        created.assert_status(201);
        let user = created.json()["user_id"].as_str().unwrap().to_owned();
        assert!(user.starts_with("auth0|"));
        assert!(self.house.mails().await.is_empty(), "step 2: zero mails");
        let link = self.ticket(&user).await;
        assert!(self.house.mails().await.is_empty(), "step 3a: the caller mails");
        let mut anna = self.house.visitor();
        for _ in 0..2 {
            self.house.visitor().send(Method::HEAD, &link, &[], String::new()).await;
            anna.open(&link).await;
        }
        let page = anna.open(&link).await;
        page.assert_status(200);
        assert!(page.body.contains(&format!("value=\"{EMAIL}\"")), "step 4: the address, read-only");
        assert!(page.offers("Set password") && page.offers("Continue with Acme"), "step 4: {}", page.text());
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
        assert!(!page.body.contains("src=\"http"), "step 4: nothing from elsewhere");
        (user, link, anna, page)
    }

    async fn users(&mut self) -> Value {
        self.api.get("/api/v2/users-by-email?email=anna%40example.org").await.json()
    }

    /// Step 7: the subject behind a sign-in.
    async fn subject(&mut self, visitor: &mut Visitor) -> String {
        assert_eq!(visitor.open("/account").await.url.path(), "/account");
        let users = self.users().await;
        assert_eq!(users.as_array().unwrap().len(), 1, "step 7: exactly one user");
        users[0]["user_id"].as_str().unwrap().to_owned()
    }

    async fn signed_in_by_password(&self) -> Option<Visitor> {
        let mut visitor = self.house.visitor();
        let login = visitor.open("/login").await;
        let done = visitor.press(&login, "Log in", &[("email", EMAIL), ("password", PASSWORD)]).await;
        (done.url.path() == "/account").then_some(visitor)
    }

    async fn signed_in_by_acme(&self, account: &Account) -> Option<Visitor> {
        let mut visitor = self.house.visitor();
        let login = visitor.open("/login").await;
        let done = continue_with(&mut visitor, &login, &self.provider, account).await;
        (done.url.path() == "/account").then_some(visitor)
    }
}

/// Where an accepted guest is sent: the application's own log-in route, told by whom.
fn assert_landed(answer: &Answer) {
    let to = answer.location().unwrap_or_default();
    assert!(to.starts_with(&format!("{APPLICATION}/login?iss=")), "{to}: {} {}", answer.status, answer.text());
}

async fn step_5a_by_password(engine: Engine) {
    let mut stage = stage(engine).await;
    let (user, link, mut anna, page) = stage.until_the_page().await;
    let weak = anna.press(&page, "Set password", &[("password", "12345678")]).await;
    weak.assert_says("too easy to guess");
    let done = anna.press(&weak, "Set password", &[("password", PASSWORD)]).await;
    assert_landed(&done);
    assert!(!stage.house.visitor().open(&link).await.offers("Set password"), "the ticket is dead");
    assert_eq!(stage.users().await[0]["email_verified"], json!(true), "mark_email_as_verified");
    assert_eq!(stage.users().await[0]["app_metadata"], json!({"invited": true}));

    let account = anna.open("/account").await;
    let away = anna.submit(&account.form("Connect Acme")).await;
    let at_acme = Account::new("anna-at-acme", "anna@work.example");
    anna.open(&stage.provider.send_back(away.location().unwrap(), &at_acme)).await;
    assert_eq!(stage.users().await[0]["identities"].as_array().unwrap().len(), 2, "step 7: two identities");
    let mut by_password = stage.signed_in_by_password().await.unwrap();
    assert_eq!(stage.subject(&mut by_password).await, user);
    let mut by_acme = stage.signed_in_by_acme(&at_acme).await.unwrap();
    assert_eq!(stage.subject(&mut by_acme).await, user);
}

async fn step_5b_by_provider(engine: Engine) {
    let mut stage = stage(engine).await;
    let (user, _, mut anna, page) = stage.until_the_page().await;
    let other = Account::new("anna-at-acme", "anna@work.example");
    let question = continue_with(&mut anna, &page, &stage.provider, &other).await;
    question.assert_says("anna@work.example").assert_says(EMAIL);
    let page = anna.open("/accept").await;
    assert!(page.offers("Continue with Acme"), "the ticket survives the question");
    let same = Account::new("anna-at-acme", EMAIL);
    let done = continue_with(&mut anna, &page, &stage.provider, &same).await;
    assert_landed(&done);
    let users = stage.users().await;
    assert_eq!(users.as_array().unwrap().len(), 1, "no second user, ever");
    let identities = users[0]["identities"].as_array().unwrap();
    assert_eq!(identities[0]["provider"], json!("auth0"), "the primary one, so that the subject is stable");
    assert_eq!(identities[1]["user_id"], json!("acme|anna-at-acme"));
    let mut later = stage.signed_in_by_acme(&same).await.unwrap();
    assert_eq!(stage.subject(&mut later).await, user);
    let mut visitor = stage.house.visitor();
    let login = visitor.open("/login").await;
    let random = visitor.press(&login, "Log in", &[("email", EMAIL), ("password", "random-1f8e7d6c5b4a")]).await;
    assert_ne!(random.url.path(), "/account", "the random password is unusable");
}

async fn step_8_strangers_are_refused_everywhere(engine: Engine) {
    let mut stage = stage(engine).await;
    let stranger = Account::new("stranger", "stranger@example.org");
    let mut visitor = stage.house.visitor();
    let signup =
        json!({"client_id": stage.client, "email": "stranger@example.org", "password": PASSWORD, "connection": "x"});
    let refused = visitor.post_json("/dbconnections/signup", None, &signup).await;
    refused.assert_status(400);
    assert_eq!(refused.json()["error"], json!("public signup is disabled"));
    assert!(stage.signed_in_by_acme(&stranger).await.is_none());
    let reset = json!({"client_id": stage.client, "email": "stranger@example.org", "connection": "x"});
    visitor.post_json("/dbconnections/change_password", None, &reset).await.assert_status(200);
    let query = format!(
        "response_type=code&client_id={}&redirect_uri={APPLICATION}%2Fcallback&scope=openid&state=s\
        &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256",
        stage.client
    );
    let hinted = visitor.open(&format!("/authorize?{query}&screen_hint=signup")).await;
    assert!(!hinted.offers("Sign up"), "{}", hinted.text());
    let refused = continue_with(&mut visitor, &hinted, &stage.provider, &stranger).await;
    refused.assert_says("not on the list");
    for gone in ["/signup", "/register", "/u/signup", "/oidc/register"] {
        visitor.open(gone).await.assert_status(404);
    }
    assert!(stage.house.mails().await.is_empty(), "nobody was mailed");
    assert_eq!(stage.api.get("/api/v2/users").await.json(), json!([]), "no user row came of it");
}

async fn step_10_one_of_two_browsers_wins(engine: Engine) {
    let mut stage = stage(engine).await;
    let (_, link, mut one, first) = stage.until_the_page().await;
    let mut other = stage.house.visitor();
    let second = other.open(&link).await;
    let first = first.form("Set password").with("password", "kettle-orbit-one");
    let second = second.form("Set password").with("password", "kettle-orbit-two");
    let (by_one, by_other) = tokio::join!(one.submit(&first), other.submit(&second));
    let landed = |answer: &Answer| answer.location().is_some_and(|to| to.starts_with(APPLICATION));
    assert_eq!(usize::from(landed(&by_one)) + usize::from(landed(&by_other)), 1, "one wins");
    let users = stage.users().await;
    assert_eq!((users.as_array().unwrap().len(), &users[0]["logins_count"]), (1, &json!(1)));
}

async fn step_10_a_deleted_user_has_no_ticket(engine: Engine) {
    let mut stage = stage(engine).await;
    let (user, link, mut anna, page) = stage.until_the_page().await;
    stage.api.delete(&format!("/api/v2/users/{}", user.replace('|', "%7C"))).await.assert_status(204);
    let refused = anna.submit(&page.form("Set password").with("password", PASSWORD)).await;
    assert!(!refused.location().is_some_and(|to| to.starts_with(APPLICATION)));
    assert!(!stage.house.visitor().open(&link).await.offers("Set password"));
    assert_eq!(stage.users().await, json!([]));
    assert!(stage.signed_in_by_password().await.is_none());
}

async fn step_10_a_password_set_by_the_api_kills_the_ticket_of_an_active_user(engine: Engine) {
    let mut stage = stage(engine).await;
    let (user, _, mut anna, page) = stage.until_the_page().await;
    assert_landed(&anna.press(&page, "Set password", &[("password", PASSWORD)]).await);
    let reset = stage.ticket(&user).await;
    assert!(reset.starts_with(ORIGIN));
    let path = format!("/api/v2/users/{}", user.replace('|', "%7C"));
    stage.api.patch(&path, &json!({"password": "violet-anchor-12"})).await.assert_status(200);
    assert!(!stage.house.visitor().open(&reset).await.offers("Set password"));
    assert!(stage.signed_in_by_password().await.is_none());
}

async fn step_10_a_repeated_creation_is_found(engine: Engine) {
    let mut stage = stage(engine).await;
    let made = stage.create().await;
    let again = stage.create().await;
    again.assert_status(409);
    assert_eq!(again.json()["message"], json!("The user already exists."));
    let found = stage.users().await;
    assert_eq!(found, json!([made.json()]), "and is findable");
}
