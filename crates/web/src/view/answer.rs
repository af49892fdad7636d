//! The pages that hand an answer on to an application: as a form that is posted, or as a message.
//!
//! Owns what they carry. They are the only pages with a script, which only sends what stands in them. Must not know what an
//! answer means.

use super::Page;
use serde::{Serialize, Serializer};

/// A form that is posted to the application.
#[derive(Clone, Serialize)]
pub struct PostPage {
    /// The registered address.
    pub to: String,
    /// Names and values.
    pub fields: Vec<(&'static str, String)>,
}

impl Page for PostPage {
    const TEMPLATE: &'static str = "pages/answer_post.html";
}

/// A message for the page that framed or opened this one.
#[derive(Clone, Serialize)]
pub struct MessagePage {
    /// The only origin that may read it.
    pub origin: String,
    /// Names and values.
    #[serde(serialize_with = "as_json")]
    pub response: Vec<(&'static str, String)>,
}

impl Page for MessagePage {
    const TEMPLATE: &'static str = "pages/answer_message.html";
}

/// One object in one attribute, which the template escapes.
fn as_json<S: Serializer>(fields: &[(&'static str, String)], serializer: S) -> Result<S::Ok, S::Error> {
    let object: serde_json::Map<_, _> =
        fields.iter().map(|(name, text)| ((*name).to_owned(), text.clone().into())).collect();
    serializer.serialize_str(&serde_json::Value::Object(object).to_string())
}
