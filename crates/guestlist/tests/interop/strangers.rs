//! Whose address the provider did not verify, and who was never invited.

use crate::meeting::PASSWORD;
use crate::{APPLE, GITHUB, GOOGLE, MICROSOFT, Meeting, Person, Provider};
use serde_json::json;

const OLGA: &str = Person::Olga.email();

/// Olga has an account with a proven address. At the provider is somebody with the same address and no proof of it.
async fn does_not_merge(provider: Provider) {
    let mut meeting = Meeting::with(provider, true).await;
    meeting.invite(OLGA).await;
    meeting.browser.fill("Password", PASSWORD).await;
    meeting.browser.click("Set password").await;
    meeting.expect_account("password").await;
    meeting.log_out().await;
    meeting.open_login().await;
    meeting.continue_as(Person::Olga).await;
    meeting.browser.wait_for_text("You are not on the list").await;
    assert_eq!(meeting.identities(OLGA).await, ["auth0"]);
}

#[tokio::test]
async fn case_050_google_says_that_it_did_not_verify_the_address() {
    does_not_merge(GOOGLE).await;
}

/// Another organization's administrator wrote Olga's address into a token (nOAuth).
#[tokio::test]
async fn case_052_microsoft_of_another_organization() {
    let any = Provider { options: r#"{"base_url": "{}", "tenant": "common"}"#, ..MICROSOFT };
    does_not_merge(any).await;
}

/// One tenant was asked for; who comes from another does not get in at all.
#[tokio::test]
async fn case_052_microsoft_of_another_tenant_than_the_one_that_may_come() {
    let meeting = Meeting::with(MICROSOFT, true).await;
    meeting.open_login().await;
    meeting.continue_as(Person::Olga).await;
    meeting.browser.wait_for_text("did not answer as it should").await;
}

/// A relay address is an address of its own: it differs from the invited one, and the page that names both comes first.
#[tokio::test]
async fn a_relay_address_of_apple_meets_the_page_that_names_both() {
    let mut meeting = Meeting::with(APPLE, false).await;
    meeting.invite(OLGA).await;
    meeting.continue_as(Person::Olga).await;
    meeting.browser.wait_for_text("Two different addresses").await;
    meeting.browser.wait_for_text("privaterelay.appleid.com").await;
    let press = meeting.browser.text().await;
    let relay = press.split_whitespace().find(|word| word.contains("privaterelay")).unwrap().to_owned();
    meeting.browser.click(&format!("Continue as {relay}")).await;
    meeting.expect_account("Apple").await;
    let user = meeting.user(OLGA).await;
    assert_eq!(user["email"], json!(OLGA));
    assert_eq!(user["identities"][1]["profileData"]["email"], json!(relay));
}

#[tokio::test]
async fn a_stranger_leaves_no_user_behind() {
    let mut meeting = Meeting::with(GITHUB, true).await;
    meeting.open_login().await;
    meeting.continue_as(Person::Olga).await;
    meeting.browser.wait_for_text("You are not on the list").await;
    let users = meeting.api.get("/api/v2/users?include_totals=true").await.json();
    assert_eq!(users["total"], json!(0), "{users}");
}

/// Invited, and at the door before the mail was read: a provider that is authoritative for the address is as good.
#[tokio::test]
async fn an_invited_guest_may_come_without_the_link_where_the_provider_is_authoritative() {
    let mut meeting = Meeting::with(GOOGLE, true).await;
    meeting.api.post("/api/v2/invitations", &json!({"email": Person::Anna.email()})).await.assert_status(201);
    meeting.open_login().await;
    meeting.continue_as(Person::Anna).await;
    meeting.expect_account("Google").await;
    let user = meeting.user(Person::Anna.email()).await;
    assert_eq!(user["email_verified"], json!(true));
    assert_eq!(user["identities"].as_array().map(Vec::len), Some(2));
}
