// Who is signed in, as the library's session says.
import { auth0 } from "../auth0.js";

export default async function Page() {
  const session = await auth0.getSession();
  return session
    ? <><p>Hello {session.user.email}</p><a href="/auth/logout">Sign out here</a></>
    : <><p>Nobody is signed in here</p><a href="/auth/login">Sign in here</a></>;
}
