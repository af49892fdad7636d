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
rule-restored = zurückgeholt: das Entfernen wurde rückgängig gemacht
rule-merged = kam mit einem anderen Konto
rule-merged-by-api = über die API zusammengeführt
rule-merged-by-owner = vom Inhaber zusammengeführt, der beide bewiesen hat
rule-removed-by-owner = vom Inhaber nach frischer Anmeldung entfernt
rule-removed-by-api = über die API entfernt
rule-removed-by-recovery = entfernt: Es kam nach dem letzten Beweis des Postfachs, und das Passwort wurde wiederhergestellt
rule-undone = rückgängig gemacht

# Auf welchen Beweisen.
proof-invitation = die Einladung
proof-provider = die Antwort des Anbieters
proof-authoritative-provider = die Antwort eines maßgeblichen Anbieters
proof-proven-address = die bewiesene Adresse
proof-fresh-sign-in = eine frische Anmeldung
proof-sign-in = eine Anmeldung gleich danach
proof-linked-before = gehörte vorher schon dieser Person
proof-authorized = jemand, der das sagen darf
proof-mailbox = ein an die Adresse gesendeter Link
proof-undo-link = der Link in der Mail

# Das Verzeichnis der Verbindungen.
ledger-title = Warum ist das eine Person?
ledger-text = Jede Verbindung und Trennung mit dem, worauf sie beruht, die neueste zuerst. Nichts wird je herausgenommen. Eine Änderung lässt sich sieben Tage lang rückgängig machen; alle, die in diesem Konto angemeldet sind, werden dann abgemeldet.
ledger-linked = { $provider } verbunden
ledger-unlinked = { $provider } entfernt
ledger-merged = Anderes Konto zusammengeführt
ledger-undone = rückgängig gemacht
ledger-undo = Rückgängig machen

# Frühere Adressen.
moves-title = Änderungen der Adresse
moves-text = Vom Inhaber gemacht, der das neue Postfach nachwies. Rückgängig gemacht, hat das Konto wieder die Adresse von vorher; alle werden abgemeldet, das Passwort fällt weg, und ebenso jeder Weg hinein, der neuer ist als der letzte Nachweis dieses Postfachs.
moves-line = { $from } wurde { $to }
moves-undo = Zurück zu { $from }

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
event-user-merged = Konten zusammengeführt
event-user-blocked = Gesperrt
event-user-unblocked = Sperre aufgehoben
event-user-deleted = Gelöscht
event-user-password-changed = Passwort festgelegt
event-user-reset-requested = Link für ein Passwort angefordert
event-user-address-change-requested = Andere Adresse angefragt
event-login-succeeded = Angemeldet
event-login-failed = Anmeldung fehlgeschlagen
event-session-ended = Abgemeldet
event-grant-reused = Ein benutzter Code oder Token kam noch einmal
event-grant-revoked = Zugang einer Anwendung beendet
event-client-changed = Anwendung geändert
event-resource-server-changed = API geändert
event-connection-changed = Verbindung geändert
event-keys-rotated = Signaturschlüssel gewechselt
event-webhook-changed = Webhook geändert
event-webhook-tested = Webhook ausprobiert

# Verbindungen.
console-connections = Verbindungen
connections-intro = Jede ist ein Weg zu zeigen, wer man ist. Niemand bekommt ein Konto, weil er über eine kommt: Hier ist jeder eingeladen.
connection-button = Knopf
connection-kind = Art
connection-applications = Anwendungen
connection-on = an
connection-off = aus
connection-add = Verbindung hinzufügen
connection-new = Neue Verbindung: { $kind }
connection-callback = Rückkehradresse
connection-callback-hint = Tragen Sie genau das ein, wo der Anbieter fragt, wohin Leute zurückgeschickt werden.
connection-try = Ausprobieren
connection-switch-on = Einschalten
connection-switch-off = Ausschalten
connection-saved = Gespeichert.
connection-name-hint = Buchstaben, Ziffern und einzelne Bindestriche. Er bleibt, wie er ist.
connection-button-hint = Was nach „Weiter mit“ steht.
connection-client-id = Client-ID
connection-client-secret = Client-Secret
connection-private-key = Privater Schlüssel (.p8)
connection-secret-hint = Der Anbieter zeigt es dort, wo die Client-ID steht. Es wird versiegelt aufbewahrt und nie wieder gezeigt.
connection-secret-kept = Eines ist hinterlegt. Lassen Sie das leer, um es zu behalten.
connection-team = Team-ID
connection-key = Schlüssel-ID
connection-tenant = Mandant
connection-tenant-hint = Die ID oder eine Domain der einen Organisation, deren Leute kommen dürfen. Leer: jede Organisation; was sie über Adressen sagen, zählt dann nichts.
connection-issuer = Aussteller
connection-issuer-hint = Genau wie der Anbieter ihn schreibt, mit oder ohne Schrägstrich am Ende.
connection-authorization-url = Adresse für die Anmeldung
connection-token-url = Adresse für Token
connection-userinfo-url = Adresse für die Auskunft
connection-subject-field = Feld, das die Person benennt
connection-subject-field-hint = Es darf sich nie ändern und nie an jemand anderen gehen. Ohne Angabe: sub.
connection-merge = Wenn eine neue Anmeldung die bewiesene Adresse eines Kontos hat
connection-merge-confirm = Nachfragen, dann verbinden
connection-merge-auto = Sofort verbinden und es dem Inhaber sagen
connection-merge-never = Nie verbinden
connection-merge-hint = „Nachfragen“ heißt: eine Anmeldung auf einem Weg, den das Konto schon hat. Die Adresse zählt nur in den Domains unten.
connection-domains = Domains, für die er spricht
connection-domains-hint = Mail-Domains, deren Adressen dieser Anbieter vergibt oder prüft, mit Leerzeichen dazwischen. Was er über andere sagt, beweist nichts.
connection-more = Umfang und Adresse
connection-scope = Scope
connection-base-url = Adresse einer eigenen Installation
connection-base-url-hint = GitHub Enterprise, ein eigenes GitLab, eine souveräne Cloud. Ohne Angabe: die öffentliche.
connection-api-url = Adresse ihrer API
connection-delete-question = Diese Verbindung löschen?
connection-delete-explained = Das geht, solange niemand eine Identität hat, die über sie kam. Um sie für alle zu schließen, schalten Sie sie aus.
connection-delete = Löschen
action-save = Speichern

# Eine Verbindung wurde ausprobiert.
tried-title = { $provider } funktioniert
tried-failed-title = Niemand kam von { $provider } zurück
tried-nothing-changed = Nichts wurde geändert und niemand angemeldet. Das wurde gesagt:
tried-issuer = Aussteller
tried-subject = Kennung
tried-verified = er sagt: geprüft
tried-unverified = nicht geprüft
tried-leads-to = Eine Anmeldung würde jetzt
tried-sign-in = diese Person anmelden
tried-link = mit dem Konto dieser Adresse verbunden
tried-ask-proof = fragen: „Ist das Ihr Konto?“
tried-activate = die Einladung annehmen, die auf diese Adresse wartet
tried-blocked = abgelehnt: Das Konto ist gesperrt
tried-not-open = abgelehnt: Die Verbindung ist aus oder für keine Anwendung offen
tried-not-invited = abgelehnt: Niemand mit dieser Kennung steht auf der Liste
tried-failed-hint = Prüfen Sie Client-ID, Secret und Rückkehradresse beim Anbieter und versuchen Sie es noch einmal.
tried-back = Zurück zur Verbindung

# Webhooks.
console-webhooks = Webhooks
webhooks-intro = Jeder erfährt durch eine signierte Nachricht an seine Adresse, was hier geschieht.
webhooks-none-yet = Niemand außerhalb erfährt, was geschieht. Ein Webhook braucht eine Adresse, die Nachrichten annimmt.
webhook-add = Webhook hinzufügen
webhook-new = Neuer Webhook
webhook-endpoint = Adresse
webhook-endpoint-hint = Eine https-Adresse, die von hier aus erreichbar ist.
webhook-events = Ereignisarten
webhook-events-hint = Mit Leerzeichen oder Zeilen dazwischen. Leer: alle, auch die späterer Versionen.
webhook-events-known = Welche Ereignisarten gibt es?
webhook-authorization = Authorization-Kopfzeile
webhook-authorization-hint = Neben der Signatur, für Empfänger, die danach fragen. Sie bleibt bei dem Host, für den sie angegeben wurde.
webhook-method = Verfahren
webhook-method-none = Keines
webhook-method-bearer = Bearer: ein Token
webhook-method-basic = Basic: Name und Passwort
webhook-username = Benutzername
webhook-secret = Token oder Passwort
webhook-signing-secret = Signaturgeheimnis
webhook-signing-secret-hint = Jetzt kopieren: Es wird einmal gezeigt. Der Empfänger braucht es, um unsere Nachrichten von anderen zu unterscheiden.
webhook-old-secret = Das vorige signiert noch bis
webhook-test = Test senden
webhook-done-saved = Gespeichert.
webhook-done-tested = Ein Test ist unterwegs. Laden Sie die Seite neu, um zu sehen, wie es ausging.
webhook-done-resent = Es ist wieder unterwegs. Laden Sie die Seite neu, um zu sehen, wie es ausging.
webhook-deliveries = Letzte Zustellungen
webhook-no-deliveries = Noch wurde nichts gesendet.
webhook-event = Ereignis
webhook-attempts = Versuche
webhook-last-error = Letzter Fehler
webhook-next = Nächster Versuch:
webhook-send-again = Erneut senden
webhook-status-queued = wartet
webhook-status-delivered = zugestellt
webhook-status-failed = aufgegeben
webhook-rotate-question = Neues Signaturgeheimnis?
webhook-rotate-explained = Das neue signiert sofort. Das vorige signiert noch 24 Stunden lang mit, damit der Empfänger in Ruhe wechseln kann.
webhook-rotate = Neues Geheimnis erzeugen
webhook-delete-question = Diesen Webhook löschen?
webhook-delete-explained = Was auf ihn wartet, wird mit gelöscht. Um es eine Weile zurückzuhalten, schalten Sie ihn ab.
