// The one client of the application, as Auth0's guide has it.
import { Auth0Client } from "@auth0/nextjs-auth0/server";

// A domain with a port is taken only as a URL, and only with this leave; it is https all the same.
export const auth0 = new Auth0Client({ allowInsecureRequests: true });
