// The next tokens, by the refresh token; the new access token has to be one that Guestlist knows.
import { auth0 } from "../../auth0.js";

export async function GET() {
  const before = await auth0.getAccessToken();
  const after = await auth0.getAccessToken({ refresh: true });
  if (before.token === after.token) return new Response("The same tokens");
  const answer = await fetch(new URL("/userinfo", process.env.AUTH0_DOMAIN),
    { headers: { authorization: `Bearer ${after.token}` } });
  return new Response(answer.ok ? `Next tokens for ${(await answer.json()).email}` : `Refused: ${answer.status}`);
}
