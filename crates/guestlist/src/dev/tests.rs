//! The first look, as its reader takes it: over a real socket where the parts talk to each other, and in process where
//! the browser does.

use super::*;
use crate::listen::Listener;
use guestlist_testkit::visitor::{Answer, Visitor};
use guestlist_testkit::webdriver::{Browser, BrowserOptions};
use std::net::SocketAddr;
use tokio::sync::oneshot;

/// `guestlist dev`, on any free port.
struct Look {
    visitor: Visitor,
    app: App,
    password: String,
    _scratch: Scratch,
    _stop: oneshot::Sender<()>,
}

async fn begin(tls: bool) -> Look {
    let certificate = tls.then(|| self_signed().unwrap());
    let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0)), certificate, 16).await.unwrap();
    let scratch = Scratch::new().unwrap();
    let stage = open(scratch.path(), listener.address().unwrap(), tls).await.unwrap();
    let (app, password) = (stage.app().clone(), stage.admin_password().to_owned());
    let router = stage.into_router();
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(listener.serve(router.clone(), async { drop(stopped.await) }));
    let visitor = Visitor::new(router, app.public_url().origin());
    Look { visitor, app, password, _scratch: scratch, _stop: stop }
}

impl Look {
    /// The link of the newest invitation in the mailbox.
    async fn open_invitation(&mut self) -> Answer {
        let mailbox = self.visitor.open("/dev/mailbox").await;
        let links = mailbox.body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let plain = links.map(|link| link.replace("&#x2f;", "/"));
        let link = plain.into_iter().find(|link| link.contains("/i/")).unwrap();
        self.visitor.open(&link).await
    }

    /// On through the provider's page as one of its people. Over https the page itself is on plain http.
    async fn be(&mut self, leads_to_provider: &Answer, person: &str) -> Answer {
        let origin = self.app.public_url().origin().to_owned();
        let to = leads_to_provider.location().map(|to| to.replace("http://localhost", &origin_without_port(&origin)));
        let page = match to {
            Some(to) => self.visitor.open(&to).await,
            None => leads_to_provider.clone(),
        };
        self.visitor.press(&page, person, &[]).await
    }
}

fn origin_without_port(origin: &str) -> String {
    origin.rsplit_once(':').map(|(origin, _)| origin.to_owned()).unwrap()
}

const ADA: &str = "Ada Quill, ada@example.org";

#[tokio::test]
async fn four_clicks_lead_the_first_guest_into_the_sample_application() {
    let mut look = begin(false).await;
    look.visitor.open("/dev").await.assert_says("ada@example.org has an invitation waiting");
    let accept = look.open_invitation().await;
    let provider = look.visitor.press(&accept, "Continue with Made-up Provider", &[]).await;
    let landed = look.be(&provider, ADA).await;
    landed.assert_says("You are signed in as Ada Quill").assert_says("ada@example.org, verified");
    assert_eq!(landed.url.path(), "/dev/app");

    // Out at both, and in again by the provider: nobody was forgotten.
    let out = look.visitor.press(&landed, "Log out", &[]).await;
    out.assert_says("You are not signed in here");
    let login = look.visitor.open("/dev/app/login").await;
    let provider = look.visitor.press(&login, "Continue with Made-up Provider", &[]).await;
    look.be(&provider, ADA).await.assert_says("You are signed in as Ada Quill");
}

#[tokio::test]
async fn whoever_was_not_invited_stays_outside() {
    let mut look = begin(false).await;
    let login = look.visitor.open("/dev/app/login").await;
    let provider = look.visitor.press(&login, "Continue with Made-up Provider", &[]).await;
    let refused = look.be(&provider, "Grace Holm, grace@example.org").await;
    assert!(refused.status.is_client_error(), "{}", refused.text());
    look.visitor.open("/dev/app").await.assert_says("You are not signed in here");
}

#[tokio::test]
async fn the_administrator_gets_into_the_console() {
    let mut look = begin(false).await;
    let login = look.visitor.open("/admin").await;
    let password = look.password.clone();
    let console =
        look.visitor.press(&login, "Log in", &[("email", "admin@example.org"), ("password", &password)]).await;
    console.assert_says("ada@example.org");
}

#[tokio::test]
async fn over_https_it_is_the_same() {
    let mut look = begin(true).await;
    assert!(look.app.public_url().is_secure());
    let accept = look.open_invitation().await;
    let provider = look.visitor.press(&accept, "Continue with Made-up Provider", &[]).await;
    look.be(&provider, ADA).await.assert_says("You are signed in as Ada Quill");
}

/// Over https too, because there the provider is another origin, and Chromium holds forms to the policy of their page
/// through every redirect.
#[tokio::test(flavor = "multi_thread")]
async fn browser_takes_the_four_clicks() {
    for tls in [false, true] {
        let look = begin(tls).await;
        let options = BrowserOptions { any_certificate: tls, ..BrowserOptions::without_javascript() };
        let browser = Browser::start(&options).await;
        browser.open(&look.app.public_url().at("/dev/mailbox")).await;
        let link = look.app.mailbox().unwrap().mails();
        let link = link.iter().rev().find_map(|mail| mail.text.split_whitespace().find(|word| word.contains("/i/")));
        browser.click(link.unwrap()).await;
        browser.click("Continue with Made-up Provider").await;
        browser.click(ADA).await;
        browser.wait_for_text("You are signed in as Ada Quill").await;
        let (content, screen) = browser.widths().await;
        assert!(content <= screen, "the page scrolls sideways");
        browser.click("Log out").await;
        browser.wait_for_text("You are not signed in here").await;
    }
}

#[tokio::test]
async fn the_mailbox_shows_the_html_part_without_script() {
    let mut look = begin(false).await;
    let mailbox = look.visitor.open("/dev/mailbox").await;
    let part = look.visitor.open(&mailbox.find_link("as HTML").unwrap()).await;
    part.assert_says("invited");
    let policy = part.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline'"), "{policy}");
    assert_eq!(look.visitor.open("/dev/mailbox/none").await.status, 404);
}

#[tokio::test]
async fn the_sample_application_takes_no_answer_that_it_did_not_ask_for() {
    let mut look = begin(false).await;
    let forged = look.visitor.open("/dev/app/callback?code=x&state=y").await;
    assert_eq!(forged.status, 400);
    forged.assert_says("does not belong to a sign-in that began in this browser");
}

#[tokio::test]
async fn nothing_of_it_is_there_in_serve() {
    let look = begin(false).await;
    let router = guestlist_web::router(WebState::new(look.app.clone()));
    let mut visitor = Visitor::new(router, look.app.public_url().origin());
    for path in [
        "/dev",
        mailbox::PATH,
        provider::PATH,
        sample::PATH,
        "/dev/provider/token",
        "/dev/provider/authorize",
        "/dev/app/login",
    ] {
        assert_eq!(visitor.get(path).await.status, 404, "{path}");
    }
}
