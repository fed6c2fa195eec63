/**
 * Checks of the store behind the audit trail: it must take a new object once, and give it back.
 *
 * @module
 */
import { ObjectStoreUnavailable } from "../../actors/object_store.ts";
import type { AuditTarget, Config } from "../../program/config.ts";
import { openAudit } from "../../program/stores.ts";
import { type Finding, Findings } from "./finding.ts";

/** No folder of its own, which would be left behind. */
const PREFIX = "doctor-";

/** Looks at the store by writing a small object beside the trail, and removing it. */
export async function checkAudit(config: Config): Promise<readonly Finding[]> {
  const findings = new Findings("audit");
  const { audit } = config;
  if (!audit) {
    findings.add(
      "store",
      "warning",
      "nothing is audited",
      "set MODEL_GATEWAY_AUDIT to s3://BUCKET/PREFIX or a folder (docs/audit.md)",
    );
    return findings.all;
  }
  await using stack = new AsyncDisposableStack();
  const store = openAudit(audit, stack);
  const key = `${PREFIX}${crypto.randomUUID()}`;
  const text = (word: string) => new TextEncoder().encode(word);
  const step = async (check: string, work: () => Promise<void>) => {
    try {
      await work();
      return true;
    } catch (error) {
      findings.add(check, "fault", reasonOf(error), adviceFor(reasonOf(error), audit));
      return false;
    }
  };
  const written = await step("write", async () => {
    await store.create(key, text("first"));
    findings.ok("write", nameOf(audit));
  });
  if (!written) return findings.all;
  await step("conditional write", async () => {
    const second = await store.create(key, text("second"));
    const now = new TextDecoder().decode(await store.read(key));
    findings.judge(
      "conditional write",
      second || now !== "first" ? "an object was written over" : "an object is written once",
      (second || now !== "first") && "fault",
      "use a store that honours If-None-Match: * (Amazon S3, MinIO, Ceph 19 or later): two " +
        "schedulers could else write over each other's batches",
    );
  });
  await step("list", async () => {
    const keys = await store.list(PREFIX, undefined, 1000);
    findings.judge(
      "list",
      keys.includes(key) ? "what was written is listed" : "what was written is not listed",
      !keys.includes(key) && "fault",
      "the store must list what it has at once: nothing may lag behind between",
    );
  });
  try {
    await store.remove(key);
    findings.ok("remove", "a retention can be kept");
  } catch (error) {
    const advice = `grant s3:DeleteObject where a retention is set, and remove ${key} by hand`;
    findings.add("remove", "warning", reasonOf(error), advice);
  }
  findings.judge(
    "signatures",
    config.auditKey === undefined ? "seals are not signed" : "seals are signed",
    config.auditKey === undefined && "warning",
    "set MODEL_GATEWAY_AUDIT_KEY: whoever can write to the store could else make the trail anew",
  );
  return findings.all;
}

function nameOf(audit: AuditTarget): string {
  return audit.kind === "folder" ? audit.folder : `s3://${audit.bucket}/${audit.prefix}`;
}

function reasonOf(error: unknown): string {
  const cause = error instanceof ObjectStoreUnavailable ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  return cause.message === "" ? cause.name : `${cause.name}: ${cause.message}`;
}

function adviceFor(reason: string, audit: AuditTarget): string {
  if (audit.kind === "folder") return `make ${audit.folder} a folder that this user may write to`;
  if (/NoSuchBucket|NotFound/.test(reason)) {
    return `make the bucket ${audit.bucket}, or correct MODEL_GATEWAY_AUDIT and AWS_REGION`;
  }
  if (/InvalidAccessKeyId|SignatureDoesNotMatch|Credentials/i.test(reason)) {
    return "correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the role of this machine";
  }
  if (/AccessDenied|Forbidden/.test(reason)) {
    return `grant s3:PutObject, s3:GetObject and s3:ListBucket on ${nameOf(audit)}`;
  }
  if (/NotImplemented/.test(reason)) {
    return "use a store that honours If-None-Match: * (docs/audit.md)";
  }
  return "look whether AWS_ENDPOINT_URL_S3 names the store, and whether it can be reached";
}
