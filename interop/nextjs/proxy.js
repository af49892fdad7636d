// Every request passes here: the library answers below /auth, and keeps the session alive elsewhere.
import { auth0 } from "./auth0.js";

export const proxy = (request) => auth0.middleware(request);
