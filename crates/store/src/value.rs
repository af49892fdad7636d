//! What is bound to a statement.
//!
//! Owns the four kinds of value that both engines share and the conversions from the domain's types. A value prints as
//! its kind only, because bound values are what must not reach a log.

use crate::error::StoreError;
use guestlist_domain::email::Email;
use guestlist_domain::ids::{
    AddressChangeId, AddressCodeId, ClientGrantId, ClientId, ConnectionId, EventId, FlowId, GrantId, IdentityId,
    InvitationId, LedgerId, MailId, ResourceServerId, SessionId, TicketId, UserId, WebhookId,
};
use guestlist_domain::secret::SecretHash;
use guestlist_domain::time::Timestamp;
use rusqlite::types::{ToSqlOutput, ValueRef};
use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// One bound value.
#[derive(Clone)]
pub enum Value<'a> {
    /// SQL NULL, of whatever type the column has.
    Null,
    /// A number, a time in milliseconds, or a flag as 0 or 1.
    Int(i64),
    /// Text, an id, JSON.
    Text(Cow<'a, str>),
    /// A digest, a key, anything sealed.
    Bytes(Cow<'a, [u8]>),
    /// A number that does not fit: binding it is an error.
    TooBig,
}

/// The values of a statement, in the order of `$1`, `$2`, …: `p![now, &user.id, email]`.
#[macro_export]
macro_rules! p {
    ($($value:expr),* $(,)?) => {
        &[$($crate::Value::from($value)),*]
    };
}

impl Value<'static> {
    /// The JSON of `value`, bound as text.
    pub fn json<T: serde::Serialize>(value: &T) -> Result<Self, StoreError> {
        serde_json::to_string(value)
            .map(|text| Self::Text(Cow::Owned(text)))
            .map_err(|_| StoreError::other("a value cannot be written as JSON"))
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Int(_) => "Int(…)",
            Self::Text(_) => "Text(…)",
            Self::Bytes(_) => "Bytes(…)",
            Self::TooBig => "TooBig",
        })
    }
}

/// What can be bound as it is. Options of it can be bound too; a closed list keeps the compiler's search short.
pub trait Plain<'a> {
    /// The value to bind.
    fn value(self) -> Value<'a>;
}

impl<'a, T: Plain<'a>> From<T> for Value<'a> {
    fn from(plain: T) -> Self {
        plain.value()
    }
}

impl<'a, T: Plain<'a>> From<Option<T>> for Value<'a> {
    fn from(plain: Option<T>) -> Self {
        plain.map_or(Self::Null, Plain::value)
    }
}

impl<'a, T> From<&'a Option<T>> for Value<'a>
where
    &'a T: Plain<'a>,
{
    fn from(plain: &'a Option<T>) -> Self {
        plain.as_ref().map_or(Self::Null, Plain::value)
    }
}

/// One conversion a line: for whom, the name of what is converted, and what it becomes.
macro_rules! plain {
    ($($kind:ty, $it:ident => $value:expr;)*) => {$(
        impl<'a> Plain<'a> for $kind {
            fn value(self) -> Value<'a> {
                let $it = self;
                $value
            }
        }
    )*};
}

macro_rules! plain_numbers {
    ($($number:ty),*) => {$(
        plain! {
            $number, it => i64::try_from(it).map_or(Value::TooBig, Value::Int);
            &'a $number, it => (*it).value();
        }
    )*};
}

macro_rules! plain_texts {
    ($($kind:ty),* $(,)?) => {
        plain! { $(&'a $kind, it => Value::Text(Cow::Borrowed(it.as_str()));)* }
    };
}

plain_numbers!(i64, i32, u8, u16, u32, u64, usize);

plain_texts!(
    String,
    Email,
    ClientGrantId,
    ClientId,
    ConnectionId,
    EventId,
    FlowId,
    GrantId,
    IdentityId,
    InvitationId,
    LedgerId,
    MailId,
    ResourceServerId,
    SessionId,
    AddressChangeId,
    AddressCodeId,
    TicketId,
    WebhookId,
    UserId,
);

plain! {
    bool, it => Value::Int(i64::from(it));
    &'a bool, it => it.to_owned().value();
    Timestamp, it => Value::Int(it.millis());
    &'a Timestamp, it => it.to_owned().value();
    &'a str, it => Value::Text(Cow::Borrowed(it));
    &'a &'a str, it => Value::Text(Cow::Borrowed(*it));
    String, it => Value::Text(Cow::Owned(it));
    Cow<'a, str>, it => Value::Text(it);
    &'a [u8], it => Value::Bytes(Cow::Borrowed(it));
    &'a Vec<u8>, it => Value::Bytes(Cow::Borrowed(it.as_slice()));
    Vec<u8>, it => Value::Bytes(Cow::Owned(it));
    &'a SecretHash, it => Value::Bytes(Cow::Borrowed(it.as_bytes().as_slice()));
    SecretHash, it => Value::Bytes(Cow::Owned(it.as_bytes().to_vec()));
}

impl<'a, const N: usize> Plain<'a> for &'a [u8; N] {
    fn value(self) -> Value<'a> {
        Value::Bytes(Cow::Borrowed(self.as_slice()))
    }
}

const TOO_BIG: &str = "a number does not fit into 63 bits";

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::TooBig => return Err(rusqlite::Error::ToSqlConversionFailure(TOO_BIG.into())),
        }))
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (self, ty) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(number), &Type::INT8) => number.to_sql(ty, out),
            (Self::Int(number), &Type::INT4) => i32::try_from(*number)?.to_sql(ty, out),
            (Self::Text(text), &Type::TEXT | &Type::VARCHAR) => text.as_ref().to_sql(ty, out),
            (Self::Bytes(bytes), &Type::BYTEA) => bytes.as_ref().to_sql(ty, out),
            (Self::TooBig, _) => Err(TOO_BIG.into()),
            (kind, ty) => Err(format!("{kind:?} cannot be bound where the statement has {ty}").into()),
        }
    }

    // A NULL fits every type; whether the others fit is said, with words, when they are written.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
