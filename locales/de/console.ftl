# Der Rahmen der Verwaltung.
console-skip = Zum Inhalt springen
console-navigation = Verwaltung
console-invitations = Einladungen
console-people = Personen
console-invite = Jemanden einladen
console-invite-first = Den ersten Gast einladen
console-filter = Anzeigen
console-all = Alle
console-none-yet = Noch ist niemand eingeladen. Eine Einladung dauert eine Minute: Eine Adresse genügt.
console-none-such = In diesem Zustand gibt es keine Einladung.
console-pages = Seiten
console-previous = Neuere
console-next = Ältere
console-timeline = Was geschah

# Beschriftungen.
label-name = Name
label-application = Anwendung
label-message = Nachricht
label-language = Sprache
label-status = Zustand
label-mail = E-Mail-Versand
label-invited = Eingeladen
label-inviter = Eingeladen von
label-expires = Offen bis
label-person = Person
label-link = Link
label-id = Benutzer-ID
label-created = Angelegt
label-last-login = Letzte Anmeldung
label-invitation = Einladung

# Das Formular, das einlädt.
invite-no-application = Keine bestimmte
invite-message-hint = Nur Text. Er steht in der E-Mail und auf der Seite.
invite-send = Einladung schicken
invite-make-link = Einladungslink erzeugen
invite-no-mail = Es ist kein Mailserver eingerichtet. Sie bekommen einen Link, den Sie selbst weitergeben.
invite-problem-not-an-address = An diese Adresse können wir keine E-Mail schicken.
invite-problem-already-pending = Diese Adresse ist schon eingeladen.
invite-problem-already-here = Diese Adresse hat schon ein Konto.
invite-problem-too-many = An diese Adresse gingen zuletzt viele E-Mails. Bitte warten Sie, bevor Sie sie wieder einladen.
invite-see-invitation = Zur Einladung
invite-see-person = Zur Person

# Eine Einladung.
invitation-facts = Einzelheiten
invitation-see-person = Zur Person
invitation-copy-link = Link kopieren
invitation-resend = Noch einmal schicken
invitation-revoke = Zurückziehen
invitation-link-hint = Kopieren Sie ihn jetzt: Er wird nur einmal gezeigt. Wer ihn öffnet, kann die Einladung annehmen; geben Sie ihn mit Bedacht weiter.
invitation-done-invited = Eingeladen. Eine E-Mail ist unterwegs.
invitation-done-link-made = Hier ist ein Link zum Weitergeben. Ein früher kopierter Link gilt nicht mehr.
invitation-done-resent = Eine neue E-Mail ist unterwegs. Ältere Links gelten nicht mehr.
invitation-done-revoked = Zurückgezogen. Ihre Links gelten nicht mehr.
revoke-title = Einladung zurückziehen?
revoke-text = Die Links von { $address } gelten sofort nicht mehr. Sie können dieselbe Adresse später wieder einladen.

# Zustände.
status-pending = offen
status-accepted = angenommen
status-expired = abgelaufen
status-revoked = zurückgezogen
status-declined = abgelehnt
delivery-queued = unterwegs
delivery-sent = verschickt
delivery-bounced = abgewiesen
delivery-failed = aufgegeben
delivery-cancelled = gestrichen
delivery-none = keine E-Mail
delivery-attempts = { $count ->
    [one] { $count } Versuch
   *[other] { $count } Versuche
}

# Personen.
people-search = Nach E-Mail suchen
people-search-action = Suchen
people-none = Niemand passt. Gesucht wird nach dem Anfang einer Adresse.
person-pending = eingeladen
person-active = aktiv
person-blocked = gesperrt
person-admin = Verwaltung
person-text-pending = Kann sich noch nicht anmelden: Die Einladung ist nicht angenommen.
person-text-active = Kann sich auf jedem der Wege unten anmelden.
person-text-blocked = Kann sich nicht anmelden, bis die Sperre aufgehoben ist.
person-block = Sperren
person-unblock = Sperre aufheben
person-facts = Einzelheiten
person-logins = { $count ->
    [one] { $count } Anmeldung
   *[other] { $count } Anmeldungen
}
person-no-ways = Noch kein Weg hinein.

# Warum eine Identität zu ihrer Person gehört.
rule-acceptance = kam mit der Einladung
rule-own-account = selbst verbunden, nach erneuter Anmeldung
rule-confirmed-at-sign-in = bei der Anmeldung selbst bestätigt
rule-authoritative = der Anbieter steht für diese Domain ein
rule-api = über die API verbunden

# Wer es war.
by-guest = der Gast
by-operator = der Betrieb
by-system = Guestlist

# Was geschah.
event-invitation-created = Einladung angelegt
event-invitation-sent = E-Mail an den Mailserver übergeben
event-invitation-bounced = E-Mail vom Mailserver abgewiesen
event-invitation-accepted = Einladung angenommen
event-invitation-declined = Einladung abgelehnt
event-invitation-resent = Neuer Link erzeugt
event-invitation-updated = Einladung geändert
event-invitation-revoked = Einladung zurückgezogen
event-invitation-expired = Einladung abgelaufen
event-user-created = Auf die Liste gesetzt
event-user-updated = Angaben geändert
event-user-linked = Weg hinzugefügt
event-user-unlinked = Weg entfernt
event-user-blocked = Gesperrt
event-user-unblocked = Sperre aufgehoben
event-user-deleted = Gelöscht
event-user-password-changed = Passwort festgelegt
event-user-reset-requested = Link für ein Passwort angefordert
event-login-succeeded = Angemeldet
event-login-failed = Anmeldung fehlgeschlagen
event-session-ended = Abgemeldet
event-grant-reused = Ein benutzter Code oder Token kam noch einmal
event-grant-revoked = Zugang einer Anwendung beendet
event-client-changed = Anwendung geändert
event-connection-changed = Verbindung geändert
event-keys-rotated = Signaturschlüssel gewechselt
