# What every mail says.
mail-hello = Hello,
mail-hello-by-name = Hello { $name },
mail-link-as-text = If the button does not work, copy this address into your browser:
mail-account-open = Your account
mail-support = If you need help, write to { $support }.
mail-footer = This mail went to { $address } because of an account or an invitation at { $site }.

# You are invited.
mail-invitation-subject = You are invited to { $place }
mail-invitation-subject-by = { $inviter } invites you to { $place }
mail-invitation-text = You are on the guest list of { $place }. The invitation is for { $address }.
mail-invitation-text-by = { $inviter } has put you on the guest list of { $place }. The invitation is for { $address }.
mail-invitation-note = With these words:
mail-invitation-note-by = { $inviter } writes:
mail-invitation-do = Open your invitation and choose how you want to come in:
mail-invitation-open = Open the invitation
mail-invitation-until = The invitation is open until { $moment }.
mail-invitation-keep = The link is for you alone: whoever has it can come in as you. Please do not pass it on.
mail-invitation-ignore = If you did not expect this, you can ignore it. Without you nothing happens.

# A new password.
mail-reset-subject = Set a new password
mail-reset-text = Somebody, hopefully you, asked for a new password for { $address } at { $site }.
mail-reset-do = Choose it here. Every session that is open anywhere then ends:
mail-reset-open = Set a new password
mail-reset-until = The link works once, until { $moment }.
mail-reset-ignore = If that was not you, you can ignore it. Your password stays as it is.

mail-address-code-subject = Your code for { $site }
mail-address-code-text = Somebody, hopefully you, wants to confirm that the mailbox { $address } belongs to an account at { $site }. This is the code:
mail-address-code-do = Type it in on the page of your account:
mail-address-code-until = It works once, until { $moment }.
mail-address-code-ignore = If that was not you, ignore this mail, and tell the code to nobody: without it, nothing is confirmed.

# Another address.
mail-move-code-text = Somebody, hopefully you, wants an account at { $site } to have the address { $address }. This is the code:
mail-move-code-do = Type it in where the address is changed:
mail-move-code-ignore = If that was not you, ignore this mail, and tell the code to nobody: without it, nothing is changed.
mail-address-taken-subject = Nothing was changed at { $site }
mail-address-taken-text = Somebody, perhaps you, wanted another account at { $site } to have the address { $address }. It belongs to an account or an invitation here already, so nothing was changed.
mail-address-taken-do = If you meant this account, log in to it:
mail-address-changed-subject = Your account at { $site } has another address now
mail-address-changed-text = Since { $moment }, the account of { $address } at { $site } has the address { $to }.
mail-address-changed-you = If that was you, there is nothing to do.
mail-address-changed-not-you = If not, undo it: the account comes back to this address, everybody is logged out, and you set a new password. The link works until { $moment }.
mail-address-restored-subject = Your account is back
mail-address-restored-text = Since { $moment }, the account at { $site } has the address { $address } again. Everybody was logged out, and its password opens nothing any more.
mail-address-restored-do = Set a new password:

# A new password was asked for where there is none.
mail-no-password-subject = How to log in to { $site }
mail-no-password-text = Somebody, hopefully you, asked for a new password for { $address } at { $site }. This account has no password.
mail-no-password-ways = It is opened with:
mail-no-password-do = Log in that way. You can then set a password on your account page, if you want one:
mail-no-password-open = Log in
mail-no-password-ignore = If that was not you, you can ignore it. Nothing has changed.

# You are in.
mail-welcome-subject = Welcome to { $place }
mail-welcome-text = You have accepted your invitation to { $place }. Your account is open, under { $address }.
mail-welcome-account = Your account page shows every way in, and lets you add others:
mail-welcome-not-you = If that was not you, somebody else has opened your link. Please tell whoever invited you.

# Something about the ways in has changed.
mail-password-changed-subject = Your password was changed
mail-password-changed-text = The password for { $address } at { $site } was set or changed on { $moment }.
mail-password-changed-not-you = If that was you, there is nothing to do. If not, set a new password at once:
mail-way-in-added-subject = { $provider } now opens your account
mail-way-in-added-text = Since { $moment }, the account { $address } at { $site } can also be opened with { $provider }.
mail-way-in-added-not-you = If that was you, there is nothing to do. If not, remove it on your account page and change your password:
mail-way-in-removed-subject = { $provider } no longer opens your account
mail-way-in-removed-text = Since { $moment }, the account { $address } at { $site } can no longer be opened with { $provider }.
mail-way-in-removed-not-you = If that was you, there is nothing to do. If not, look at your account page and change your password:
mail-undo-text = Or undo it: everybody who is logged in to this account is then logged out. The link works until { $moment }.
mail-undo-open = Undo it

# A test.
mail-test-subject = A test from { $site }
mail-test-text = This is a test, written on { $moment }. You are reading it, so mail from { $site } arrives.

# An invitation was accepted with another account.
mail-invitation-brought-subject = Your invitation to { $site } was accepted
mail-invitation-brought-text = On { $moment }, the invitation for { $invited } was accepted with the account { $account } at { $site }. That account has now what the invitation offered.
mail-invitation-brought-not-you = If that was you, there is nothing to do. If not, somebody else opened the link. Please tell the person who invited you.

# Two accounts became one.
mail-accounts-merged-subject = Two accounts at { $site } are one now
mail-accounts-merged-text = Since { $moment }, the account { $merged } at { $site } is a part of the account { $kept }.
mail-accounts-merged-ways = Every provider that opened either of them opens { $kept } from now on. The password of the other one opens nothing any more, and everybody who was logged in to it is logged out.
mail-accounts-merged-not-you = If you did not want that, please tell whoever runs the site at once.
