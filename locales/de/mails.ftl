# Was in jeder E-Mail steht.
mail-hello = Guten Tag,
mail-hello-by-name = Guten Tag { $name },
mail-link-as-text = Wenn der Knopf nicht funktioniert, kopieren Sie diese Adresse in Ihren Browser:
mail-account-open = Ihr Konto
mail-support = Wenn Sie Hilfe brauchen, schreiben Sie an { $support }.
mail-footer = Diese E-Mail ging an { $address }, weil es dafür ein Konto oder eine Einladung bei { $site } gibt.

# Sie sind eingeladen.
mail-invitation-subject = Einladung zu { $place }
mail-invitation-subject-by = { $inviter } lädt Sie zu { $place } ein
mail-invitation-text = Sie stehen auf der Gästeliste von { $place }. Die Einladung gilt für { $address }.
mail-invitation-text-by = { $inviter } hat Sie auf die Gästeliste von { $place } gesetzt. Die Einladung gilt für { $address }.
mail-invitation-note = Mit diesen Worten:
mail-invitation-note-by = { $inviter } schreibt:
mail-invitation-do = Öffnen Sie Ihre Einladung und wählen Sie, wie Sie hereinkommen möchten:
mail-invitation-open = Einladung öffnen
mail-invitation-until = Die Einladung ist offen bis { $moment }.
mail-invitation-keep = Der Link ist nur für Sie: Wer ihn hat, kann an Ihrer Stelle hereinkommen. Bitte geben Sie ihn nicht weiter.
mail-invitation-ignore = Wenn Sie das nicht erwartet haben, können Sie es ignorieren. Ohne Sie geschieht nichts.

# Ein neues Passwort.
mail-reset-subject = Neues Passwort festlegen
mail-reset-text = Jemand, hoffentlich Sie, hat für { $address } bei { $site } ein neues Passwort verlangt.
mail-reset-do = Wählen Sie es hier. Jede Sitzung, die irgendwo offen ist, endet damit:
mail-reset-open = Neues Passwort festlegen
mail-reset-until = Der Link funktioniert einmal, bis { $moment }.
mail-reset-ignore = Wenn Sie das nicht waren, können Sie es ignorieren. Ihr Passwort bleibt, wie es ist.

mail-address-code-subject = Ihr Code für { $site }
mail-address-code-text = Jemand, hoffentlich Sie, möchte bestätigen, dass das Postfach { $address } zu einem Konto bei { $site } gehört. Das ist der Code:
mail-address-code-do = Geben Sie ihn auf der Seite Ihres Kontos ein:
mail-address-code-until = Er funktioniert einmal, bis { $moment }.
mail-address-code-ignore = Wenn Sie das nicht waren, ignorieren Sie diese Mail und sagen Sie den Code niemandem: ohne ihn wird nichts bestätigt.

# Eine andere Adresse.
mail-move-code-text = Jemand, hoffentlich Sie, möchte einem Konto bei { $site } die Adresse { $address } geben. Das ist der Code:
mail-move-code-do = Geben Sie ihn dort ein, wo die Adresse geändert wird:
mail-move-code-ignore = Wenn Sie das nicht waren, ignorieren Sie diese Mail und sagen Sie den Code niemandem: ohne ihn wird nichts geändert.
mail-address-taken-subject = Bei { $site } wurde nichts geändert
mail-address-taken-text = Jemand, vielleicht Sie, wollte einem anderen Konto bei { $site } die Adresse { $address } geben. Sie gehört hier schon zu einem Konto oder einer Einladung, darum wurde nichts geändert.
mail-address-taken-do = Wenn Sie dieses Konto meinten, melden Sie sich darin an:
mail-address-changed-subject = Ihr Konto bei { $site } hat jetzt eine andere Adresse
mail-address-changed-text = Seit { $moment } hat das Konto von { $address } bei { $site } die Adresse { $to }.
mail-address-changed-you = Wenn Sie das waren, ist nichts zu tun.
mail-address-changed-not-you = Wenn nicht, machen Sie es rückgängig: Das Konto kommt zu dieser Adresse zurück, alle werden abgemeldet, und Sie legen ein neues Passwort fest. Der Link funktioniert bis { $moment }.
mail-address-restored-subject = Ihr Konto ist zurück
mail-address-restored-text = Seit { $moment } hat das Konto bei { $site } wieder die Adresse { $address }. Alle wurden abgemeldet, und sein Passwort öffnet nichts mehr.
mail-address-restored-do = Legen Sie ein neues Passwort fest:

# Ein neues Passwort wurde verlangt, wo es keines gibt.
mail-no-password-subject = So melden Sie sich bei { $site } an
mail-no-password-text = Jemand, hoffentlich Sie, hat für { $address } bei { $site } ein neues Passwort verlangt. Dieses Konto hat kein Passwort.
mail-no-password-ways = Geöffnet wird es mit:
mail-no-password-do = Melden Sie sich so an. Auf Ihrer Kontoseite können Sie dann ein Passwort festlegen, wenn Sie eines möchten:
mail-no-password-open = Anmelden
mail-no-password-ignore = Wenn Sie das nicht waren, können Sie es ignorieren. Es wurde nichts geändert.

# Sie sind drin.
mail-welcome-subject = Willkommen bei { $place }
mail-welcome-text = Sie haben Ihre Einladung zu { $place } angenommen. Ihr Konto ist offen, unter { $address }.
mail-welcome-account = Ihre Kontoseite zeigt jeden Weg hinein, und dort können Sie weitere hinzufügen:
mail-welcome-not-you = Wenn Sie das nicht waren, hat jemand anders Ihren Link geöffnet. Bitte sagen Sie es der Person, die Sie eingeladen hat.

# An den Wegen hinein hat sich etwas geändert.
mail-password-changed-subject = Ihr Passwort wurde geändert
mail-password-changed-text = Das Passwort für { $address } bei { $site } wurde am { $moment } festgelegt oder geändert.
mail-password-changed-not-you = Wenn Sie das waren, ist nichts zu tun. Wenn nicht, legen Sie sofort ein neues Passwort fest:
mail-way-in-added-subject = { $provider } öffnet jetzt Ihr Konto
mail-way-in-added-text = Seit { $moment } öffnet auch { $provider } das Konto { $address } bei { $site }.
mail-way-in-added-not-you = Wenn Sie das waren, ist nichts zu tun. Wenn nicht, entfernen Sie es auf Ihrer Kontoseite und ändern Sie Ihr Passwort:
mail-way-in-removed-subject = { $provider } öffnet Ihr Konto nicht mehr
mail-way-in-removed-text = Seit { $moment } öffnet { $provider } das Konto { $address } bei { $site } nicht mehr.
mail-way-in-removed-not-you = Wenn Sie das waren, ist nichts zu tun. Wenn nicht, sehen Sie auf Ihrer Kontoseite nach und ändern Sie Ihr Passwort:
mail-undo-text = Oder machen Sie es rückgängig: Alle, die in diesem Konto angemeldet sind, werden dann abgemeldet. Der Link funktioniert bis { $moment }.
mail-undo-open = Rückgängig machen

# Ein Test.
mail-test-subject = Ein Test von { $site }
mail-test-text = Dies ist ein Test, geschrieben am { $moment }. Sie lesen ihn, also kommt E-Mail von { $site } an.

# Eine Einladung wurde mit einem anderen Konto angenommen.
mail-invitation-brought-subject = Ihre Einladung zu { $site } wurde angenommen
mail-invitation-brought-text = Am { $moment } wurde die Einladung für { $invited } mit dem Konto { $account } bei { $site } angenommen. Dieses Konto hat jetzt, was die Einladung bot.
mail-invitation-brought-not-you = Wenn Sie das waren, ist nichts zu tun. Wenn nicht, hat jemand anders den Link geöffnet. Bitte sagen Sie es der Person, die Sie eingeladen hat.

# Zwei Konten wurden eines.
mail-accounts-merged-subject = Zwei Konten bei { $site } sind jetzt eines
mail-accounts-merged-text = Seit { $moment } ist das Konto { $merged } bei { $site } ein Teil des Kontos { $kept }.
mail-accounts-merged-ways = Jeder Anbieter, der eines der beiden geöffnet hat, öffnet von nun an { $kept }. Das Passwort des anderen öffnet nichts mehr, und alle, die dort angemeldet waren, sind abgemeldet.
mail-accounts-merged-not-you = Wenn Sie das nicht wollten, sagen Sie es bitte sofort denen, die die Site betreiben.
