/**
 * What a route decided for one job, as it is kept in the job's record.
 *
 * @module
 */

/**
 * Which part of which route chose the version. The route as it was is in the feed of changes under
 * `revision`, so that the decision can be made again.
 */
export interface RouteDecision {
  /** The revision of the route's document. */
  readonly revision: number;
  /** What chose: a rule, the canary, the traffic split, or the model's default where none did. */
  readonly by: "rule" | "canary" | "split" | "default" | "shadow";
  /** The name of the rule, or its place in the list from 0. */
  readonly rule?: string;
  /** Where the key fell, 0 to 9,999; not set where chance or nothing of the kind decided. */
  readonly bucket?: number;
  /** The version that was chosen first and was not ready to answer. */
  readonly instead?: string;
  /** The job that this one is a copy of. */
  readonly copyOf?: string;
}
