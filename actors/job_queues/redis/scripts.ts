/**
 * The Lua scripts, each one atomic step in a queue's slot. A script's own file states its keys,
 * arguments and returns; `library.lua` is put before each of those that work on a queue.
 *
 * A script says by its flags whether it may run when Redis is out of memory: what frees memory or
 * keeps a promise may, a submission may not and is refused before it has written anything.
 *
 * @module
 */
import { BUCKET_GROWTH } from "../../routing/cohort_times.ts";
import { COHORT_KEPT_MS, MAX_COHORT_MEMBERS, TIME_BOUNDS_MS } from "../../job_queue.ts";
import { USAGE_KEPT_DAYS } from "../../quota_ledger.ts";
import library from "./lua/library.lua" with { type: "text" };
import acquire from "./lua/acquire.lua" with { type: "text" };
import audited from "./lua/audited.lua" with { type: "text" };
import cancel from "./lua/cancel.lua" with { type: "text" };
import claim from "./lua/claim.lua" with { type: "text" };
import deliveriesDue from "./lua/deliveries_due.lua" with { type: "text" };
import deliveryAgain from "./lua/delivery_again.lua" with { type: "text" };
import deliveryRecord from "./lua/delivery_record.lua" with { type: "text" };
import drop from "./lua/drop.lua" with { type: "text" };
import handBack from "./lua/hand_back.lua" with { type: "text" };
import heartbeat from "./lua/heartbeat.lua" with { type: "text" };
import join from "./lua/join.lua" with { type: "text" };
import measure from "./lua/measure.lua" with { type: "text" };
import release from "./lua/release.lua" with { type: "text" };
import report from "./lua/report.lua" with { type: "text" };
import quotaDue from "./lua/quota_due.lua" with { type: "text" };
import quotaRelease from "./lua/quota_release.lua" with { type: "text" };
import quotaReserve from "./lua/quota_reserve.lua" with { type: "text" };
import quotaUse from "./lua/quota_use.lua" with { type: "text" };
import requeue from "./lua/requeue.lua" with { type: "text" };
import settle from "./lua/settle.lua" with { type: "text" };
import share from "./lua/share.lua" with { type: "text" };
import spending from "./lua/spending.lua" with { type: "text" };
import submit from "./lua/submit.lua" with { type: "text" };
import supervise from "./lua/supervise.lua" with { type: "text" };
import usage from "./lua/usage.lua" with { type: "text" };
import unaudited from "./lua/unaudited.lua" with { type: "text" };
import watch from "./lua/watch.lua" with { type: "text" };

const REFUSED_WHEN_FULL = "#!lua\n";
const ALLOWED_WHEN_FULL = "#!lua flags=allow-oom\n";
const BEFORE_ALL = `local BOUNDS = {${TIME_BOUNDS_MS.join(",")}}
local BUCKET_GROWTH, MAX_MEMBERS, COHORT_KEPT = ${BUCKET_GROWTH}, ${MAX_COHORT_MEMBERS}, ${COHORT_KEPT_MS}
local USAGE_KEPT = ${USAGE_KEPT_DAYS * 24 * 3600 * 1000}
`;

/** The text of every script by its name; with `auditLimit` steps to be audited, a queue is full. */
export function scripts(auditLimit: number) {
  const prelude = `${BEFORE_ALL}local AUDIT_LIMIT = ${auditLimit}\n${spending}${library}`;
  return {
    submit: REFUSED_WHEN_FULL + prelude + submit,
    claim: ALLOWED_WHEN_FULL + prelude + claim,
    settle: ALLOWED_WHEN_FULL + prelude + settle,
    heartbeat: ALLOWED_WHEN_FULL + prelude + heartbeat,
    report: REFUSED_WHEN_FULL + prelude + report,
    handBack: ALLOWED_WHEN_FULL + prelude + handBack,
    cancel: ALLOWED_WHEN_FULL + prelude + cancel,
    requeue: ALLOWED_WHEN_FULL + prelude + requeue,
    share: REFUSED_WHEN_FULL + prelude + share,
    watch: ALLOWED_WHEN_FULL + prelude + watch,
    acquire: ALLOWED_WHEN_FULL + prelude + acquire,
    release: ALLOWED_WHEN_FULL + prelude + release,
    supervise: ALLOWED_WHEN_FULL + prelude + supervise,
    deliveriesDue: ALLOWED_WHEN_FULL + prelude + deliveriesDue,
    deliveryRecord: ALLOWED_WHEN_FULL + prelude + deliveryRecord,
    deliveryAgain: ALLOWED_WHEN_FULL + prelude + deliveryAgain,
    measure: ALLOWED_WHEN_FULL + prelude + measure,
    drop: ALLOWED_WHEN_FULL + prelude + drop,
    unaudited: ALLOWED_WHEN_FULL + prelude + unaudited,
    audited: ALLOWED_WHEN_FULL + prelude + audited,
    usage: ALLOWED_WHEN_FULL + prelude + usage,
    quotaReserve: REFUSED_WHEN_FULL + quotaReserve,
    quotaRelease: ALLOWED_WHEN_FULL + quotaRelease,
    quotaDue: ALLOWED_WHEN_FULL + quotaDue,
    quotaUse: ALLOWED_WHEN_FULL + quotaUse,
    join: ALLOWED_WHEN_FULL + join,
  };
}

export type ScriptName = keyof ReturnType<typeof scripts>;
