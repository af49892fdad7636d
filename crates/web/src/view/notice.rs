//! Pages for what went wrong, where the person can do little but try again or go back.
//!
//! Owns which notices there are. Must not know what happened beneath; the request id leads an operator there.

use super::Page;
use super::sign_in::Back;
use serde::Serialize;

/// Something went wrong.
#[derive(Clone, Debug, Serialize)]
pub struct NoticePage {
    /// What.
    pub notice: Notice,
    /// The name on the provider's button, where one is to blame.
    pub provider: Option<String>,
    /// The line in the log.
    pub request_id: Option<String>,
    /// The way on.
    pub back: Option<Back>,
}

impl Page for NoticePage {
    const TEMPLATE: &'static str = "pages/notice.html";
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Notice {
    /// No such page.
    NotFound,
    /// The request makes no sense.
    BadRequest,
    /// The form was not ours, or too old.
    StaleForm,
    /// The cookie that carries the way through is gone or too old.
    LostWay,
    /// Too many tries.
    TooManyAttempts,
    /// Too busy right now.
    Busy,
    /// The provider did not answer as it should.
    UpstreamFailed,
    /// The person, or the provider, said no.
    UpstreamDenied,
    /// Signed in, but not for this.
    NotAdmin,
    /// Our fault.
    Internal,
}
