//! The recipes, one file a provider: what is known of each, and in what it differs.
//!
//! Sources are the providers' own documentation, and what their emulators do. Nothing else here knows a provider by name.

mod apple;
mod discord;
mod facebook;
mod generic;
mod github;
mod gitlab;
mod google;
mod linkedin;
mod microsoft;
mod okta;
mod slack;

use super::recipe::Recipe;
use guestlist_domain::connection::Strategy;

/// A strategy's recipe; the password database has none.
pub const fn recipe(strategy: Strategy) -> Option<&'static Recipe> {
    Some(match strategy {
        Strategy::Database => return None,
        Strategy::Oidc => &generic::OPENID,
        Strategy::OAuth2 => &generic::OAUTH2,
        Strategy::Google => &google::RECIPE,
        Strategy::GitHub => &github::RECIPE,
        Strategy::WindowsLive => &microsoft::PERSONAL,
        Strategy::Waad => &microsoft::ORGANIZATIONS,
        Strategy::Apple => &apple::RECIPE,
        Strategy::Facebook => &facebook::RECIPE,
        Strategy::LinkedIn => &linkedin::RECIPE,
        Strategy::GitLab => &gitlab::RECIPE,
        Strategy::Discord => &discord::RECIPE,
        Strategy::Slack => &slack::RECIPE,
        Strategy::Okta => &okta::RECIPE,
    })
}
