//! Who may pass a door of the Management API.
//!
//! Owns the guard that stands before every handler: the token's signature first, then the door's scope (R15). A handler
//! cannot be reached around it. Must not know what lies behind a door.

use crate::WebState;
use crate::error::ApiError;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use guestlist_app::tokens::{ManagementCaller, RefusedToken, verify_management};
use guestlist_domain::event::Actor;
use guestlist_domain::permission::Permission;

/// What one door asks for: any of these.
#[derive(Clone)]
pub(super) struct Guard {
    pub(super) state: WebState,
    pub(super) any_of: &'static [Permission],
}

/// Who stands behind the guard.
#[derive(Clone, Debug)]
pub(super) struct Caller(ManagementCaller);

impl Caller {
    /// Who acts, for the record.
    pub(super) fn actor(&self) -> Actor {
        Actor::Client(self.0.client.clone())
    }

    /// Whether the caller may do that besides.
    pub(super) fn may(&self, permission: Permission) -> bool {
        self.0.scopes.iter().any(|scope| scope == permission.as_str())
    }

    /// Refuses a caller who may do none of these.
    pub(super) fn must_have(&self, any_of: &[Permission]) -> Result<(), ApiError> {
        if any_of.iter().any(|permission| self.may(*permission)) { Ok(()) } else { Err(insufficient(any_of)) }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| unauthorized("Invalid token"))
    }
}

/// The guard.
pub(super) async fn guard(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    match admit(&guard, request.headers()).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(error) => refuse(error),
    }
}

async fn admit(guard: &Guard, headers: &HeaderMap) -> Result<Caller, ApiError> {
    let token = bearer(headers).ok_or_else(|| unauthorized("Invalid token"))?;
    let verified = verify_management(&guard.state.app, token).await.map_err(|refused| match refused {
        RefusedToken::Signature => unauthorized("Invalid signature received for JSON Web Token validation"),
        RefusedToken::Invalid => unauthorized("Invalid token"),
        RefusedToken::Unexpected(error) => error.into(),
    })?;
    let caller = Caller(verified);
    caller.must_have(guard.any_of)?;
    Ok(caller)
}

/// The token, from the header alone: a token in a query or a form ends in logs (RFC 9700, 4.3.2).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

fn unauthorized(message: &'static str) -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, message)
}

fn insufficient(any_of: &[Permission]) -> ApiError {
    let scopes: Vec<&str> = any_of.iter().map(|permission| permission.as_str()).collect();
    let message = format!("Insufficient scope, expected any of: {}", scopes.join(","));
    ApiError::new(StatusCode::FORBIDDEN, message).with_code("insufficient_scope")
}

/// RFC 6750, section 3: whoever is refused for want of a good token is told what kind is wanted.
fn refuse(error: ApiError) -> Response {
    let is_unauthorized = error.status == StatusCode::UNAUTHORIZED;
    let mut response = error.into_response();
    if is_unauthorized {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (header::AUTHORIZATION, HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn a_token_comes_in_one_bearer_header() {
        assert_eq!(bearer(&headers(&["Bearer abc"])), Some("abc"));
        assert_eq!(bearer(&headers(&["bearer abc"])), Some("abc"));
        for wrong in [&[][..], &["Basic abc"], &["Bearer"], &["Bearer "], &["Bearer a", "Bearer b"]] {
            assert_eq!(bearer(&headers(wrong)), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_caller_is_told_which_scope_is_wanted() {
        let caller = Caller(ManagementCaller {
            client: guestlist_domain::ids::ClientId::new("c"),
            scopes: vec!["read:users".to_owned()],
        });
        assert!(caller.must_have(&[Permission::ReadUsers]).is_ok());
        let error = caller.must_have(&[Permission::UpdateUsers, Permission::UpdateUsersAppMetadata]).unwrap_err();
        assert_eq!(error.message, "Insufficient scope, expected any of: update:users,update:users_app_metadata");
        assert_eq!((error.status, error.code), (StatusCode::FORBIDDEN, Some("insufficient_scope")));
    }
}
