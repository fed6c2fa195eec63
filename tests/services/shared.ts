/**
 * The services that all tests of one run share. `deno task test` starts them and names them in the
 * environment; a test file run alone starts what it asks for, until its process ends.
 *
 * A test that harms a server (kills, fills, flushes) starts one of its own instead.
 *
 * @module
 */
import type { Availability, ServiceKind } from "./programs.ts";
import { availability, type Service, startService } from "./services.ts";

export type { Service } from "./services.ts";

const asked = new Map<ServiceKind, Promise<Service>>();

/**
 * Answers the shared service of a kind, or why there is none. Call it with a top-level await, so
 * that no test is blamed for the process it leaves running:
 *
 * ```ts
 * const redis = await sharedService("redis");
 * serviceTest(redis, "submit() is answered once it is stored", async (url) => { ... });
 * ```
 */
export function sharedService(kind: ServiceKind): Promise<Service> {
  let service = asked.get(kind);
  if (!service) {
    service = startService(kind, (name) => Deno.env.get(name)).then((started) => started.service);
    asked.set(kind, service);
  }
  return service;
}

/** Tells whether a test may start a server of its own of this kind. */
export function canStart(kind: ServiceKind): Promise<Availability> {
  return availability(kind, (name) => Deno.env.get(name));
}

/** Registers a test that starts servers of its own, or one that is skipped with the reason. */
export function testWhere(
  can: Availability,
  name: string,
  run: (context: Deno.TestContext) => void | Promise<void>,
): void {
  if (can.available) Deno.test(name, run);
  else Deno.test({ name: skippedName(name, can.reason), ignore: true, fn() {} });
}

/** Registers a test that needs a service; without it, one that is skipped with the reason. */
export function serviceTest(
  service: Service,
  name: string,
  run: (url: string, context: Deno.TestContext) => Promise<void>,
): void {
  if (service.available) Deno.test(name, (context) => run(service.url, context));
  else Deno.test({ name: skippedName(name, service.reason), ignore: true, fn() {} });
}

/** The name of a skipped test, from which the run's last lines take the reason. */
export function skippedName(name: string, reason: string): string {
  return `${name} [skipped: ${reason}]`;
}
