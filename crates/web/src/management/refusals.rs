//! What acts refuse, as answers of the Management API.
//!
//! Owns the status and the code of every refusal; Auth0's texts where its tools look at them. The form of the answer is
//! [`ApiError`]'s. Must not know requests.

use crate::error::ApiError;
use axum::http::StatusCode;
use guestlist_app::Unexpected;
use guestlist_app::clients::ClientError;
use guestlist_app::connections::ConnectionError;
use guestlist_app::invite::InviteError;
use guestlist_app::resource_servers::ResourceServerError;
use guestlist_app::users::{IdentityError, UserError};
use guestlist_app::webhooks::WebhookError;
use guestlist_domain::credential::WeakPassword;

fn refused(status: StatusCode, error: &impl ToString) -> ApiError {
    ApiError::new(status, error.to_string())
}

fn unexpected(error: &Unexpected) -> ApiError {
    error.clone().into()
}

impl From<UserError> for ApiError {
    fn from(error: UserError) -> Self {
        match &error {
            UserError::NotFound => refused(StatusCode::NOT_FOUND, &error).with_code("inexistent_user"),
            UserError::Exists => refused(StatusCode::CONFLICT, &error).with_code("auth0_idp_error"),
            UserError::UnknownConnection | UserError::NotTheDatabase => refused(StatusCode::BAD_REQUEST, &error),
            UserError::Password(weak) => weak_password(*weak),
            UserError::ReservedKey(_) | UserError::MetadataTooLarge => {
                refused(StatusCode::BAD_REQUEST, &format!("Payload validation error: '{error}'."))
                    .with_code("invalid_body")
            }
            UserError::Unexpected(error) => unexpected(error),
        }
    }
}

/// Clients of Auth0 match the prefix (`auth0-contract.md`, 1.2).
fn weak_password(weak: WeakPassword) -> ApiError {
    let prefix = match weak {
        WeakPassword::TooShort | WeakPassword::TooLong => "PasswordStrengthError",
        WeakPassword::Guessable => "PasswordDictionaryError",
        WeakPassword::Personal => "PasswordNoUserInfoError",
    };
    ApiError::new(StatusCode::BAD_REQUEST, format!("{prefix}: {weak}"))
}

impl From<IdentityError> for ApiError {
    fn from(error: IdentityError) -> Self {
        match &error {
            IdentityError::UserNotFound => refused(StatusCode::NOT_FOUND, &error).with_code("inexistent_user"),
            IdentityError::NotFound => refused(StatusCode::NOT_FOUND, &error),
            IdentityError::Taken => refused(StatusCode::CONFLICT, &error),
            IdentityError::Unexpected(error) => unexpected(error),
            IdentityError::Pending
            | IdentityError::NotConfigured
            | IdentityError::SameAsMain
            | IdentityError::Main
            | IdentityError::Inexistent
            | IdentityError::Unmergeable(_)
            | IdentityError::LastWayIn => refused(StatusCode::BAD_REQUEST, &error),
        }
    }
}

impl From<InviteError> for ApiError {
    fn from(error: InviteError) -> Self {
        match &error {
            InviteError::AlreadyPending(id) => {
                refused(StatusCode::CONFLICT, &error).with_code("invitation_pending").with_fact("id", id.as_str())
            }
            InviteError::AlreadyActive(id) => {
                refused(StatusCode::CONFLICT, &error).with_code("user_exists").with_fact("user_id", id.as_str())
            }
            InviteError::UnknownClient
            | InviteError::UnknownConnection(_)
            | InviteError::UnknownRole(_)
            | InviteError::ResultUrl => refused(StatusCode::BAD_REQUEST, &error),
            InviteError::MayNotGrant => refused(StatusCode::FORBIDDEN, &error),
            InviteError::TooMany { retry_after } => refused(StatusCode::TOO_MANY_REQUESTS, &error)
                .with_code("too_many_requests")
                .with_retry_after(retry_after.as_secs().max(1)),
            InviteError::KeyReused => refused(StatusCode::UNPROCESSABLE_ENTITY, &error),
            InviteError::NotFound => refused(StatusCode::NOT_FOUND, &error),
            InviteError::Ended(_) => refused(StatusCode::CONFLICT, &error).with_code("invitation_ended"),
            InviteError::Unexpected(error) => unexpected(error),
        }
    }
}

impl From<ConnectionError> for ApiError {
    fn from(error: ConnectionError) -> Self {
        match &error {
            ConnectionError::NotFound => refused(StatusCode::NOT_FOUND, &error).with_code("inexistent_connection"),
            ConnectionError::NameTaken | ConnectionError::InUse | ConnectionError::IssuerTaken => {
                refused(StatusCode::CONFLICT, &error)
            }
            ConnectionError::Unexpected(error) => unexpected(error),
            ConnectionError::Name
            | ConnectionError::Strategy(_)
            | ConnectionError::OneDatabase
            | ConnectionError::DatabaseStays
            | ConnectionError::SecretStays
            | ConnectionError::Options(_)
            | ConnectionError::UnknownClient(_) => refused(StatusCode::BAD_REQUEST, &error).with_code("invalid_body"),
        }
    }
}

impl From<ClientError> for ApiError {
    fn from(error: ClientError) -> Self {
        match &error {
            ClientError::NotFound => {
                Self::new(StatusCode::NOT_FOUND, "The client does not exist").with_code("inexistent_client")
            }
            ClientError::HasGrant => refused(StatusCode::CONFLICT, &error),
            ClientError::Unexpected(error) => unexpected(error),
            ClientError::Name
            | ClientError::Address(_)
            | ClientError::CannotKeepSecret
            | ClientError::NoSecret
            | ClientError::UnknownScope(_)
            | ClientError::UnknownAudience(_) => refused(StatusCode::BAD_REQUEST, &error).with_code("invalid_body"),
        }
    }
}

impl From<ResourceServerError> for ApiError {
    fn from(error: ResourceServerError) -> Self {
        match &error {
            ResourceServerError::NotFound => {
                refused(StatusCode::NOT_FOUND, &error).with_code("inexistent_resource_server")
            }
            ResourceServerError::Taken => refused(StatusCode::CONFLICT, &error),
            ResourceServerError::Bad(_) | ResourceServerError::System => {
                refused(StatusCode::BAD_REQUEST, &error).with_code("invalid_body")
            }
            ResourceServerError::Unexpected(error) => unexpected(error),
        }
    }
}

impl From<WebhookError> for ApiError {
    fn from(error: WebhookError) -> Self {
        match &error {
            WebhookError::NotFound => refused(StatusCode::NOT_FOUND, &error).with_code("inexistent_event_stream"),
            WebhookError::NoDelivery => refused(StatusCode::NOT_FOUND, &error).with_code("inexistent_delivery"),
            WebhookError::TooMany | WebhookError::Disabled | WebhookError::UnderWay => {
                refused(StatusCode::CONFLICT, &error)
            }
            WebhookError::Unexpected(error) => unexpected(error),
            WebhookError::Name
            | WebhookError::Endpoint(_)
            | WebhookError::Blocked
            | WebhookError::Subscription(_)
            | WebhookError::Authorization
            | WebhookError::AuthorizationStays => refused(StatusCode::BAD_REQUEST, &error).with_code("invalid_body"),
        }
    }
}
