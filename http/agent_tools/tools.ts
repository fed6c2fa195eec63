/**
 * The tools that every agent has.
 *
 * @module
 */
import { addVersion } from "./add_version.ts";
import { applyPlan } from "./apply_plan.ts";
import { cancelJob } from "./cancel_job.ts";
import { deleteConsensus } from "./delete_consensus.ts";
import { getBatchResults } from "./get_batch_results.ts";
import { getJob } from "./get_job.ts";
import { getJobResult } from "./get_job_result.ts";
import { getModel } from "./get_model.ts";
import { getPlan } from "./get_plan.ts";
import { listJobs } from "./list_jobs.ts";
import { registerConsensus } from "./register_consensus.ts";
import { registerModel } from "./register_model.ts";
import { searchModels } from "./search_models.ts";
import { setAccess } from "./set_access.ts";
import { setDefaultVersion } from "./set_default_version.ts";
import { submitBatch } from "./submit_batch.ts";
import { submitJob } from "./submit_job.ts";
import type { AgentTool } from "./tool.ts";
import { verifyConsensus } from "./verify_consensus.ts";
import { waitForJob } from "./wait_for_job.ts";

/** In the order in which they are mostly called. */
export const AGENT_TOOLS: readonly AgentTool[] = [
  searchModels,
  getModel,
  submitJob,
  waitForJob,
  getJob,
  getJobResult,
  listJobs,
  cancelJob,
  submitBatch,
  getBatchResults,
  verifyConsensus,
  registerConsensus,
  deleteConsensus,
  registerModel,
  addVersion,
  setDefaultVersion,
  setAccess,
  getPlan,
  applyPlan,
];
