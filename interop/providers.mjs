// The providers that Guestlist's tests meet, each as its authors publish it: npm `emulate` for Google, GitHub, Microsoft,
// Apple and Okta, and npm `oidc-provider` for OpenID Connect to the letter.
//
//   node providers.mjs REDIRECT_URI
//
// All listen on loopback, on ports that are free. Once they do, one line of JSON says where; they end when standard
// input does. Two people are known everywhere: Anna, whose address the provider verified, and Olga, whose address it did
// not, where it can say so.

import { createEmulator } from 'emulate'
import Provider from 'oidc-provider'
import { createServer } from 'node:http'

// Standard output is for the one line alone; whoever reads it need not read on.
console.log = console.info = console.error

const redirectUri = process.argv[2]
if (!redirectUri) throw new Error('say the redirect URI')

const anna = { email: 'anna@example.org', name: 'Anna Berg', given_name: 'Anna', family_name: 'Berg' }
const olga = { email: 'olga@example.org', name: 'Olga Nord', given_name: 'Olga', family_name: 'Nord' }
const client = { client_id: 'guestlist', client_secret: 'guestlist-secret', name: 'Guestlist', redirect_uris: [redirectUri] }

/** A port nobody listens on: asked of the system, since the emulators want to be told one. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1')
    server.once('error', reject)
    server.once('listening', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

async function emulated(service, seed) {
  const port = await freePort()
  const baseUrl = `http://127.0.0.1:${port}`
  await createEmulator({ service, port, baseUrl, seed: { [service]: seed } })
  return baseUrl
}

const google = () => emulated('google', { users: [anna, { ...olga, email_verified: false }], oauth_clients: [client] })

const github = () =>
  emulated('github', {
    users: [
      { login: 'anna', name: anna.name, email: anna.email },
      { login: 'olga', name: olga.name, email: olga.email },
    ],
    oauth_apps: [client],
  })

const otherTenant = '72f988bf-86f1-41af-91ab-2d7cd011db47'
const microsoft = () =>
  emulated('microsoft', { users: [anna, { ...olga, tenant_id: otherTenant }], oauth_clients: [client] })

const apple = () =>
  emulated('apple', {
    users: [anna, { ...olga, is_private_email: true }],
    oauth_clients: [{ ...client, team_id: 'TEAM000001' }],
  })

const okta = () =>
  emulated('okta', {
    users: [
      { login: anna.email, email: anna.email, first_name: 'Anna', last_name: 'Berg' },
      { login: olga.email, email: olga.email, first_name: 'Olga', last_name: 'Nord' },
    ],
    oauth_clients: [{ ...client, auth_server_id: 'default' }],
  })

/** To the letter: PKCE required, `iss` in the answer, Basic form-encoded. Its own development pages ask for a log-in name. */
async function openid() {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const people = { anna: { ...anna, email_verified: true }, olga: { ...olga, email_verified: false } }
  const provider = new Provider(issuer, {
    clients: [{ client_id: client.client_id, client_secret: client.client_secret, redirect_uris: [redirectUri] }],
    claims: { email: ['email', 'email_verified'], profile: ['name', 'given_name', 'family_name'] },
    conformIdTokenClaims: false,
    findAccount: (_, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
    pkce: { required: () => true },
  })
  provider.on('server_error', (_, error) => console.error(error))
  provider.listen(port, '127.0.0.1')
  return issuer
}

const [googleUrl, githubUrl, microsoftUrl, appleUrl, oktaUrl, openidUrl] = await Promise.all(
  [google, github, microsoft, apple, okta, openid].map((start) => start()),
)
const places = {
  google: googleUrl,
  github: githubUrl,
  microsoft: microsoftUrl,
  apple: appleUrl,
  okta: oktaUrl,
  openid: openidUrl,
}
process.stdout.write(`${JSON.stringify(places)}\n`)
process.stdin.resume().once('end', () => process.exit(0))
