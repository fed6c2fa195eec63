/**
 * The kinds of backends that a process has.
 *
 * @module
 */
import type { Backend } from "../actors/backend.ts";
import { ChemistryBackend } from "../actors/backends/chemistry.ts";
import { CommandBackend } from "../actors/backends/command.ts";
import { EchoBackend } from "../actors/backends/echo.ts";
import { HttpBackend } from "../actors/backends/http.ts";
import { MlflowBackend } from "../actors/backends/mlflow.ts";
import { OpenInferenceBackend } from "../actors/backends/open_inference.ts";
import { RegisteredBackend } from "../actors/backends/registered.ts";
import type { BackendChecks } from "../http/gateway.ts";
import type { Catalog } from "../registry/catalog.ts";
import type { Config } from "./config.ts";

/** Model owners may name these variables in headers, and no others. */
const BACKEND_SECRETS = "BACKEND_";

/** Every backend by its kind. */
export interface Backends {
  readonly backends: ReadonlyMap<string, Backend>;
  readonly registered: RegisteredBackend;
}

/** Makes them, to be disposed of with the stack. */
export function makeBackends(
  config: Config,
  catalog: Catalog,
  stack: AsyncDisposableStack,
): Backends {
  const environment = (name: string) =>
    name.startsWith(BACKEND_SECRETS) ? Deno.env.get(name) : undefined;
  const service = {
    environment,
    ...(config.backendHosts ? { allowedHosts: config.backendHosts } : {}),
  };
  const services = [
    new HttpBackend(service),
    new OpenInferenceBackend(service),
    new MlflowBackend(service),
  ];
  const registered = new RegisteredBackend({
    catalog,
    kinds: new Map(services.map((backend) => [backend.kind, backend])),
    secrets: { environment, ...(config.backendSecrets ? { folder: config.backendSecrets } : {}) },
  });
  const backends: Backend[] = [
    new EchoBackend(),
    ...services,
    registered,
    new CommandBackend({ allowed: config.commands }),
    new ChemistryBackend(),
  ];
  for (const backend of backends) stack.use(backend);
  return { backends: new Map(backends.map((backend) => [backend.kind, backend])), registered };
}

/** What the gateway's routes ask of them. */
export function backendChecks({ backends, registered }: Backends): BackendChecks {
  return {
    kinds: () => [...backends.keys()],
    check: (reference) => backends.get(reference.kind)!.check(reference),
    states: (name) => registered.states(name),
    checkService: (backend) => registered.checkService(backend),
    answers: (reference) => reference.kind !== registered.kind || registered.answers(reference),
  };
}
