//! A code becomes tokens, once.
//!
//! Owns the redemption: one statement spends the code, and whatever is found wrong with the request afterwards leaves
//! it spent. Must not know how the code was made.

use super::client::AuthenticatedClient;
use super::family::{self, Member, NextSecrets};
use super::{Issued, TokenError};
use crate::app::App;
use crate::keys;
use guestlist_domain::grant::{Lapsed, Redemption};
use guestlist_domain::ids::ClientId;
use guestlist_domain::secret::{Purpose, Secret, SecretHash, Sensitive};
use guestlist_domain::time::Timestamp;
use guestlist_store::{StoreError, Tx, grants};

pub(super) async fn redeem(
    app: &App,
    client: &AuthenticatedClient,
    code: &Sensitive,
    redirect_uri: Option<String>,
    verifier: Option<Sensitive>,
) -> Result<Issued, TokenError> {
    if !client.client().may_use("authorization_code") {
        return Err(TokenError::UnauthorizedClient);
    }
    let code = Secret::parse(Purpose::Code, code.expose()).ok_or(TokenError::UnknownCode)?.hash();
    let (signer, next, now) = (keys::signer(app).await?, NextSecrets::mint(app), app.now());
    let (house, id, secrets) = (app.clone(), client.client().id.clone(), next.clone());
    let spent: Result<Result<Member, TokenError>, StoreError> = app
        .write(move |tx| {
            let (app, client, next) = (house.clone(), id.clone(), secrets.clone());
            let (redirect_uri, verifier) = (redirect_uri.clone(), verifier.clone());
            Box::pin(async move {
                let redemption = Redemption {
                    redirect_uri: redirect_uri.as_deref(),
                    verifier: verifier.as_ref().map(Sensitive::expose),
                };
                spend(&app, tx, code, &client, redemption, &next, now).await
            })
        })
        .await;
    let member = spent.map_err(TokenError::from)??;
    Ok(member.answer(app, &signer, client, &next, member.grant.nonce.as_deref(), now)?)
}

/// The inner error is committed with the code spent: whoever brings a good code with a wrong proof does not own it.
async fn spend(
    app: &App,
    tx: &mut Tx<'_>,
    code: SecretHash,
    client: &ClientId,
    redemption: Redemption<'_>,
    next: &NextSecrets,
    now: Timestamp,
) -> Result<Result<Member, TokenError>, StoreError> {
    let Some(binding) = grants::use_code(tx, code, client, now).await? else {
        if let Some(grant) = grants::find_by_spent_code(tx, code, client).await? {
            family::end_reused(app, tx, &grant, client, now).await?;
        }
        return Ok(Err(TokenError::UnknownCode));
    };
    if let Err(bad) = binding.admits(redemption, now) {
        return Ok(Err(bad.into()));
    }
    let Some((grant, user)) = grants::get(tx, &binding.grant).await? else { return Ok(Err(TokenError::UnknownCode)) };
    if let Err(lapsed) = grant.check(&user, now) {
        return Ok(Err(lapsed.into()));
    }
    let Some(member) = Member::of(tx, (grant, user), None).await? else { return Ok(Err(Lapsed::Over.into())) };
    member.store(tx, next, now).await?;
    Ok(Ok(member))
}
