//! Whether an ID token is for us, about this trip, and of this hour (OpenID Connect Core 1.0, section 3.1.3.7).
//!
//! Must not know keys: it is given claims whose signature was checked.

use super::claims::IdToken;
use super::issuer::Issuer;
use crate::upstream::UpstreamError;
use crate::upstream::person::names_somebody;
use guestlist_domain::time::Timestamp;

/// How far clocks may be apart, in seconds.
const SKEW: i64 = 60;
/// The longest life of an ID token, in seconds. It is a receipt for a sign-in a moment ago, not a pass.
const MAX_LIFE: i64 = 24 * 60 * 60;

/// What the claims must say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a Issuer,
    /// Microsoft's tenants whose people may come; all, if none is listed.
    pub(super) tenants: &'a [String],
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
}

/// Claims whose signature was checked, and nothing else yet.
#[derive(Debug)]
pub(super) struct Signed(IdToken);

impl Signed {
    pub(super) const fn new(claims: IdToken) -> Self {
        Self(claims)
    }

    /// The claims, if they say what they must.
    pub(super) fn accept(self, expected: &Expected<'_>, now: Timestamp) -> Result<IdToken, UpstreamError> {
        let checks = [
            (expected.issuer.signed(&self.0.iss, self.0.tid.as_deref()), "another issuer"),
            (self.is_of(expected.tenants), "another tenant"),
            (self.is_for(expected.client_id), "another audience"),
            (self.0.nonce.as_deref() == Some(expected.nonce) && !expected.nonce.is_empty(), "another nonce, or none"),
            (self.is_of_this_hour(now.seconds()), "outside its time"),
            (names_somebody(&self.0.sub), "no usable subject"),
        ];
        match checks.into_iter().find(|(passed, _)| !passed) {
            None => Ok(self.0),
            Some((_, why)) => Err(UpstreamError::InvalidToken(why)),
        }
    }

    /// We are the audience; among several, also the party it was issued to.
    fn is_for(&self, client_id: &str) -> bool {
        let names = self.0.aud.names();
        let issued_to = self.0.azp.as_deref();
        names.iter().any(|name| name == client_id)
            && issued_to.is_none_or(|party| party == client_id)
            && (names.len() == 1 || issued_to.is_some())
    }

    fn is_of_this_hour(&self, now: i64) -> bool {
        let IdToken { exp, iat, nbf, .. } = self.0;
        let life = exp.saturating_sub(iat);
        exp > now.saturating_sub(SKEW)
            && iat <= now.saturating_add(SKEW)
            && nbf.is_none_or(|nbf| nbf <= now.saturating_add(SKEW))
            && (0..=MAX_LIFE).contains(&life)
    }

    fn is_of(&self, tenants: &[String]) -> bool {
        tenants.is_empty() || self.0.tid.as_ref().is_some_and(|tenant| tenants.contains(tenant))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    const ONE: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
    const TWO: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    const NOW: i64 = 1_796_126_400;

    /// Several tenants may come: their issuers are alike but for the tenant, so the list alone tells who may not.
    #[rstest]
    #[case(&[], ONE, true)]
    #[case(&[ONE], ONE, true)]
    #[case(&[TWO, ONE], ONE, true)]
    #[case(&[TWO], ONE, false)]
    fn case_052_of_listed_tenants_no_other_comes(#[case] may_come: &[&str], #[case] comes: &str, #[case] passes: bool) {
        let base = "https://login.microsoftonline.com";
        let claims = json!({"iss": format!("{base}/{comes}/v2.0"), "tid": comes, "sub": "1", "aud": "client",
            "nonce": "n", "iat": NOW, "exp": NOW + 300});
        let tenants: Vec<String> = may_come.iter().map(|tenant| (*tenant).to_owned()).collect();
        let issuer = Issuer::OfTenant { base: base.to_owned() };
        let expected = Expected { issuer: &issuer, tenants: &tenants, client_id: "client", nonce: "n" };
        let answer = Signed::new(serde_json::from_value(claims).unwrap())
            .accept(&expected, Timestamp::from_millis(NOW * 1000))
            .map(drop);
        let refused = UpstreamError::InvalidToken("another tenant");
        assert_eq!(format!("{answer:?}"), format!("{:?}", if passes { Ok(()) } else { Err(refused) }));
    }
}
