//! A code, exchanged for tokens (RFC 6749, section 4.1.3), as every provider wants it done.
//!
//! Owns the ways to authenticate and the reading of a refusal. Must not know what a token says.

use super::{Callback, UpstreamError};
use crate::http::{ClientAuth, HttpClient};
use guestlist_domain::secret::Sensitive;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

/// How we authenticate at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AuthMethod {
    /// `client_secret_basic`.
    Basic,
    /// `client_secret_post`.
    Post,
    /// `none`: PKCE alone.
    None,
}

/// What the token endpoint says. Some say no with status 200, so `error` is read first; one says it with an object.
#[derive(Deserialize)]
pub(super) struct TokenAnswer {
    error: Option<Value>,
    pub(super) id_token: Option<String>,
    pub(super) access_token: Option<Sensitive>,
}

/// A client at a token endpoint.
#[derive(Clone, Copy)]
pub(super) struct TokenRequest<'a> {
    pub(super) http: &'a HttpClient,
    pub(super) endpoint: &'a Url,
    pub(super) client_id: &'a str,
    pub(super) secret: Option<&'a Sensitive>,
}

impl TokenRequest<'_> {
    /// Exchanges the code. A client is registered for one way to authenticate and cannot tell us which, so when the
    /// provider takes several and does not know us by the first, the next is tried: a refused client spends no code.
    pub(super) async fn exchange(
        &self,
        callback: &Callback<'_>,
        methods: &[AuthMethod],
    ) -> Result<TokenAnswer, UpstreamError> {
        let mut refused = UpstreamError::Misconfigured("no way to authenticate".to_owned());
        for method in methods {
            let answer = self.ask(callback, *method).await?;
            let Some(error) = &answer.error else {
                return Ok(answer);
            };
            let error = error.as_str().unwrap_or_default();
            refused = UpstreamError::Refused { error: error_code(error) };
            if error != "invalid_client" {
                break;
            }
        }
        Err(refused)
    }

    async fn ask(&self, callback: &Callback<'_>, method: AuthMethod) -> Result<TokenAnswer, UpstreamError> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", callback.code),
            ("redirect_uri", callback.redirect_uri),
            ("code_verifier", callback.code_verifier),
        ];
        let id = self.client_id;
        let auth = match (method, self.secret) {
            (AuthMethod::Basic, Some(secret)) => ClientAuth::Basic { id, secret },
            (AuthMethod::Post, Some(secret)) => {
                form.extend([("client_id", id), ("client_secret", secret.expose())]);
                ClientAuth::Anonymous
            }
            (AuthMethod::None, _) | (_, None) => {
                form.push(("client_id", id));
                ClientAuth::Anonymous
            }
        };
        Ok(self.http.post_form::<TokenAnswer>(self.endpoint, &form, auth).await?.body)
    }
}

/// An error code as OAuth spells them. What is none is not repeated: it would end up on pages and in logs.
fn error_code(said: &str) -> String {
    let sound =
        (1..=64).contains(&said.len()) && said.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    if sound { said.to_owned() } else { "unknown_error".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_error_codes_are_repeated() {
        assert_eq!(error_code("invalid_grant"), "invalid_grant");
        for said in ["", "a b", "<script>", "secret=abc", &"x".repeat(65)] {
            assert_eq!(error_code(said), "unknown_error");
        }
    }
}
