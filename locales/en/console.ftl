# The frame of the console.
console-skip = Skip to the content
console-navigation = Console
console-invitations = Invitations
console-people = People
console-invite = Invite somebody
console-invite-first = Invite the first guest
console-filter = Show
console-all = All
console-none-yet = Nobody is invited yet. An invitation takes a minute: an address is enough.
console-none-such = There is no invitation in this state.
console-pages = Pages
console-previous = Newer
console-next = Older
console-timeline = What happened

# Labels.
label-name = Name
label-application = Application
label-message = Message
label-language = Language
label-status = Status
label-mail = Mail
label-invited = Invited
label-inviter = Invited by
label-expires = Open until
label-person = Person
label-link = Link
label-id = User id
label-created = Created
label-last-login = Last log-in
label-invitation = Invitation

# The form that invites.
invite-no-application = None in particular
invite-message-hint = Plain text. It stands in the mail and on the page.
invite-send = Send invitation
invite-make-link = Make invitation link
invite-no-mail = No mail server is configured. You will get a link to pass on yourself.
invite-problem-not-an-address = This is not an email address we can send to.
invite-problem-already-pending = This address is invited already.
invite-problem-already-here = This address has an account already.
invite-problem-too-many = This address got many mails lately. Please wait before you invite it again.
invite-see-invitation = See the invitation
invite-see-person = See the person

# One invitation.
invitation-facts = Details
invitation-see-person = See the person
invitation-copy-link = Copy link
invitation-resend = Resend
invitation-revoke = Revoke
invitation-link-hint = Copy it now: it is shown once. Whoever opens it can accept the invitation, so pass it on with care.
invitation-done-invited = Invited. A mail is on its way.
invitation-done-link-made = Here is a link to pass on. An older copied link no longer works.
invitation-done-resent = A new mail is on its way. Older links no longer work.
invitation-done-revoked = Revoked. Its links no longer work.
revoke-title = Revoke the invitation?
revoke-text = The links of { $address } stop working at once. You can invite the same address again later.

# States.
status-pending = pending
status-accepted = accepted
status-expired = expired
status-revoked = revoked
status-declined = declined
delivery-queued = on its way
delivery-sent = sent
delivery-bounced = bounced
delivery-failed = given up
delivery-cancelled = cancelled
delivery-none = no mail
delivery-attempts = { $count ->
    [one] { $count } attempt
   *[other] { $count } attempts
}

# People.
people-search = Search by email
people-search-action = Search
people-none = Nobody matches. A search needs the beginning of an address.
person-pending = invited
person-active = active
person-blocked = blocked
person-admin = administrator
person-text-pending = Cannot log in yet: the invitation is not accepted.
person-text-active = Can log in by each of the ways below.
person-text-blocked = Cannot log in at all until the block is lifted.
person-block = Block
person-unblock = Lift the block
person-facts = Details
person-logins = { $count ->
    [one] { $count } log-in
   *[other] { $count } log-ins
}
person-no-ways = No way in yet.

# Why an identity belongs to its user.
rule-acceptance = came with the invitation
rule-own-account = connected by the owner, after a fresh log-in
rule-confirmed-at-sign-in = confirmed by the owner at log-in
rule-authoritative = the provider answers for this domain
rule-api = linked over the API
rule-restored = brought back: its removal was undone
rule-merged = came with another account
rule-merged-by-api = merged over the API
rule-merged-by-owner = merged by the owner, who proved both
rule-removed-by-owner = removed by the owner, after a fresh log-in
rule-removed-by-api = removed over the API
rule-removed-by-recovery = removed: it came after the mailbox was last proven, and the password was recovered
rule-undone = undone

# On which proofs.
proof-invitation = the invitation
proof-provider = the provider’s answer
proof-authoritative-provider = an authoritative provider’s answer
proof-proven-address = the proven address
proof-fresh-sign-in = a fresh log-in
proof-sign-in = a log-in right after
proof-linked-before = it was this person’s before
proof-authorized = somebody who may say so
proof-mailbox = a link mailed to the address
proof-undo-link = the link in the mail

# The ledger.
ledger-title = Why are these one person?
ledger-text = Every link and unlink with what it stands on, the newest first. Nothing is ever taken out. A change can be undone for seven days; everybody who is logged in to this account is then logged out.
ledger-linked = { $provider } added
ledger-unlinked = { $provider } removed
ledger-merged = Another account merged
ledger-undone = undone
ledger-undo = Undo

# Addresses before.
moves-title = Changes of the address
moves-text = Made by the owner, who proved the new mailbox. Undoing takes the account back to the address before; everybody is logged out, the password goes, and so does every way in that is newer than that mailbox’s last proof.
moves-line = { $from } to { $to }
moves-undo = Back to { $from }

# Who did it.
by-guest = the guest
by-operator = the operator
by-system = Guestlist

# What happened.
event-invitation-created = Invitation made
event-invitation-sent = Mail handed to the mail server
event-invitation-bounced = Mail refused by the mail server
event-invitation-accepted = Invitation accepted
event-invitation-declined = Invitation declined
event-invitation-resent = New link made
event-invitation-updated = Invitation changed
event-invitation-revoked = Invitation revoked
event-invitation-expired = Invitation expired
event-user-created = Put on the list
event-user-updated = Details changed
event-user-linked = Way in added
event-user-unlinked = Way in removed
event-user-merged = Accounts merged
event-user-blocked = Blocked
event-user-unblocked = Block lifted
event-user-deleted = Deleted
event-user-password-changed = Password set
event-user-reset-requested = Password link asked for
event-user-address-change-requested = Another address asked for
event-login-succeeded = Logged in
event-login-failed = Log-in failed
event-session-ended = Logged out
event-grant-reused = A used code or token came again
event-grant-revoked = Access of an application ended
event-client-changed = Application changed
event-resource-server-changed = API changed
event-connection-changed = Connection changed
event-keys-rotated = Signing key changed
event-webhook-changed = Webhook changed
event-webhook-tested = Webhook tried out

# Connections.
console-connections = Connections
connections-intro = Each is a way to prove who one is. Nobody becomes a user by coming over one: everybody here is invited.
connection-button = Button
connection-kind = Kind
connection-applications = Applications
connection-on = on
connection-off = off
connection-add = Add a connection
connection-new = New connection: { $kind }
connection-callback = Redirect address
connection-callback-hint = Type exactly this where the provider asks where to send people back.
connection-try = Try it
connection-switch-on = Switch on
connection-switch-off = Switch off
connection-saved = Saved.
connection-name-hint = Letters, digits and single hyphens. It stays as it is.
connection-button-hint = What stands after “Continue with”.
connection-client-id = Client id
connection-client-secret = Client secret
connection-private-key = Private key (.p8)
connection-secret-hint = The provider shows it where the client id is. It is kept sealed and never shown again.
connection-secret-kept = One is kept. Leave this empty to keep it.
connection-team = Team id
connection-key = Key id
connection-tenant = Tenant
connection-tenant-hint = The id or a domain of the one organization whose people may come. Empty: any organization; their word about addresses counts for nothing then.
connection-issuer = Issuer
connection-issuer-hint = Exactly as the provider writes it, with or without a slash at the end.
connection-authorization-url = Authorization address
connection-token-url = Token address
connection-userinfo-url = User info address
connection-subject-field = Member that names the person
connection-subject-field-hint = It must never change and never be given to somebody else. Without it: sub.
connection-merge = When a new log-in has the proven address of an account
connection-merge-confirm = Ask who it is, then connect
connection-merge-auto = Connect at once and tell the owner
connection-merge-never = Never connect
connection-merge-hint = “Ask” means one log-in by a way that the account already has. The address counts only in the domains below.
connection-domains = Domains it answers for
connection-domains-hint = Mail domains whose addresses this provider gives out or checks, with spaces between. Its word about other addresses proves nothing.
connection-more = Scope and address
connection-scope = Scope
connection-base-url = Address of an installation of your own
connection-base-url-hint = GitHub Enterprise, your own GitLab, a sovereign cloud. Without it: the public one.
connection-api-url = Address of its API
connection-delete-question = Delete this connection?
connection-delete-explained = This works as long as nobody has an identity that came over it. To close it for everybody, switch it off.
connection-delete = Delete
action-save = Save

# A connection that was tried out.
tried-title = { $provider } works
tried-failed-title = Nobody came back from { $provider }
tried-nothing-changed = Nothing was changed and nobody was logged in. This is what it told:
tried-issuer = Issuer
tried-subject = Subject
tried-verified = it says: verified
tried-unverified = not verified
tried-leads-to = A log-in now would
tried-sign-in = log this person in
tried-link = connect it to the account with that address
tried-ask-proof = ask “Is this your account?”
tried-activate = accept the invitation that waits for that address
tried-blocked = be refused: the user is blocked
tried-not-open = be refused: the connection is off, or open to no application
tried-not-invited = be refused: nobody with this identity is on the list
tried-failed-hint = Check the client id, the secret and the redirect address at the provider, then try again.
tried-back = Back to the connection

# Webhooks.
console-webhooks = Webhooks
webhooks-intro = Each is told what happens here, by a signed message to its endpoint.
webhooks-none-yet = Nobody outside is told what happens. A webhook takes an address that accepts messages.
webhook-add = Add a webhook
webhook-new = New webhook
webhook-endpoint = Endpoint
webhook-endpoint-hint = An https address that is reachable from here.
webhook-events = Event types
webhook-events-hint = With spaces or lines between. Empty: all, also those of later versions.
webhook-events-known = Which event types are there?
webhook-authorization = Authorization header
webhook-authorization-hint = Beside the signature, for receivers that ask for it. It stays with the host it was given for.
webhook-method = Method
webhook-method-none = None
webhook-method-bearer = Bearer: a token
webhook-method-basic = Basic: a name and a password
webhook-username = User name
webhook-secret = Token or password
webhook-signing-secret = Signing secret
webhook-signing-secret-hint = Copy it now: it is shown once. The receiver needs it to tell our messages from others.
webhook-old-secret = The one before signs too until
webhook-test = Send a test
webhook-done-saved = Saved.
webhook-done-tested = A test is on its way. Load the page again to see how it went.
webhook-done-resent = It is on its way again. Load the page again to see how it went.
webhook-deliveries = Recent deliveries
webhook-no-deliveries = Nothing was sent yet.
webhook-event = Event
webhook-attempts = Tries
webhook-last-error = Last error
webhook-next = Next try:
webhook-send-again = Send again
webhook-status-queued = waiting
webhook-status-delivered = delivered
webhook-status-failed = given up
webhook-rotate-question = New signing secret?
webhook-rotate-explained = The new one signs at once. The one before signs too for 24 hours, so that the receiver can change in peace.
webhook-rotate = Make a new secret
webhook-delete-question = Delete this webhook?
webhook-delete-explained = What waits for it is deleted with it. To hold it back for a while, switch it off.
