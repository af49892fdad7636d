//! What a page offers as ways in, and where its forms may lead.

use crate::headers::PagePolicy;
use crate::view::parts::Provider;
use guestlist_domain::client::Client;
use guestlist_domain::connection::{Connection, Strategy};

/// Connections, as a page shows them.
#[derive(Clone, Debug, Default)]
pub(super) struct Ways {
    pub(super) password: bool,
    pub(super) providers: Vec<Provider>,
    away: Vec<String>,
}

impl Ways {
    pub(super) fn of<'a>(connections: impl IntoIterator<Item = &'a Connection>) -> Self {
        let mut ways = Self::default();
        for connection in connections {
            if connection.strategy == Strategy::Database {
                ways.password = true;
            } else {
                ways.providers.push(provider(connection));
                let goes_to = connection.upstream.as_ref().map(|upstream| upstream.browser_goes_to().to_owned());
                ways.away.extend(goes_to);
            }
        }
        ways
    }

    /// The forms of a page with these ways lead to the providers, and may come back to this application.
    pub(super) fn form_targets(&self, client: Option<&Client>) -> PagePolicy {
        let targets = self.away.iter().fold(PagePolicy::default().and_https(), |targets, place| targets.and(place));
        let settings = client.map(|client| &client.settings);
        let places =
            settings.into_iter().flat_map(|settings| settings.callbacks.iter().chain(&settings.initiate_login_uri));
        places.fold(targets, |targets, place| targets.and(place))
    }
}

/// The button of a connection.
pub(super) fn provider(connection: &Connection) -> Provider {
    Provider { connection: connection.name.clone(), label: connection.display_name.clone() }
}
