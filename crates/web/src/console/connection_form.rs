//! The form in which the console asks for a connection, and what it says.
//!
//! Owns its fields and how they stand to what is kept. Whether it can work, the act says.

use crate::view::connections::ConnectionForm;
use guestlist_app::connections::UpstreamWish;
use guestlist_domain::connection::{Connection, MergeRule, PersonFields, Strategy, Tenants};
use guestlist_domain::secret::Sensitive;
use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SentForm {
    pub(super) strategy: String,
    pub(super) name: String,
    pub(super) display_name: String,
    client_id: String,
    client_secret: Option<Sensitive>,
    issuer: String,
    base_url: String,
    api_url: String,
    tenant: String,
    team_id: String,
    key_id: String,
    authorization_url: String,
    token_url: String,
    userinfo_url: String,
    subject_field: String,
    scope: String,
    authoritative_domains: String,
    merge_rule: MergeRule,
}

impl SentForm {
    /// What was said, for a connection that is to be made.
    pub(super) fn wish(&self) -> UpstreamWish {
        let said = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let fields = said(&self.subject_field).map(|subject| PersonFields { subject, ..PersonFields::default() });
        UpstreamWish {
            issuer: said(&self.issuer),
            base_url: said(&self.base_url),
            api_url: said(&self.api_url),
            client_id: said(&self.client_id),
            // Left empty, what is kept stays.
            client_secret: self.client_secret.clone().filter(|secret| !secret.expose().is_empty()),
            scope: said(&self.scope),
            tenant: said(&self.tenant),
            team_id: said(&self.team_id),
            key_id: said(&self.key_id),
            authorization_url: said(&self.authorization_url),
            token_url: said(&self.token_url),
            userinfo_url: said(&self.userinfo_url),
            fields,
            authoritative_domains: self.domains(),
            merge_rule: self.merge_rule,
            ..UpstreamWish::default()
        }
    }

    /// What was said about a connection that there is. What the form has no place for stays: nobody who corrects a
    /// button's text shall let every tenant in.
    pub(super) fn wish_over(&self, connection: &Connection) -> UpstreamWish {
        let mut wish = self.wish();
        let Some(upstream) = &connection.upstream else { return wish };
        let kept = &upstream.settings;
        if let (None, Some(Tenants::Several(listed))) = (&wish.tenant, &kept.tenants) {
            wish.tenants.clone_from(listed);
        }
        if let Some(fields) = &kept.fields {
            let subject = wish.fields.take().map_or_else(|| PersonFields::default().subject, |said| said.subject);
            wish.fields = Some(PersonFields { subject, ..fields.clone() });
        }
        if !says_where_it_is(connection.strategy) {
            wish.base_url.clone_from(&kept.base_url);
            wish.api_url.clone_from(&kept.api_url);
        }
        let userinfo_url = kept.endpoints.as_ref().map(|endpoints| &endpoints.userinfo_url);
        let elsewhere = wish.base_url != kept.base_url || wish.userinfo_url.as_ref() != userinfo_url;
        // An issuer that was said to the letter names one tenant.
        let same_tenants = match &kept.tenants {
            None => true,
            Some(Tenants::One(tenant)) => wish.tenant.as_ref() == Some(tenant),
            Some(Tenants::Several(_)) => false,
        };
        if !says_its_issuer(connection.strategy) && same_tenants && !elsewhere {
            wish.issuer = Some(upstream.issuer.clone());
        }
        wish
    }

    fn domains(&self) -> Vec<String> {
        let words = self.authoritative_domains.split(|c: char| c.is_whitespace() || c == ',');
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    pub(super) fn into_form(self) -> ConnectionForm {
        ConnectionForm {
            name: self.name,
            display_name: self.display_name,
            client_id: self.client_id,
            issuer: self.issuer,
            base_url: self.base_url,
            api_url: self.api_url,
            tenant: self.tenant,
            team_id: self.team_id,
            key_id: self.key_id,
            authorization_url: self.authorization_url,
            token_url: self.token_url,
            userinfo_url: self.userinfo_url,
            subject_field: self.subject_field,
            scope: self.scope,
            authoritative_domains: self.authoritative_domains,
            merge_rule: self.merge_rule,
        }
    }
}

/// The form as the connection fills it.
pub(super) fn form_of(connection: &Connection) -> ConnectionForm {
    let Some(upstream) = &connection.upstream else { return ConnectionForm::default() };
    let settings = upstream.settings.clone();
    let tenant = match &settings.tenants {
        Some(Tenants::One(tenant)) => tenant.clone(),
        _ => String::new(),
    };
    let endpoints = settings.endpoints;
    let endpoint = |text: Option<&String>| text.cloned().unwrap_or_default();
    ConnectionForm {
        name: connection.name.clone(),
        display_name: connection.display_name.clone(),
        client_id: upstream.client_id.clone(),
        // What follows from the rest is not typed again.
        issuer: if says_its_issuer(connection.strategy) { upstream.issuer.clone() } else { String::new() },
        base_url: settings.base_url.unwrap_or_default(),
        api_url: settings.api_url.unwrap_or_default(),
        tenant,
        team_id: settings.team_id.unwrap_or_default(),
        key_id: settings.key_id.unwrap_or_default(),
        authorization_url: endpoint(endpoints.as_ref().map(|endpoints| &endpoints.authorization_url)),
        token_url: endpoint(endpoints.as_ref().map(|endpoints| &endpoints.token_url)),
        userinfo_url: endpoint(endpoints.as_ref().map(|endpoints| &endpoints.userinfo_url)),
        subject_field: settings.fields.map(|fields| fields.subject).unwrap_or_default(),
        scope: upstream.scope.clone(),
        authoritative_domains: connection.authoritative_domains.join(" "),
        merge_rule: connection.merge_rule,
    }
}

/// Whether the form asks for the issuer: the others' follows from the rest.
const fn says_its_issuer(strategy: Strategy) -> bool {
    matches!(strategy, Strategy::Oidc | Strategy::Okta)
}

/// Whether the form asks where the provider is, for those that run it themselves.
const fn says_where_it_is(strategy: Strategy) -> bool {
    !matches!(strategy, Strategy::Oidc | Strategy::Okta | Strategy::OAuth2)
}
