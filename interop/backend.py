"""A backend in Python with the library that Auth0 publishes, `auth0-python`, unmodified: what `backend` in
applications.mjs does, and what the library's classes for authentication are answered.

    python backend.py ISSUER

Reads the clients' ids and secrets, as a line of JSON; prints what it found, as a line of JSON. The library is told of a
certificate of one's own by SSL_CERT_FILE (the Management client) and REQUESTS_CA_BUNDLE (the classes for authentication).
"""

import json
import sys
from urllib.parse import urlsplit

from auth0.authentication import Database, GetToken
from auth0.authentication.exceptions import Auth0Error
from auth0.management import ManagementClient
from auth0.management.core.api_error import ApiError

CONNECTION = "Username-Password-Authentication"
EMAIL = "by-python@example.org"
RANDOM = "random-1f8e7d6c5b4a"

domain = urlsplit(sys.argv[1]).netloc
clients = json.loads(sys.stdin.readline())
client_id, client_secret = clients["backend"]["client_id"], clients["backend"]["client_secret"]
management = ManagementClient(domain=domain, client_id=client_id, client_secret=client_secret)


def failure(act):
    try:
        act()
    except ApiError as error:
        return error.status_code
    return None


# The Management client: a person is made by a program, is found in every way, and gets a ticket.
user_id = management.users.create(connection=CONNECTION, email=EMAIL, email_verified=False, verify_email=False,
                                  password=RANDOM, app_metadata={"invited": True}).user_id
changed = management.users.update(user_id, user_metadata={"desk": "door"}, name="Anna Berg")
other = management.users.create(connection=CONNECTION, email="gone-python@example.org", email_verified=True,
                                password=RANDOM)
# One on a page, so that the pager has pages to turn.
listed = [user.user_id for user in management.users.list(per_page=1)]
found = [user.user_id for user in management.users.list(q=f'email:"{EMAIL}"', search_engine="v3")]
by_email = [user.user_id for user in management.users.list_users_by_email(email=EMAIL)]
applications = list(management.clients.list(per_page=2))
ways = sorted(connection.name for connection in management.connections.list())
# What happened to the person so far, and what is open to them: nothing.
log = [record.type for record in management.users.logs.list(user_id)]
logged = any(record.user_id == user_id for record in management.logs.list(per_page=100))
still_open = [len(list(found)) for found in (management.users.sessions.list(user_id),
                                       management.users.refresh_token.list(user_id),
                                       management.user_grants.list(user_id=user_id))]
management.users.delete(other.user_id)
gone = failure(lambda: management.users.get(other.user_id))
# The library asks three times before it believes a conflict.
twice = failure(lambda: management.users.create(connection=CONNECTION, email=EMAIL, password=RANDOM))
unknown = failure(lambda: management.users.get("auth0|nobody"))

# The classes for authentication. They post JSON, and a token that they get serves the Management client as well.
token = GetToken(domain, client_id, client_secret).client_credentials(f"https://{domain}/api/v2/")["access_token"]
named = ManagementClient(domain=domain, token=token).users.get(user_id).name
database = Database(domain, clients["default"]["client_id"])
signups = []
for email in (EMAIL, "stranger@example.org"):
    try:
        signups.append(str(database.signup(email, RANDOM, CONNECTION)))
    except Auth0Error as error:
        signups.append(f"{error.status_code} {error.error_code}: {error.message}")
forgotten = [database.change_password(email, CONNECTION) for email in (EMAIL, "stranger@example.org")]

# Last: the newest link is the one that works.
ticket = management.tickets.change_password(user_id=user_id, client_id=clients["default"]["client_id"], ttl_sec=3600,
                                            mark_email_as_verified=True).ticket
print(json.dumps({
    "ticket": ticket, "email": EMAIL, "id": user_id, "changed": [changed.user_metadata["desk"], changed.name],
    "byEmail": by_email, "listed": {user_id, other.user_id} <= set(listed), "found": found,
    "applications": len(applications), "ways": ways, "twice": twice, "unknown": unknown,
    "log": log, "logged": logged, "open": still_open, "gone": gone, "named": named, "signups": signups, "forgotten": forgotten,
}))
