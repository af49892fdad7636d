//! As whom a provider must introduce itself and sign.
//!
//! One name, byte for byte; or, where every organization of Microsoft's may come, one name for each tenant.

use guestlist_domain::connection::{Tenants, UpstreamOptions, is_tenant_id};

/// The path at which the provider of all organizations introduces itself.
const ANY_TENANT: &str = "/organizations/v2.0";

/// As whom a provider must introduce itself and sign.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::upstream) enum Issuer {
    /// This one.
    Exactly(String),
    /// `{base}/{tenant}/v2.0`, with the tenant that the token names.
    OfTenant {
        /// The address before the tenant.
        base: String,
    },
}

impl Issuer {
    /// What a connection's options say.
    pub(in crate::upstream) fn of(options: &UpstreamOptions) -> Self {
        match options.settings.tenants {
            Some(Tenants::Several(_)) => Self::OfTenant { base: options.issuer.clone() },
            Some(Tenants::One(_)) | None => Self::Exactly(options.issuer.clone()),
        }
    }

    /// Below which address the discovery document is.
    pub(super) fn introduces_itself_at(&self) -> String {
        match self {
            Self::Exactly(issuer) => issuer.clone(),
            Self::OfTenant { base } => format!("{base}{ANY_TENANT}"),
        }
    }

    /// Whether a discovery document may name that issuer. Microsoft's for all organizations has a placeholder in it.
    pub(super) fn may_introduce(&self, named: &str) -> bool {
        match self {
            Self::Exactly(issuer) => issuer == named,
            Self::OfTenant { .. } => {
                self.tenant_in(named).is_some_and(|tenant| tenant == "{tenantid}" || is_tenant_id(tenant))
            }
        }
    }

    /// Whether a token with these claims is this provider's.
    pub(super) fn signed(&self, iss: &str, tenant: Option<&str>) -> bool {
        match self {
            Self::Exactly(issuer) => issuer == iss,
            Self::OfTenant { .. } => {
                let named = self.tenant_in(iss).filter(|named| is_tenant_id(named));
                named.is_some() && named == tenant
            }
        }
    }

    /// Whether an answer may name that issuer beside the code (RFC 9207).
    pub(super) fn may_answer(&self, named: &str) -> bool {
        match self {
            Self::Exactly(issuer) => issuer == named,
            Self::OfTenant { .. } => self.tenant_in(named).is_some_and(is_tenant_id),
        }
    }

    fn tenant_in<'a>(&self, issuer: &'a str) -> Option<&'a str> {
        let Self::OfTenant { base } = self else { return None };
        issuer.strip_prefix(base.as_str())?.strip_prefix('/')?.strip_suffix("/v2.0")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const BASE: &str = "https://login.microsoftonline.com";
    const TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

    #[rstest]
    #[case(&format!("{BASE}/{TENANT}/v2.0"), Some(TENANT), true)]
    #[case(&format!("{BASE}/{TENANT}/v2.0"), None, false)]
    #[case(&format!("{BASE}/{TENANT}/v2.0"), Some("00000000-0000-0000-0000-000000000000"), false)]
    #[case(&format!("{BASE}/{TENANT}/v2.0/"), Some(TENANT), false)]
    #[case(&format!("{BASE}/common/v2.0"), Some("common"), false)]
    #[case(&format!("https://evil.example/{TENANT}/v2.0"), Some(TENANT), false)]
    #[case(&format!("{BASE}.evil.example/{TENANT}/v2.0"), Some(TENANT), false)]
    #[case(BASE, Some(TENANT), false)]
    fn case_052_a_token_is_signed_for_the_tenant_that_it_names(
        #[case] iss: &str,
        #[case] tenant: Option<&str>,
        #[case] signed: bool,
    ) {
        let issuer = Issuer::OfTenant { base: BASE.to_owned() };
        assert_eq!(issuer.signed(iss, tenant), signed);
    }

    #[test]
    fn one_issuer_is_itself_byte_for_byte() {
        let issuer = Issuer::Exactly("https://acme.example/".to_owned());
        assert!(issuer.signed("https://acme.example/", None) && issuer.may_introduce("https://acme.example/"));
        for other in ["https://acme.example", "https://ACME.example/", "https://acme.example/x", ""] {
            assert!(
                !issuer.signed(other, None) && !issuer.may_introduce(other) && !issuer.may_answer(other),
                "{other}"
            );
        }
    }

    #[test]
    fn the_document_for_all_organizations_names_a_placeholder() {
        let issuer = Issuer::OfTenant { base: BASE.to_owned() };
        assert!(issuer.may_introduce(&format!("{BASE}/{{tenantid}}/v2.0")));
        assert!(issuer.may_introduce(&format!("{BASE}/{TENANT}/v2.0")));
        assert!(!issuer.may_introduce("https://evil.example/{tenantid}/v2.0"));
    }
}
