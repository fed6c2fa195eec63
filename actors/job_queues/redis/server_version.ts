/**
 * Which server answers, and what can be expected of it.
 *
 * @module
 */

export interface ServerVersion {
  readonly version: string;
  /** Whether a stream's lag can be trusted after a failover. */
  readonly lagSurvivesFailover: boolean;
}

/** Reads the reply to `INFO server`. */
export function serverVersionOf(info: string): ServerVersion {
  const valkey = /valkey_version:(\S+)/.exec(info)?.[1];
  if (valkey) return { version: `Valkey ${valkey}`, lagSurvivesFailover: parseFloat(valkey) >= 8 };
  const version = /redis_version:(\S+)/.exec(info)?.[1] ?? "0";
  return { version: `Redis ${version}`, lagSurvivesFailover: parseFloat(version) >= 7.4 };
}
