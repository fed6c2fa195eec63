/**
 * The settings of the OpenID provider that the gateway trusts.
 *
 * @module
 */
import { isTrusted } from "../http/oidc/issuer_keys.ts";
import { OIDC_ALGORITHMS, type OidcClient, type OidcSettings } from "../http/oidc/settings.ts";

/** Every setting of the provider, by the name it has here. */
export const OIDC_OPTIONS = {
  oidcIssuer: {
    flag: "oidc-issuer",
    env: "MODEL_GATEWAY_OIDC_ISSUER",
    value: "URL",
    help: "OpenID provider whose tokens are taken (default: API keys alone)",
  },
  oidcAudience: {
    flag: "oidc-audience",
    env: "MODEL_GATEWAY_OIDC_AUDIENCE",
    value: "NAMES",
    help: "audiences of bearer tokens, comma-separated (default: none are taken)",
  },
  oidcAlgorithms: {
    flag: "oidc-algorithms",
    env: "MODEL_GATEWAY_OIDC_ALGORITHMS",
    value: "NAMES",
    help: "algorithms that its tokens may be signed by (default: RS256)",
  },
  oidcClockSkew: {
    flag: "oidc-clock-skew",
    env: "MODEL_GATEWAY_OIDC_CLOCK_SKEW_SECONDS",
    value: "SECONDS",
    help: "how far its clock may be off (default: 30)",
  },
  oidcUserClaim: {
    flag: "oidc-user-claim",
    env: "MODEL_GATEWAY_OIDC_USER_CLAIM",
    value: "CLAIM",
    help: "claim with the user's name (default: sub)",
  },
  oidcTeamsClaim: {
    flag: "oidc-teams-claim",
    env: "MODEL_GATEWAY_OIDC_TEAMS_CLAIM",
    value: "CLAIM",
    help: "claim with the user's teams (default: groups)",
  },
  oidcSuperuser: {
    flag: "oidc-superuser",
    env: "MODEL_GATEWAY_OIDC_SUPERUSER",
    value: "CLAIM=VALUE",
    help: "whoever has the value in the claim is a superuser (default: nobody)",
  },
  oidcScopesClaim: {
    flag: "oidc-scopes-claim",
    env: "MODEL_GATEWAY_OIDC_SCOPES_CLAIM",
    value: "CLAIM",
    help: "claim with a bearer token's scopes (default: all its user may do)",
  },
  oidcClientId: {
    flag: "oidc-client-id",
    env: "MODEL_GATEWAY_OIDC_CLIENT_ID",
    value: "ID",
    help: "the gateway's own name there; with it, people sign in to the panel",
  },
  oidcClientSecret: {
    env: "MODEL_GATEWAY_OIDC_CLIENT_SECRET",
    value: "TEXT",
    help: "its secret there (default: a public client)",
  },
  oidcScope: {
    flag: "oidc-scope",
    env: "MODEL_GATEWAY_OIDC_SCOPE",
    value: "NAMES",
    help: "asked for at a sign-in, with spaces between (default: openid profile email)",
  },
  oidcName: {
    flag: "oidc-name",
    env: "MODEL_GATEWAY_OIDC_NAME",
    value: "TEXT",
    help: "what the sign-in page calls it (default: single sign-on)",
  },
  oidcSession: {
    flag: "oidc-session",
    env: "MODEL_GATEWAY_OIDC_SESSION_SECONDS",
    value: "SECONDS",
    help: "how long such a sign-in lasts, 43200 at most (default: 28800)",
  },
} as const;

type OidcOption = keyof typeof OIDC_OPTIONS;

/** What reads the given values, and notes what is wrong with them. */
export interface OidcReader {
  readonly problems: string[];
  text(name: OidcOption): string | undefined;
  list(name: OidcOption): string[] | undefined;
  integer(name: OidcOption, fallback: number, least: number, most: number): number;
}

/** Reads the provider's settings; undefined where no provider is trusted. */
export function readOidc(read: OidcReader): OidcSettings | undefined {
  const issuer = read.text("oidcIssuer");
  const given = (Object.keys(OIDC_OPTIONS) as OidcOption[]).filter((name) =>
    read.text(name) !== undefined
  );
  if (issuer === undefined) {
    if (given[0]) read.problems.push(`${OIDC_OPTIONS[given[0]].env} needs an OpenID issuer`);
    return undefined;
  }
  if (!isTrusted(issuer)) {
    read.problems.push(`${OIDC_OPTIONS.oidcIssuer.env}: expected a URL with https:`);
  }
  const client = readClient(read);
  const audiences = read.list("oidcAudience") ?? [];
  if (audiences.length === 0 && !client) {
    const { oidcAudience, oidcClientId } = OIDC_OPTIONS;
    read.problems.push(
      `${OIDC_OPTIONS.oidcIssuer.env} needs ${oidcAudience.env}, ${oidcClientId.env} or both`,
    );
  }
  const superuser = readSuperuser(read);
  const scopes = read.text("oidcScopesClaim");
  return {
    issuer,
    audiences,
    algorithms: readAlgorithms(read),
    clockSkewSeconds: read.integer("oidcClockSkew", 30, 0, 300),
    claims: {
      user: read.text("oidcUserClaim") ?? "sub",
      teams: read.text("oidcTeamsClaim") ?? "groups",
      ...(superuser && { superuser }),
      ...(scopes !== undefined && { scopes }),
    },
    ...(client && { client }),
  };
}

function readAlgorithms(read: OidcReader): string[] {
  const algorithms = read.list("oidcAlgorithms") ?? ["RS256"];
  const known: readonly string[] = OIDC_ALGORITHMS;
  // With HS256 the published key would be the secret; with none there is nothing to check.
  if (!algorithms.every((algorithm) => known.includes(algorithm))) {
    read.problems.push(`${OIDC_OPTIONS.oidcAlgorithms.env}: expected some of ${known.join(", ")}`);
  }
  return algorithms;
}

function readSuperuser(read: OidcReader): { claim: string; value: string } | undefined {
  const text = read.text("oidcSuperuser");
  if (text === undefined) return undefined;
  const at = text.lastIndexOf("=");
  if (at > 0 && at < text.length - 1) {
    return { claim: text.slice(0, at), value: text.slice(at + 1) };
  }
  read.problems.push(`${OIDC_OPTIONS.oidcSuperuser.env}: expected CLAIM=VALUE`);
  return undefined;
}

function readClient(read: OidcReader): OidcClient | undefined {
  const id = read.text("oidcClientId");
  if (id === undefined) return undefined;
  const secret = read.text("oidcClientSecret");
  const scope = read.text("oidcScope") ?? "openid profile email";
  if (!scope.split(" ").includes("openid")) {
    read.problems.push(`${OIDC_OPTIONS.oidcScope.env}: expected openid and more`);
  }
  return {
    id,
    ...(secret !== undefined && { secret }),
    scope,
    name: read.text("oidcName") ?? "single sign-on",
    sessionSeconds: read.integer("oidcSession", 8 * 3600, 60, 12 * 3600),
  };
}
