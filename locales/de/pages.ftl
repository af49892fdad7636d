# Bedienelemente. Von außen werden sie unter diesen Namen gefunden.
label-email = E-Mail
label-password = Passwort
label-current-password = Aktuelles Passwort
label-code = Code
label-new-password = Neues Passwort
action-set-password = Passwort festlegen
action-log-in = Anmelden
action-log-out = Abmelden
action-continue-with = Weiter mit { $provider }
action-new-link = Neuen Link schicken
action-cancel = Abbrechen
or = oder
optional = (freiwillig)
password-hint = Mindestens 8 Zeichen. Gut sind ein paar Wörter ohne Zusammenhang.

# Wege zurück.
back-application = Zurück zu { $application }
back-invitation = Zurück zur Einladung
back-account = Zurück zu Ihrem Konto
back-login = Zurück zur Anmeldung

# Was an einem Formular nicht stimmt.
problem-wrong-credentials = E-Mail und Passwort passen nicht zusammen.
problem-wrong-password = Das aktuelle Passwort stimmt nicht.
problem-too-many-attempts = Zu viele Versuche. Bitte warten Sie einige Minuten, oder nehmen Sie einen anderen Weg.
problem-wrong-code = Das ist nicht der Code. Bitte schauen Sie noch einmal.
problem-dead-code = Dieser Code gilt nicht mehr. Lassen Sie sich einen neuen schicken.
problem-not-an-address = An diese Adresse können wir keine E-Mail schicken.
problem-same-address = Das ist schon Ihre Adresse.
problem-address-taken = Diese Adresse gehört inzwischen zu einem anderen Konto. Ihre Adresse bleibt, wie sie war.
problem-password-too-short = Das Passwort braucht mindestens 8 Zeichen.
problem-password-too-long = Das Passwort ist zu lang.
problem-password-guessable = Dieses Passwort ist zu leicht zu erraten. Gut sind ein paar Wörter ohne Zusammenhang.
problem-password-personal = Das Passwort darf nicht Ihr Name oder Ihre E-Mail-Adresse sein.

# Die Einladung.
accept-eyebrow = Ihre Einladung
accept-title-both = { $inviter } lädt Sie zu { $application } ein
accept-title-inviter = { $inviter } lädt Sie ein
accept-title-application = Sie sind zu { $application } eingeladen
accept-title-plain = Sie sind eingeladen
accept-until = Diese Einladung gilt bis
accept-ways = Wie möchten Sie hereinkommen?
accept-no-way = Für diese Einladung ist gerade kein Weg offen. Bitte sagen Sie es der Person, die Sie eingeladen hat.
accept-have-account = Ich habe hier schon ein Konto
decline-question = Nicht für Sie, oder nicht erwartet?
decline-explained = Sie können diese Seite einfach verlassen: Ohne Sie geschieht nichts. Oder Sie lehnen ab, dann gilt der Link endgültig nicht mehr.
decline-action = Einladung ablehnen
declined-title = Sie haben abgelehnt
declined-text = Die Einladung ist geschlossen, ihr Link gilt nicht mehr. War es ein Versehen, bitten Sie um eine neue.
declined-text-inviter = Die Einladung ist geschlossen, ihr Link gilt nicht mehr. War es ein Versehen, bitten Sie { $inviter } um eine neue.

# Ein Anbieter nennt eine andere Adresse.
confirm-title = Zwei verschiedene Adressen
confirm-intro = Das Konto, das Sie bei { $provider } gewählt haben, trägt nicht die eingeladene Adresse.
confirm-invited = Eingeladen
confirm-came = Von { $provider }
confirm-no-address = keine Adresse genannt
confirm-explained = Wenn beide Ihnen gehören, machen Sie weiter. Von da an öffnet dieses Konto bei { $provider } das Konto dieser Einladung.
confirm-continue-as = Weiter als { $address }
confirm-continue = Weiter mit diesem Konto
confirm-other = Anderes Konto verwenden
confirm-account-title = Ist das Ihr Konto?
confirm-account-intro = Diese Anmeldung bei { $provider } öffnet hier schon ein Konto. Ihre Einladung gilt für eine andere Adresse.
confirm-account = Das Konto
confirm-account-explained = Sie können die Einladung mit { $account } annehmen. Beide Adressen bekommen darüber eine E-Mail. Oder gehen Sie zurück und nehmen Sie einen anderen Weg; die Einladung bleibt offen.
confirm-account-bring = Als { $account } annehmen

# Links, die nichts öffnen.
dead-title-expired = Dieser Link ist abgelaufen
dead-title-replaced = Es gibt einen neueren Link
dead-title-used = Dieser Link wurde schon benutzt
dead-title-revoked = Diese Einladung wurde zurückgezogen
dead-title-declined = Diese Einladung wurde abgelehnt
dead-title-unknown = Dieser Link funktioniert nicht
dead-text-expired = Links gelten nur eine begrenzte Zeit, und die ist vorbei. Sie stehen weiterhin auf der Liste.
dead-text-replaced = Eine neuere E-Mail ist unterwegs oder schon da. Nur der Link in der neuesten gilt.
dead-text-used = Die Einladung wurde damit angenommen. Melden Sie sich so an, wie Sie es damals gewählt haben.
dead-text-revoked = Die Einladung wurde zurückgenommen und öffnet kein Konto mehr.
dead-text-declined = Jemand hat mit diesem Link abgelehnt und die Einladung damit geschlossen.
dead-text-unknown = Wir kennen diesen Link nicht. Vielleicht wurde er unterwegs abgeschnitten: Kopieren Sie ihn noch einmal ganz aus der E-Mail.
dead-mail-to = Wir können einen neuen Link an { $address } schicken.
dead-ask-inviter = Wenn das nicht stimmen kann, fragen Sie { $inviter }.
dead-ask-application = Wenn das nicht stimmen kann, fragen Sie bei { $application } nach.
dead-ask-anybody = Wenn das nicht stimmen kann, fragen Sie die Person, die Sie eingeladen hat.
link-sent-title = Schauen Sie in Ihr Postfach
link-sent-text = Ein neuer Link ist unterwegs an { $address }.
link-sent-hint = Es kann eine Minute dauern. Kommt nichts an, schauen Sie auch bei der unerwünschten Post nach.

# Jemand anders ist angemeldet.
wrong-user-title = Sie sind als jemand anders angemeldet
wrong-user-text = Sie sind als { $current } angemeldet. Diese Einladung ist für { $invited }.
wrong-user-explained = Wechseln Sie das Konto, um sie anzunehmen. Bis dahin bleibt die Einladung offen.
wrong-user-choose = Wechseln Sie das Konto, um sie als diese Person anzunehmen, oder nehmen Sie sie mit dem Konto an, in dem Sie gerade sind. Bis dahin bleibt die Einladung offen.
wrong-user-bring = Als { $current } annehmen
wrong-user-switch = Konto wechseln
wrong-user-stay = { $current } bleiben

# An- und Abmelden.
login-title-application = Bei { $application } anmelden
login-forgot = Passwort vergessen?
login-by-invitation = Hier kann man sich nicht registrieren: Konten entstehen durch Einladung. Wenn Sie eingeladen sind, öffnen Sie den Link in Ihrer E-Mail.
login-invitation-only = Konten entstehen hier nur durch Einladung.
prove-title = Ist das Ihr Konto?
prove-text = { $provider } hat uns { $address } genannt, und mit dieser Adresse gibt es hier ein Konto. Melden Sie sich einmal wie gewohnt an, dann öffnet auch { $provider } dieses Konto.
prove-other = Bei einem anderen Konto anmelden
fresh-title = Bitte melden Sie sich noch einmal an
fresh-text = Sie sind dabei zu ändern, wie Ihr Konto geöffnet wird. Damit sicher ist, dass Sie es sind, melden Sie sich erst noch einmal an.
logout-title = Abmelden?
logout-text = Sie sind als { $address } angemeldet.
logout-stay = Angemeldet bleiben
logged-out-title = Sie sind abgemeldet
logged-out-text = Ihre Sitzung hier ist beendet. Anwendungen haben vielleicht noch eine eigene.

# Nein, und warum.
refusal-title-not-invited = Sie stehen nicht auf der Liste
refusal-text-not-invited = { $provider } kennt Sie, aber niemand hat dieses Konto hierher eingeladen.
refusal-plain-not-invited = Niemand hat dieses Konto hierher eingeladen.
refusal-next-not-invited = Es wurde kein Konto angelegt. Wenn Sie eingeladen sind, öffnen Sie den Link in Ihrer E-Mail; sonst fragen Sie jemanden, der schon dabei ist.
refusal-title-linked-elsewhere = Dieses Konto gehört zu jemand anderem
refusal-text-linked-elsewhere = Das Konto, das Sie bei { $provider } gewählt haben, öffnet hier schon ein anderes Konto.
refusal-plain-linked-elsewhere = Dies öffnet hier schon ein anderes Konto.
refusal-next-linked-elsewhere = Wählen Sie ein anderes, oder melden Sie sich bei dem Konto an, zu dem es gehört.
refusal-title-connection-not-allowed = Dieser Weg ist hier nicht offen
refusal-text-connection-not-allowed = { $provider } kann dafür nicht benutzt werden.
refusal-plain-connection-not-allowed = Dieser Weg kann dafür nicht benutzt werden.
refusal-next-connection-not-allowed = Gehen Sie zurück und nehmen Sie einen der angebotenen Wege.
refusal-title-email-not-verified = Die Adresse ist nicht bestätigt
refusal-text-email-not-verified = Diese Einladung verlangt eine Adresse, die { $provider } bestätigt hat, und diese hat { $provider } nicht bestätigt.
refusal-plain-email-not-verified = Diese Einladung verlangt eine bestätigte Adresse.
refusal-next-email-not-verified = Bestätigen Sie die Adresse erst dort, oder nehmen Sie einen anderen Weg.
refusal-came = Vom Anbieter
refusal-title-other-email = Das ist eine andere Adresse
refusal-text-other-email = Diese Einladung verlangt die eingeladene Adresse, und { $provider } hat eine andere genannt.
refusal-plain-other-email = Diese Einladung verlangt die eingeladene Adresse.
refusal-next-other-email = Nehmen Sie ein Konto mit der eingeladenen Adresse oder einen anderen Weg.
refusal-title-user-blocked = Dieses Konto ist gesperrt
refusal-text-user-blocked = { $provider } kennt Sie, aber Ihr Konto hier wurde gesperrt.
refusal-plain-user-blocked = Dieses Konto wurde von der Verwaltung gesperrt.
refusal-next-user-blocked = Nur die Verwaltung kann die Sperre aufheben.

# Ein vergessenes Passwort.
forgot-title = Passwort vergessen?
forgot-text = Nennen Sie uns Ihre Adresse, und wir schicken Ihnen einen Link für ein neues.
forgot-action = Link schicken
forgot-sent-title = Schauen Sie in Ihr Postfach
forgot-sent-text = Wenn es für { $address } ein Konto oder eine offene Einladung gibt, ist eine E-Mail unterwegs.
reset-title = Neues Passwort festlegen
reset-text = Dabei endet jede Sitzung, die irgendwo offen ist.
dead-reset-text-expired = Links für ein neues Passwort gelten eine Stunde. Lassen Sie sich einen neuen schicken.
dead-reset-text-replaced = Es gibt einen neueren Link, oder das Passwort wurde seither geändert. Nur der neueste Link gilt.
dead-reset-text-used = Damit wurde ein Passwort festgelegt. Wenn Sie das nicht waren, lassen Sie sich jetzt einen neuen Link schicken.
dead-reset-text-unknown = Wir kennen diesen Link nicht. Vielleicht wurde er unterwegs abgeschnitten: Kopieren Sie ihn noch einmal ganz aus der E-Mail.
dead-reset-again = Neuen Link anfordern
reset-done-title = Ihr neues Passwort gilt
reset-done-text = Jede offene Sitzung ist beendet. Melden Sie sich mit dem neuen Passwort an.

# Das Konto.
account-title = Ihr Konto
account-verified = bestätigt
account-unverified = nicht bestätigt
account-confirm-address = Jetzt bestätigen
account-change-address = Ändern
account-ways = Wege hinein
account-ways-text = Jeder davon öffnet dieses eine Konto.
account-no-password = nicht festgelegt
account-password-set = festgelegt
account-password-since = festgelegt am
account-linked = verbunden
account-not-linked = nicht verbunden
account-last-way = Das ist der letzte Weg in Ihr Konto, darum bleibt er. Fügen Sie erst einen anderen hinzu.
account-connect = { $provider } verbinden
account-remove = { $provider } entfernen
account-remove-password = Passwort entfernen
account-change-password = Passwort ändern
account-set-password = Ein Passwort festlegen
account-session-password = Mit Passwort angemeldet am
account-session-provider = Mit { $provider } angemeldet am
account-console = Zur Verwaltung
done-connected = Verbunden. Damit öffnen Sie Ihr Konto von jetzt an auch.
done-removed = Entfernt. Damit öffnet man Ihr Konto nicht mehr.
done-password-saved = Ihr Passwort ist gespeichert.
done-last-way-kept = Der letzte Weg in Ihr Konto bleibt. Fügen Sie erst einen anderen hinzu.
done-merged = Beide Konten sind jetzt eines.
done-not-merged = Diese beiden Konten lassen sich hier nicht zusammenführen. Bitte fragen Sie, wer diese Site betreibt.
done-address-confirmed = Ihre Adresse ist bestätigt.
done-address-changed = Ihr Konto hat die neue Adresse. Jede andere Sitzung ist beendet.

# Was schiefging.
notice-title-not-found = Hier ist nichts
notice-text-not-found = Vielleicht ist die Adresse vertippt, oder die Seite ist umgezogen.
notice-title-bad-request = Das war nicht verständlich
notice-text-bad-request = Die Anfrage war unvollständig oder fehlerhaft. Gehen Sie zurück und versuchen Sie es noch einmal.
notice-title-stale-form = Bitte versuchen Sie das noch einmal
notice-text-stale-form = Das Formular war zu lange offen, oder es kam nicht von dieser Seite. Es wurde nichts geändert.
notice-title-lost-way = Bitte fangen Sie noch einmal an
notice-text-lost-way = Wir wissen nicht mehr, wo Sie waren: Es ist zu viel Zeit vergangen, oder dieser Browser nimmt keine Cookies an. Öffnen Sie den Link in Ihrer E-Mail, oder melden Sie sich neu an.
notice-title-too-many-attempts = Zu viele Versuche
notice-text-too-many-attempts = Bitte warten Sie einige Minuten und versuchen Sie es noch einmal.
notice-title-busy = Einen Moment, bitte
notice-text-busy = Gerade stehen zu viele vor der Tür. Versuchen Sie es in ein paar Sekunden noch einmal.
notice-title-upstream-failed = Der Anbieter hat nicht geantwortet
notice-text-upstream-failed = Der Anbieter hat nicht geantwortet, wie er sollte. Es wurde nichts geändert; bitte versuchen Sie es noch einmal.
notice-provider-upstream-failed = { $provider } hat nicht geantwortet, wie es sein sollte. Es wurde nichts geändert; bitte versuchen Sie es noch einmal.
notice-title-upstream-denied = Sie sind nicht durchgekommen
notice-text-upstream-denied = Der Anbieter bekam oder gab ein Nein. Versuchen Sie es noch einmal, oder nehmen Sie einen anderen Weg.
notice-provider-upstream-denied = { $provider } bekam oder gab ein Nein. Versuchen Sie es noch einmal, oder nehmen Sie einen anderen Weg.
notice-title-not-admin = Das ist für die Verwaltung
notice-text-not-admin = Sie sind angemeldet, aber Ihr Konto darf die Verwaltung nicht benutzen.
notice-title-internal = Da ist etwas kaputtgegangen
notice-text-internal = Das lag an uns und ist vermerkt. Bitte versuchen Sie es gleich noch einmal.
notice-request = Anfrage

# Die eigene Adresse bestätigen.
address-title = Adresse bestätigen
address-why = Sie sind mit einem Link gekommen, der Ihnen gegeben wurde. Ob das Postfach { $email } Ihnen gehört, wissen wir deshalb noch nicht. Wir schicken einen Code dorthin; geben Sie ihn hier ein.
address-mailed = Wir haben einen Code an { $email } geschickt. Geben Sie ihn hier ein.
address-mail-code = Code schicken
address-mail-another = Neuen Code schicken
address-confirm = Adresse bestätigen
address-back = Zurück zu Ihrem Konto

# Eine andere Adresse.
change-address-title = Adresse ändern
change-address-why = Ihr Konto hat die Adresse { $email }. Wir schicken einen Code an die neue; geben Sie ihn hier ein, dann tritt sie an ihre Stelle. Die alte bekommt eine Mail mit einem Link, der es rückgängig macht.
change-address-new = Neue E-Mail-Adresse
change-address-mail = Code schicken
change-address-mailed = Wir haben einen Code an { $email } geschickt. Geben Sie ihn hier ein. Alle anderen, die in Ihrem Konto angemeldet sind, werden dann abgemeldet.
change-address-press = Adresse ändern
change-address-cancel = So lassen, wie es ist

# Zurück zur Anwendung.
answer-title = Einen Augenblick
answer-text = Sie sind auf dem Weg zurück zur Anwendung. Wenn nichts geschieht, drücken Sie den Knopf.
answer-press = Weiter
answer-told = Sie sind angemeldet. Sie können diese Seite schließen.

# Ein Link, der eine Änderung rückgängig macht.
undo-title-unlink = { $provider } wieder entfernen?
undo-title-relink = { $provider } zurückholen?
undo-text-unlink = { $provider } öffnet das Konto { $email }. Wenn Sie das nicht verbunden haben, entfernen Sie es wieder.
undo-text-relink = { $provider } wurde vom Konto { $email } entfernt. Wenn Sie das nicht waren, holen Sie es zurück.
undo-title-move = Ihr Konto zurückholen?
undo-text-move = Das Konto von { $email } hat jetzt die Adresse { $moved_to }. Wenn Sie das nicht waren, holen Sie es zu { $email } zurück.
undo-move-takes = Das Passwort fällt weg, und ebenso jeder Weg hinein, der hinzukam, seit dieses Postfach zuletzt bestätigt wurde. Danach legen Sie ein neues Passwort fest.
undo-evicts = Alle, die irgendwo in diesem Konto angemeldet sind, werden dann abgemeldet.
undo-press = Rückgängig machen
undo-leave = Wenn Sie es selbst waren, ist hier nichts zu tun.
undo-done-title = Rückgängig gemacht
undo-done-text = Es ist wieder wie vorher, und alle wurden abgemeldet. Wenn jemand anderes Ihr Passwort kennt, legen Sie ein neues fest.
undo-done-moved = Ihr Konto hat wieder die Adresse { $email }, alle wurden abgemeldet, und das alte Passwort öffnet nichts mehr.
undo-done-password = Neues Passwort festlegen
dead-undo-title = Nichts wurde rückgängig gemacht
dead-undo-over = Eine Änderung lässt sich sieben Tage lang rückgängig machen. Die sind vorbei; auf Ihrer Kontoseite können Sie sie noch ändern.
dead-undo-already = Das wurde schon rückgängig gemacht.
dead-undo-changed = Inzwischen hat sich etwas geändert: Es gibt nichts mehr rückgängig zu machen.
dead-undo-last-way = Es ist der letzte Weg in das Konto und bleibt deshalb. Legen Sie zuerst ein Passwort fest.
dead-undo-kept = Das lässt sich hier nicht rückgängig machen: Es gehört inzwischen zu einem anderen Konto, oder das Konto ist gesperrt.
dead-undo-unknown = Diesen Link kennen wir nicht. Vielleicht wurde er unterwegs abgeschnitten: Kopieren Sie ihn vollständig aus der Mail.
dead-undo-account = Ihr Konto

# Zwei Konten einer Person.
merge-title = Gehört Ihnen dieses Konto auch?
merge-intro = Diese Anmeldung mit { $provider } öffnet hier ein anderes Konto.
merge-first = Sie sind angemeldet als
merge-second = { $provider } öffnet
merge-explained = Wenn beide Ihnen gehören, können Sie sie zusammenführen. Jeder Anbieter, der { $second } öffnet, öffnet dann { $first }, und alle, die bei { $second } angemeldet sind, werden abgemeldet.
merge-password = Das Passwort von { $second } öffnet dann nichts mehr.
merge-differs = Wo sich die beiden unterscheiden, bleibt { $first }, wie es ist:
merge-differs-line = { $kept } bleibt, { $dropped } entfällt
merge-final = Das lässt sich nicht rückgängig machen. Beide Adressen erhalten eine Mail.
merge-press = Beide zusammenführen
merge-leave = Beide lassen, wie sie sind
