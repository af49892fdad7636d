// Applications that were written for Auth0, with the libraries that Auth0 publishes, unmodified: a server with the default
// settings of express-openid-connect, one with its code flow, one with passport-auth0, a page with auth0-spa-js that calls an
// API behind express-oauth2-jwt-bearer; and a backend with the Management clients of `auth0` 7 and 4.
//
//   node applications.mjs ISSUER CERTIFICATE KEY
//
// Prints where they listen, as JSON; reads their client ids and secrets, as a line of JSON; prints what the backend
// found, as JSON; ends when its input does.
import { createServer } from "node:https";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import * as seven from "auth0";
import * as four from "auth0-4";
import express from "express";
import { auth, requiredScopes } from "express-oauth2-jwt-bearer";
import openid from "express-openid-connect";
import session from "express-session";
import passport from "passport";
import Auth0Strategy from "passport-auth0";

const [issuer, certificate, key] = process.argv.slice(2);
const domain = new URL(issuer).host;
const tls = { cert: readFileSync(certificate), key: readFileSync(key) };
const library = new URL("node_modules/@auth0/auth0-spa-js/dist/auth0-spa-js.production.js", import.meta.url);

const apps = {};
const addresses = {};
for (const name of ["default", "code", "passport", "page"]) {
  apps[name] = express();
  const server = createServer(tls, apps[name]);
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  addresses[name] = `https://localhost:${server.address().port}`;
}
console.log(JSON.stringify(addresses));

const input = createInterface({ input: process.stdin });
const lines = input[Symbol.asyncIterator]();
const clients = JSON.parse((await lines.next()).value);
input.on("close", () => process.exit(0));

// express-openid-connect: an ID token by a posted form is its default.
for (const [name, more] of [
  ["default", {}],
  ["code", { clientSecret: clients.code.client_secret, pushedAuthorizationRequests: true,
    authorizationParams: { response_type: "code", scope: "openid profile email offline_access" } }],
]) {
  apps[name].use(openid.auth({ issuerBaseURL: issuer, baseURL: addresses[name], clientID: clients[name].client_id,
    secret: "a secret of the application's own, long enough", authRequired: true, idpLogout: true,
    session: { name: `session-${name}` }, transactionCookie: { name: `transaction-${name}` }, ...more }));
  apps[name].get("/", (request, response) => response.send(`Hello ${request.oidc.user.email}`));
}

// passport-auth0. PKCE is asked of everybody here, and its setting is the one line that differs.
{
  const app = apps.passport;
  app.use(session({ name: "session-passport", secret: "another secret", resave: false, saveUninitialized: false }));
  passport.use(new Auth0Strategy({ domain, clientID: clients.passport.client_id,
    clientSecret: clients.passport.client_secret, callbackURL: `${addresses.passport}/callback`, state: true, pkce: true },
  (accessToken, refreshToken, more, profile, done) => done(null, profile)));
  passport.serializeUser((user, done) => done(null, user));
  passport.deserializeUser((user, done) => done(null, user));
  app.use(passport.initialize(), passport.session());
  app.get("/callback", passport.authenticate("auth0", { successRedirect: "/" }));
  app.get("/", (request, response, next) =>
    request.user ? response.send(`Hello ${request.user.emails[0].value}`)
      : passport.authenticate("auth0", { scope: "openid profile email", maxAge: 3600 })(request, response, next));
}

// Two APIs, one for each form of a token. The stricter one wants the standard's.
const [calendar, rooms] = ["https://calendar.example", "https://rooms.example"];
{
  const app = apps.page;
  const check = (audience, more) => auth({ issuerBaseURL: issuer, audience, ...more });
  const greet = (request, response) => response.json({ sub: request.auth.payload.sub });
  app.get("/dates", check(calendar), requiredScopes("read:dates"), greet);
  app.get("/rooms", check(rooms, { strict: true }), requiredScopes("read:rooms"), greet);
  app.delete("/rooms", check(rooms, { strict: true }), requiredScopes("delete:rooms"), greet);
  app.use((error, request, response, next) => response.status(error.status ?? 500).json({ error: error.message }));
}

// auth0-spa-js: in by a redirect, again in silence, the next tokens by a refresh token, with them to an API, out.
{
  const app = apps.page;
  const { client_id } = clients.page;
  app.get("/auth0.js", (request, response) => response.type("js").send(readFileSync(library)));
  app.get("/page.js", (request, response) => response.type("js").send(`
    const said = (words) => { document.getElementById("said").textContent = words; };
    const make = (more, asked) => auth0.createAuth0Client({ domain: ${JSON.stringify(domain)},
      clientId: ${JSON.stringify(client_id)}, authorizationParams: { redirect_uri: location.origin, ...asked }, ...more });
    const failed = (error) => said("Failed: " + (error.error ?? "") + " " + error.message);
    const click = (id, act) => document.getElementById(id).addEventListener("click", () => act().catch(failed));
    const own = await make({ useRefreshTokens: true, cacheLocation: "localstorage" },
      { audience: ${JSON.stringify(calendar)}, scope: "openid profile email read:dates" });
    const greet = async () => {
      if (new URLSearchParams(location.search).has("state")) {
        await own.handleRedirectCallback();
        history.replaceState({}, "", "/");
      }
      const user = await own.getUser();
      said(user ? "Hello " + user.email : "Nobody is signed in here");
    };
    click("in", () => own.loginWithRedirect());
    click("silent", async () => {
      const silent = await make({ cacheLocation: "memory" });
      await silent.getTokenSilently({ cacheMode: "off" });
      said("In silence: " + (await silent.getUser()).email);
    });
    click("refresh", async () => {
      const before = await own.getTokenSilently();
      const after = await own.getTokenSilently({ cacheMode: "off" });
      said(before === after ? "The same tokens" : "Next tokens for " + (await own.getUser()).email);
    });
    click("call", async () => {
      const authorization = "Bearer " + await own.getTokenSilently();
      const answer = await (await fetch("/dates", { headers: { authorization } })).json();
      const user = await own.getUser();
      said(answer.sub === user.sub ? "The API knows " + user.email : "The API says: " + JSON.stringify(answer));
    });
    click("out", () => own.logout({ logoutParams: { returnTo: location.origin } }));
    await greet().catch(failed);
  `));
  app.get("/", (request, response) => response.send(`<!doctype html><meta charset="utf-8"><title>Page</title>
    <button id="in">Sign in here</button> <button id="silent">In silence</button>
    <button id="refresh">Next tokens</button> <button id="call">Call the API</button> <button id="out">Sign out here</button> <p id="said"></p>
    <script src="/auth0.js"></script>
    <script type="module" src="/page.js"></script>`));
}

// The backends: people are made by a program and get a ticket, as in the question that this all began with.
async function backend(version, Management) {
  const { client_id, client_secret } = clients.backend;
  const management = new Management({ domain, clientId: client_id, clientSecret: client_secret });
  const [isSeven, data] = [version === 7, (answer) => (version === 7 ? answer : answer.data)];
  const email = `by-${version}@example.org`;
  const everyone = async (list) => {
    if (!isSeven) return data(await list());
    const all = [];
    for await (const one of await list()) all.push(one);
    return all;
  };
  const failure = async (act) => act().then(() => null, (error) => error.statusCode);
  const created = data(await management.users.create({ connection: "Username-Password-Authentication", email,
    email_verified: false, verify_email: false, password: "random-1f8e7d6c5b4a", app_metadata: { invited: true } }));
  const id = created.user_id;
  const byId = (act, ...more) => (isSeven ? management.users[act](id, ...more) : management.users[act]({ id }, ...more));
  const changed = data(await byId("update", { user_metadata: { desk: "door" }, name: "Anna Berg" }));
  const byEmail = data(isSeven ? await management.users.listUsersByEmail({ email })
    : await management.usersByEmail.getByEmail({ email }));
  const listed = await everyone(() => (isSeven ? management.users.list() : management.users.getAll()));
  const question = { q: `email:"${email}"`, search_engine: "v3" };
  const found = await everyone(() => (isSeven ? management.users.list(question) : management.users.getAll(question)));
  // What happened to the person so far, and what is open to them: nothing.
  const log = await everyone(() => (isSeven ? management.users.logs.list(id) : management.users.getLogs({ id })));
  const known = await everyone(() => (isSeven ? management.logs.list({ per_page: 100 })
    : management.logs.getAll({ per_page: 100 })));
  const open = isSeven
    ? [await everyone(() => management.users.sessions.list(id)), await everyone(() => management.users.refreshToken.list(id)),
      await everyone(() => management.userGrants.list({ user_id: id }))]
    : [data(await management.users.getSessions({ user_id: id })).sessions,
      data(await management.users.getRefreshTokens({ user_id: id })).tokens,
      data(await management.grants.getAll({ user_id: id }))];
  const { ticket } = data(await management.tickets.changePassword({ user_id: id, client_id: clients.default.client_id,
    ttl_sec: 3600, mark_email_as_verified: true }));
  const applications = await everyone(() => (isSeven ? management.clients.list() : management.clients.getAll()));
  const ways = await everyone(() => (isSeven ? management.connections.list() : management.connections.getAll()));
  const twice = await failure(() => management.users.create({ connection: "Username-Password-Authentication", email,
    password: "random-1f8e7d6c5b4a" }));
  const unknown = await failure(() => (isSeven ? management.users.get("auth0|nobody")
    : management.users.get({ id: "auth0|nobody" })));
  const other = data(await management.users.create({ connection: "Username-Password-Authentication",
    email: `gone-${version}@example.org`, email_verified: true, password: "random-1f8e7d6c5b4a" }));
  if (isSeven) await management.users.delete(other.user_id); else await management.users.delete({ id: other.user_id });
  return { ticket, email, id, changed: [changed.user_metadata.desk, changed.name], byEmail: byEmail.map((user) => user.user_id),
    listed: listed.some((user) => user.user_id === id), found: found.map((user) => user.user_id),
    applications: applications.length, ways: ways.map((way) => way.name).sort(), twice, unknown,
    log: log.map((record) => record.type), logged: known.some((record) => record.user_id === id),
    open: open.map((list) => list.length) };
}

// As in Auth0's own dashboard: what express-openid-connect asks by default is given to clients that may have it, and a page
// signs in silently from an origin that was declared.
const { client_id: clientId, client_secret: clientSecret } = clients.backend;
const management = new seven.ManagementClient({ domain, clientId, clientSecret });
await management.clients.update(clients.default.client_id, { grant_types: ["implicit"] });
await management.clients.update(clients.page.client_id, { web_origins: [addresses.page] });

// A machine at an API: what it may, what it may not, and what is for somebody else.
async function machine() {
  await management.resourceServers.create({ identifier: calendar, name: "Calendar", allow_offline_access: true,
    scopes: [{ value: "read:dates" }] });
  const { id } = await management.resourceServers.create({ identifier: rooms, name: "Rooms", signing_alg: "RS256",
    token_dialect: "rfc9068_profile", scopes: [{ value: "read:rooms" }, { value: "delete:rooms" }] });
  await management.clientGrants.create({ client_id: clientId, audience: rooms, scope: ["read:rooms"] });
  const client = new four.AuthenticationClient({ domain, clientId, clientSecret });
  const token = async (audience) => (await client.oauth.clientCredentialsGrant({ audience })).data.access_token;
  const [mine, other] = [await token(rooms), await token(`${issuer}/api/v2/`)];
  const status = async (token, method = "GET") =>
    (await fetch(`${addresses.page}/rooms`, { method, headers: token ? { authorization: `Bearer ${token}` } : {} })).status;
  const named = await management.resourceServers.get(rooms);
  return { same: named.id === id, allowed: await status(mine), lacking: await status(mine, "DELETE"), other: await status(other),
    none: await status() };
}

console.log(JSON.stringify({ machine: await machine(), seven: await backend(7, seven.ManagementClient), four: await backend(4, four.ManagementClient) }));
