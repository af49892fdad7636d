//! Guests as these cases need them: invited with the invitation's id at hand, and what was written down about them.

use crate::scene::{PASSWORD, Scene};
use guestlist_testkit::visitor::{Answer, Form, Visitor};
use serde_json::{Value, json};

/// An invitation as its inviter knows it, with the link out of the mail.
pub(crate) struct Invited {
    pub(crate) id: String,
    pub(crate) user_id: String,
    pub(crate) link: String,
}

/// Invites an address with nothing special about it.
pub(crate) async fn invite(scene: &mut Scene, email: &str) -> Invited {
    invite_on(scene, &json!({"email": email})).await
}

/// Invites on these terms.
pub(crate) async fn invite_on(scene: &mut Scene, terms: &Value) -> Invited {
    let made = scene.api.post("/api/v2/invitations", terms).await.assert_status(201).json();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    Invited { id: text("id"), user_id: text("user_id"), link: scene.house.mail().await.link("/i/").into() }
}

impl Invited {
    /// Sends it again; the new link, out of the one mail that goes out.
    pub(crate) async fn resend(&self, scene: &mut Scene) -> String {
        scene.api.post(&format!("/api/v2/invitations/{}/resend", self.id), &json!({})).await.assert_status(200);
        scene.house.mail().await.link("/i/").into()
    }

    /// Takes it back.
    pub(crate) async fn revoke(&self, scene: &mut Scene) -> Answer {
        scene.api.post(&format!("/api/v2/invitations/{}/revoke", self.id), &json!({})).await
    }

    /// What an inviter sees, whose token is of this moment.
    pub(crate) async fn status(&self, scene: &Scene) -> String {
        let mut api = scene.house.api().await;
        let shown = api.get(&format!("/api/v2/invitations/{}", self.id)).await.assert_status(200).json();
        shown["status"].as_str().unwrap().to_owned()
    }
}

/// The form by which a password is set, filled in, from the page behind the link.
pub(crate) async fn password_form(visitor: &mut Visitor, link: &str, password: &str) -> Form {
    visitor.open(link).await.form("Set password").with("password", password)
}

/// Sends a form and goes on through redirects.
pub(crate) async fn press(visitor: &mut Visitor, form: &Form) -> Answer {
    let answer = visitor.submit(form).await;
    visitor.follow(answer).await
}

/// Whether that password opens that account, in a browser of its own.
pub(crate) async fn opens(scene: &Scene, email: &str, password: &str) -> bool {
    let mut visitor = scene.house.visitor();
    crate::scene::log_in(&mut visitor, email, password).await.url.path() == "/account"
}

/// Fails unless the usual password opens that account.
pub(crate) async fn assert_opens(scene: &Scene, email: &str) {
    assert!(opens(scene, email, PASSWORD).await, "{email} is not let in");
}

/// The names of what happened since the last look, in alphabetical order.
pub(crate) async fn happened(scene: &Scene) -> Vec<String> {
    let mut kinds: Vec<String> = scene.cellar.news().await.iter().map(|event| event.kind.to_string()).collect();
    kinds.sort();
    kinds
}
