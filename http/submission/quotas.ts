/**
 * The step of a submission that holds it to quotas, and what it says of them: the fields `RateLimit`
 * and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-10. Costs one look where nobody has
 * a quota.
 *
 * @module
 */
import {
  QUOTA_LIMITS,
  type QuotaClaim,
  type QuotaLimits,
  type QuotaRefusal,
  type QuotaStanding,
  type QuotaUse,
  rateWindow,
} from "../../actors/quota_ledger.ts";
import type { Document } from "../../registry/document.ts";
import type { Model } from "../../registry/model.ts";
import { type Principal, subjectsOf } from "../../registry/principal.ts";
import type { Gateway } from "../gateway.ts";
import { Problem } from "../problem.ts";

const NONE: readonly QuotaClaim[] = [];
const DAY_SECONDS = 24 * 3600;

/** Answers the quotas that a submission counts against: of the user, the teams, the key, the model. */
export function quotasFor(
  { catalog }: Pick<Gateway, "catalog">,
  principal: Principal,
  { name }: Model,
): readonly QuotaClaim[] {
  const documents = catalog.documents("quota");
  if (documents.size === 0) return NONE;
  const claims: QuotaClaim[] = [];
  const add = (subject: string, exact: boolean) => {
    const document = documents.get(subject.toLowerCase());
    // Names of users and teams that differ in case alone are of different users and teams.
    if (!document || exact && document.name !== subject) return;
    claims.push({ subject: document.name, limits: limitsOf(document) });
  };
  for (const subject of subjectsOf(principal)) add(subject, true);
  if (principal.keyId !== undefined) add(`key:${principal.keyId}`, true);
  add(`model:${name}`, false);
  return claims;
}

/** The limits that a quota's document holds. */
export function limitsOf({ value }: Document): QuotaLimits {
  return value as QuotaLimits;
}

/** The fields that tell a caller how their quotas stand. */
export function quotaHeaders(
  claims: readonly QuotaClaim[],
  standing: QuotaStanding,
  now: number,
): Record<string, string> {
  const policies: string[] = [];
  const limits: string[] = [];
  claims.forEach(({ subject, limits: set }, i) => {
    for (const limit of QUOTA_LIMITS) {
      const quota = set[limit];
      if (quota === undefined) continue;
      const { policy, remaining, reset } = HEADERS[limit](quota, standing[i]!, now);
      const name = `"${subject};${limit}"`;
      policies.push(`${name};${policy}`);
      limits.push(`${name};r=${Math.max(0, Math.floor(remaining))}${reset}`);
    }
  });
  return { "ratelimit-policy": policies.join(", "), "ratelimit": limits.join(", ") };
}

interface HeaderParts {
  readonly policy: string;
  readonly remaining: number;
  readonly reset: string;
}

/** How each limit is told: its policy's parameters, what is left, and when there is more. */
const HEADERS: Readonly<
  Record<keyof QuotaLimits, (quota: number, use: QuotaUse, now: number) => HeaderParts>
> = {
  requestsPerSecond: (quota, { requests }) => {
    const { room, ms } = rateWindow(quota);
    const seconds = Math.ceil(ms / 1000);
    return { policy: `q=${room};w=${seconds}`, remaining: room - requests, reset: `;t=${seconds}` };
  },
  jobsInFlight: (quota, { jobsInFlight }) => ({
    policy: `q=${quota};qu="concurrent-requests"`,
    remaining: quota - jobsInFlight,
    reset: "",
  }),
  jobsPerDay: (quota, { jobsToday }, now) => ({
    policy: `q=${quota};w=${DAY_SECONDS}`,
    remaining: quota - jobsToday,
    reset: untilTomorrow(now),
  }),
  computeSecondsPerDay: (quota, { computeSecondsToday }, now) => ({
    policy: `q=${Math.floor(quota)};w=${DAY_SECONDS};qu="compute-seconds"`,
    remaining: quota - computeSecondsToday,
    reset: untilTomorrow(now),
  }),
};

function untilTomorrow(now: number): string {
  const seconds = now / 1000;
  return `;t=${Math.ceil(DAY_SECONDS - seconds % DAY_SECONDS)}`;
}

const WORDS: Readonly<Record<keyof QuotaLimits, string>> = {
  requestsPerSecond: "submissions in a second",
  jobsInFlight: "jobs in flight",
  jobsPerDay: "jobs today",
  computeSecondsPerDay: "compute seconds today",
};

/** The problem of a submission that a quota has no room for. */
export function limited(
  claims: readonly QuotaClaim[],
  { subject, limit, retryAfterMs, standing }: QuotaRefusal,
  now: number,
): Problem {
  const most = claims.find((claim) => claim.subject === subject)?.limits[limit];
  return new Problem("quota-exceeded", {
    detail: `${subject} may have ${most} ${WORDS[limit]}, and has; nothing was queued`,
    headers: {
      "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1000))),
      ...quotaHeaders(claims, standing, now),
    },
  });
}
