//! Which users somebody is looking for, and in which order.
//!
//! Owns the questions that can be put to the list of users, whatever language they came in. Must not know Lucene, SQL
//! or how a page is cut.

use crate::filter::{Filter, Span};

/// A condition on users.
pub type UserFilter = Filter<Fact>;

/// Something that is so of a user or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A text is like this.
    Text(TextField, TextMatch),
    /// A text is there.
    Has(TextField),
    /// A flag has this value.
    Flag(FlagField, bool),
    /// A moment lies within.
    Moment(TimeField, Span),
    /// The address is in this domain.
    EmailDomain(String),
    /// There is an identity on the connection of this name.
    Connection(String),
    /// There is an identity of this provider, by Auth0's word.
    Provider(String),
}

/// Texts that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextField {
    /// The subject. Case matters.
    Id,
    /// The address.
    Email,
    /// Full name.
    Name,
    /// Short name.
    Nickname,
    /// First name.
    GivenName,
    /// Last name.
    FamilyName,
}

impl TextField {
    /// Every one.
    pub const ALL: &[Self] = &[Self::Id, Self::Email, Self::Name, Self::Nickname, Self::GivenName, Self::FamilyName];
}

/// How a text is compared. Case does not matter, but for [`TextField::Id`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextMatch {
    /// The whole of it.
    Whole(String),
    /// It begins so.
    Prefix(String),
    /// It has this inside.
    Inside(String),
}

/// Flags that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagField {
    /// Blocked by an administrator.
    Blocked,
    /// What `email_verified` shows.
    EmailVerified,
}

/// Moments that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeField {
    /// Birth of the row.
    CreatedAt,
    /// Last change.
    UpdatedAt,
    /// Last sign-in.
    LastLogin,
}

/// In which order users are listed. The id breaks ties, so that pages never overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserOrder {
    /// By what.
    pub by: OrderField,
    /// The greatest first.
    pub descending: bool,
}

impl Default for UserOrder {
    /// The oldest first: a user who is added while somebody turns pages comes on the last one.
    fn default() -> Self {
        Self { by: OrderField::CreatedAt, descending: false }
    }
}

/// By what users are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderField {
    /// Birth of the row.
    CreatedAt,
    /// Last change.
    UpdatedAt,
    /// Last sign-in; who never came is first.
    LastLogin,
    /// How often they came.
    LoginsCount,
    /// The address.
    Email,
    /// Full name; who has none is first.
    Name,
    /// The subject.
    Id,
}

impl OrderField {
    /// Every one.
    pub const ALL: &[Self] =
        &[Self::CreatedAt, Self::UpdatedAt, Self::LastLogin, Self::LoginsCount, Self::Email, Self::Name, Self::Id];
}
