// All kinds of database in one file, so that PGlite is started once.
import { agentsContract } from "../contracts/agents_contract.ts";
import { backendUsesContract } from "../contracts/backend_uses_contract.ts";
import { databaseContract } from "../contracts/database_contract.ts";
import { registryContract } from "../contracts/registry_contract.ts";
import { versionUsesContract } from "../contracts/version_uses_contract.ts";
import { closePglite, pglite, postgres, sqlite } from "../contracts/registry_databases.ts";

for (const kind of [sqlite, pglite, postgres]) {
  databaseContract(kind);
  registryContract(kind);
  versionUsesContract(kind);
  backendUsesContract(kind);
  agentsContract(kind);
}

Deno.test.afterAll(closePglite);
