//! What every provider must be good for.

use crate::meeting::PASSWORD;
use crate::{Meeting, Person, Provider};
use serde_json::json;

const ANNA: &str = Person::Anna.email();

/// An invitation accepted with the provider; the next day, in again by the same way: the same user.
pub(crate) async fn accept_and_come_back(provider: Provider) {
    let mut meeting = Meeting::with(provider, false).await;
    meeting.invite(ANNA).await;
    meeting.continue_as(Person::Anna).await;
    meeting.expect_account(provider.label).await;
    let user = meeting.user(ANNA).await;
    // The mail proved the address, whatever the provider says about it.
    assert_eq!(user["email_verified"], json!(true));
    assert_eq!(user["identities"][1]["provider"], json!(provider.strategy));
    assert_eq!(user["name"], json!("Anna Berg"), "{user}");

    meeting.log_out().await;
    meeting.open_login().await;
    meeting.continue_as(Person::Anna).await;
    meeting.expect_account(provider.label).await;
    let again = meeting.user(ANNA).await;
    assert_eq!(again["user_id"], user["user_id"], "the same user, always");
    assert_eq!(again["identities"].as_array().map(Vec::len), Some(2));
    assert_eq!(again["logins_count"], json!(2));
}

/// An account with a password: the provider is connected under `/account`, removed, and merged again by the question "is
/// this you?", where its word about the address counts.
pub(crate) async fn link_unlink_and_merge(provider: Provider) {
    let mut meeting = Meeting::with(provider, true).await;
    meeting.invite(ANNA).await;
    meeting.browser.fill("Password", PASSWORD).await;
    meeting.browser.click("Set password").await;
    meeting.expect_account("password").await;
    let subject = meeting.user(ANNA).await["user_id"].clone();

    meeting.go(&format!("Connect {}", provider.label), Person::Anna).await;
    meeting.browser.wait_for_text("Connected").await;
    assert_eq!(meeting.identities(ANNA).await, ["auth0", provider.strategy]);
    meeting.log_out().await;
    meeting.open_login().await;
    meeting.continue_as(Person::Anna).await;
    meeting.expect_account(provider.label).await;

    meeting.browser.click(&format!("Remove {}", provider.label)).await;
    meeting.browser.wait_for_text("Removed").await;
    assert_eq!(meeting.identities(ANNA).await, ["auth0"]);
    meeting.log_out().await;

    meeting.open_login().await;
    meeting.continue_as(Person::Anna).await;
    if provider.vouches {
        meeting.browser.wait_for_text("Is this your account?").await;
        meeting.browser.fill("Password", PASSWORD).await;
        meeting.browser.click("Log in").await;
        meeting.expect_account("password").await;
        assert_eq!(meeting.identities(ANNA).await, ["auth0", provider.strategy]);
        meeting.log_out().await;
        meeting.open_login().await;
        meeting.continue_as(Person::Anna).await;
        meeting.expect_account(provider.label).await;
    } else {
        meeting.browser.wait_for_text("You are not on the list").await;
        assert_eq!(meeting.identities(ANNA).await, ["auth0"]);
    }
    assert_eq!(meeting.user(ANNA).await["user_id"], subject, "the same subject by every way");
}
