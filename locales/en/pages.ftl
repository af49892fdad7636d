# Controls. Outsiders find them by these names: change one only with a note in the changelog.
label-email = Email
label-password = Password
label-current-password = Current password
label-code = Code
label-new-password = New password
action-set-password = Set password
action-log-in = Log in
action-log-out = Log out
action-continue-with = Continue with { $provider }
action-new-link = Send me a new link
action-cancel = Cancel
or = or
optional = (optional)
password-hint = At least 8 characters. A few unrelated words make a good one.

# Ways back.
back-application = Back to { $application }
back-invitation = Back to the invitation
back-account = Back to your account
back-login = Back to log in

# What is wrong with a form.
problem-wrong-credentials = This email and password do not match.
problem-wrong-password = The current password is not right.
problem-too-many-attempts = Too many attempts. Please wait a few minutes, or come in another way.
problem-wrong-code = This is not the code. Please look again.
problem-dead-code = This code is not good any more. Ask for another one.
problem-not-an-address = This is not an email address we can send to.
problem-same-address = This is your address already.
problem-address-taken = This address belongs to another account by now. Your address stays as it was.
problem-password-too-short = The password needs at least 8 characters.
problem-password-too-long = The password is too long.
problem-password-guessable = This password is too easy to guess. A few unrelated words make a good one.
problem-password-personal = The password must not be your name or email address.

# The invitation.
accept-eyebrow = Your invitation
accept-title-both = { $inviter } invites you to { $application }
accept-title-inviter = { $inviter } invites you
accept-title-application = You are invited to { $application }
accept-title-plain = You are invited
accept-until = This invitation is open until
accept-ways = Choose how you want to come in
accept-no-way = There is no way in for this invitation at the moment. Please tell whoever invited you.
accept-have-account = I already have an account here
decline-question = Not for you, or not expected?
decline-explained = You can leave this page: nothing happens without you. Or decline, and the link stops working for good.
decline-action = Decline the invitation
declined-title = You declined
declined-text = The invitation is closed, and its link no longer works. If that was a mistake, ask for a new one.
declined-text-inviter = The invitation is closed, and its link no longer works. If that was a mistake, ask { $inviter } for a new one.

# Another address came back from a provider.
confirm-title = Two different addresses
confirm-intro = The account you chose at { $provider } does not carry the address that was invited.
confirm-invited = Invited
confirm-came = From { $provider }
confirm-no-address = no address told
confirm-explained = If both are yours, continue. From then on this { $provider } account opens this invitation's account.
confirm-continue-as = Continue as { $address }
confirm-continue = Continue with this account
confirm-other = Use another account
confirm-account-title = Is this your account?
confirm-account-intro = This { $provider } login already opens an account here. Your invitation is for another address.
confirm-account = The account
confirm-account-explained = You can accept the invitation with { $account }. Both addresses get a mail about it. Or go back and use another way in; the invitation stays open.
confirm-account-bring = Accept as { $account }

# Links that open nothing.
dead-title-expired = This link has expired
dead-title-replaced = There is a newer link
dead-title-used = This link was already used
dead-title-revoked = This invitation was withdrawn
dead-title-declined = This invitation was declined
dead-title-unknown = This link does not work
dead-text-expired = Links work for a limited time only, and this one is over. You are still on the list.
dead-text-replaced = A newer mail is on its way or in your inbox. Only the link in the newest one works.
dead-text-used = The invitation was accepted with it. Log in the way you chose then.
dead-text-revoked = Whoever sent the invitation took it back, so it no longer opens an account.
dead-text-declined = Somebody said no with this link, which closed the invitation.
dead-text-unknown = We do not know this link. Perhaps it was cut short on its way: try to copy it from the mail as a whole.
dead-mail-to = We can send a new link to { $address }.
dead-ask-inviter = If you think this is wrong, ask { $inviter }.
dead-ask-application = If you think this is wrong, ask the people of { $application }.
dead-ask-anybody = If you think this is wrong, ask whoever invited you.
link-sent-title = Look into your mailbox
link-sent-text = A new link is on its way to { $address }.
link-sent-hint = It can take a minute. If nothing comes, look among the unwanted mail too.

# Somebody else is signed in.
wrong-user-title = You are signed in as somebody else
wrong-user-text = You are signed in as { $current }. This invitation is for { $invited }.
wrong-user-explained = Switch the account to accept it. The invitation stays open until you do.
wrong-user-choose = Switch the account to accept it as that person, or accept it with the account you are in. The invitation stays open until you do.
wrong-user-bring = Accept as { $current }
wrong-user-switch = Switch account
wrong-user-stay = Stay { $current }

# Signing in and out.
login-title-application = Log in to { $application }
login-forgot = Forgot your password?
login-by-invitation = There is no sign-up here: accounts are made by invitation. If you were invited, open the link in your mail.
login-invitation-only = Accounts here are made by invitation only.
prove-title = Is this your account?
prove-text = { $provider } told us { $address }, and there is an account here with that address. Log in once the way you usually do, and { $provider } will open it too.
prove-other = Log in to another account
fresh-title = Please log in once more
fresh-text = You are about to change how your account is opened. To be sure that it is you, log in again first.
logout-title = Log out?
logout-text = You are signed in as { $address }.
logout-stay = Stay signed in
logged-out-title = You are logged out
logged-out-text = Your session here has ended. Applications may still have one of their own.

# No, and why. The text names the provider; the plain one knows none.
refusal-title-not-invited = You are not on the list
refusal-text-not-invited = { $provider } knows you, but nobody has invited this account here.
refusal-plain-not-invited = Nobody has invited this account here.
refusal-next-not-invited = No account was made. If you were invited, open the link in your mail; otherwise ask somebody who is in.
refusal-title-linked-elsewhere = This account belongs to somebody else
refusal-text-linked-elsewhere = The { $provider } account you chose already opens another account here.
refusal-plain-linked-elsewhere = This already opens another account here.
refusal-next-linked-elsewhere = Choose another one, or log in to the account that it belongs to.
refusal-title-connection-not-allowed = This way in is not open here
refusal-text-connection-not-allowed = { $provider } cannot be used for this.
refusal-plain-connection-not-allowed = This way in cannot be used for this.
refusal-next-connection-not-allowed = Go back and choose one of the ways that are offered.
refusal-title-email-not-verified = The address is not confirmed
refusal-text-email-not-verified = This invitation asks for an address that { $provider } has confirmed, and it has not confirmed this one.
refusal-plain-email-not-verified = This invitation asks for a confirmed address.
refusal-next-email-not-verified = Confirm the address there first, or choose another way in.
refusal-came = From the provider
refusal-title-other-email = This is another address
refusal-text-other-email = This invitation asks for the invited address, and { $provider } told us a different one.
refusal-plain-other-email = This invitation asks for the invited address.
refusal-next-other-email = Choose an account with the invited address, or another way in.
refusal-title-user-blocked = This account is blocked
refusal-text-user-blocked = { $provider } knows you, but an administrator has blocked your account here.
refusal-plain-user-blocked = An administrator has blocked this account.
refusal-next-user-blocked = Only an administrator can lift the block.

# A forgotten password.
forgot-title = Forgot your password?
forgot-text = Tell us your address, and we will mail you a link to set a new one.
forgot-action = Send the link
forgot-sent-title = Look into your mailbox
forgot-sent-text = If there is an account or an open invitation for { $address }, a mail is on its way.
reset-title = Set a new password
reset-text = Every session that is open anywhere ends when you do.
dead-reset-text-expired = Links to set a password work for an hour. Ask for a new one.
dead-reset-text-replaced = A newer link was made, or the password changed since. Only the newest link works.
dead-reset-text-used = A password was set with it. If that was not you, ask for a new link now.
dead-reset-text-unknown = We do not know this link. Perhaps it was cut short on its way: try to copy it from the mail as a whole.
dead-reset-again = Ask for a new link
reset-done-title = Your new password is set
reset-done-text = Every open session has ended. Log in with the new password.

# The account.
account-title = Your account
account-verified = confirmed
account-unverified = not confirmed
account-confirm-address = Confirm it
account-change-address = Change it
account-ways = Ways in
account-ways-text = Each of them opens this one account.
account-no-password = not set
account-password-set = set
account-password-since = set on
account-linked = connected
account-not-linked = not connected
account-last-way = This is the last way into your account, so it stays. Add another one first.
account-connect = Connect { $provider }
account-remove = Remove { $provider }
account-remove-password = Remove password
account-change-password = Change password
account-set-password = Set a password
account-session-password = Signed in by password on
account-session-provider = Signed in by { $provider } on
account-console = Open the console
done-connected = Connected. It opens your account from now on.
done-removed = Removed. It no longer opens your account.
done-password-saved = Your password is saved.
done-last-way-kept = The last way into your account stays. Add another one first.
done-merged = Both accounts are one now.
done-not-merged = These two accounts cannot be brought together here. Please ask whoever runs this site.
done-address-confirmed = Your address is confirmed.
done-address-changed = Your account has its new address. Every other session has ended.

# What went wrong. The provider text names one; the plain one knows none.
notice-title-not-found = There is nothing here
notice-text-not-found = The address may be mistyped, or the page has moved.
notice-title-bad-request = That did not make sense
notice-text-bad-request = The request was incomplete or malformed. Go back and try again.
notice-title-stale-form = Please try that again
notice-text-stale-form = The form was open for too long, or it did not come from this page. Nothing was changed.
notice-title-lost-way = Please start again
notice-text-lost-way = We lost track of where you were: too much time has passed, or cookies are off in this browser. Open the link in your mail, or log in again.
notice-title-too-many-attempts = Too many attempts
notice-text-too-many-attempts = Please wait a few minutes and try again.
notice-title-busy = One moment, please
notice-text-busy = Too many people are at the door right now. Try again in a few seconds.
notice-title-upstream-failed = The provider did not answer
notice-text-upstream-failed = The provider did not answer as it should. Nothing was changed; please try again.
notice-provider-upstream-failed = { $provider } did not answer as it should. Nothing was changed; please try again.
notice-title-upstream-denied = You did not come through
notice-text-upstream-denied = The provider was told no, or said no. You can try again or choose another way.
notice-provider-upstream-denied = { $provider } was told no, or said no. You can try again or choose another way.
notice-title-not-admin = This is for administrators
notice-text-not-admin = You are signed in, but your account may not use the console.
notice-title-internal = Something broke
notice-text-internal = That was our fault, and it is noted. Please try again in a moment.
notice-request = Request

# Proving the own address.
address-title = Confirm your address
address-why = You came in by a link that was handed to you, so we do not know yet whether the mailbox { $email } is yours. We mail a code to it; type the code in here.
address-mailed = We mailed a code to { $email }. Type it in here.
address-mail-code = Mail me a code
address-mail-another = Mail me another code
address-confirm = Confirm address
address-back = Back to your account

# Another address.
change-address-title = Change your address
change-address-why = Your account has the address { $email }. We mail a code to the new one; type the code in here, and the new address takes its place. The old one gets a mail with a link to undo it.
change-address-new = New email
change-address-mail = Mail me a code
change-address-mailed = We mailed a code to { $email }. Type it in here. Everybody else who is logged in to your account is then logged out.
change-address-press = Change address
change-address-cancel = Leave it as it is

# Back to the application.
answer-title = One moment
answer-text = You are on your way back to the application. If nothing happens, press the button.
answer-press = Continue
answer-told = You are logged in. You can close this page.

# A link that undoes a change.
undo-title-unlink = Take { $provider } off again?
undo-title-relink = Bring { $provider } back?
undo-text-unlink = { $provider } opens the account { $email }. If you did not connect it, take it off again.
undo-text-relink = { $provider } was removed from the account { $email }. If you did not remove it, bring it back.
undo-title-move = Bring your account back?
undo-text-move = The account of { $email } has the address { $moved_to } now. If you did not change it, take the account back to { $email }.
undo-move-takes = The password goes, and so does every way in that was added since this mailbox was last confirmed. You then set a new password.
undo-evicts = Everybody who is logged in to this account, anywhere, is then logged out.
undo-press = Undo it
undo-leave = If it was you, there is nothing to do here.
undo-done-title = Undone
undo-done-text = It is as it was before, and everybody was logged out. If somebody else knows your password, set a new one.
undo-done-moved = Your account has the address { $email } again, everybody was logged out, and the old password opens nothing any more.
undo-done-password = Set a new password
dead-undo-title = Nothing was undone
dead-undo-over = A change can be undone for seven days. They are over; on your account page you can still change it.
dead-undo-already = This was undone already.
dead-undo-changed = Things have changed since: there is nothing left to undo.
dead-undo-last-way = It is the last way into the account, so it stays. Set a password first.
dead-undo-kept = This cannot be undone here: it belongs to another account by now, or the account is blocked.
dead-undo-unknown = We do not know this link. Perhaps it was cut short on its way: try to copy it from the mail as a whole.
dead-undo-account = Your account

# Two accounts of one person.
merge-title = Is this account yours too?
merge-intro = This { $provider } login opens another account here.
merge-first = You are logged in as
merge-second = { $provider } opens
merge-explained = If both are yours, you can bring them together. Every provider that opens { $second } then opens { $first }, and everybody who is logged in to { $second } is logged out.
merge-password = The password of { $second } opens nothing any more.
merge-differs = Where the two differ, { $first } stays as it is:
merge-differs-line = { $kept } stays, { $dropped } goes
merge-final = This cannot be undone. Both addresses get a mail.
merge-press = Bring both together
merge-leave = Leave them as they are
